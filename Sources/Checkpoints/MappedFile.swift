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

    func bytes(_ range: Range<Int>) -> [UInt8] { withBytes(range) { Array($0) } }
}
