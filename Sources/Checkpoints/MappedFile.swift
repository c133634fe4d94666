import Foundation

/// A file's bytes, mapped into memory read-only and unmapped when the last copy goes.
struct MappedFile: Sendable {
    let path: String
    private let data: Data

    init(_ path: String) throws(CheckpointError) {
        self.path = path
        do {
            data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    /// Bytes that are in memory already, as a file's.
    init(path: String, bytes: [UInt8]) {
        self.path = path
        data = Data(bytes)
    }

    var count: Int { data.count }

    /// - Precondition: `range` lies inside the file.
    func withBytes<Result, Failure>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= data.count)
        // `Data` rethrows untyped: carry the outcome out instead.
        var outcome: Swift.Result<Result, Failure>?
        data.withUnsafeBytes { bytes in
            outcome = Swift.Result { () throws(Failure) in try body(UnsafeRawBufferPointer(rebasing: bytes[range])) }
        }
        return try outcome!.get()
    }

    /// Whether float32 elements that begin there can be read in place.
    func holdsAlignedFloats(_ range: Range<Int>) -> Bool {
        withBytes(range) { Int(bitPattern: $0.baseAddress).isMultiple(of: MemoryLayout<Float>.alignment) }
    }

    /// Calls `body` with the range's elements as they lie in the file.
    /// - Precondition: `holdsAlignedFloats(range)`, and `range` holds whole elements.
    func withFloats<Outcome>(
        _ range: Range<Int>, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        try withBytes(range) { (bytes) throws(CheckpointError) in
            // Mapped bytes have no type yet, and nobody reads them as another while `body` runs.
            try body(bytes.bindMemory(to: Float.self).span)
        }
    }

    func bytes(_ range: Range<Int>) -> [UInt8] { withBytes(range) { Array($0) } }
}
