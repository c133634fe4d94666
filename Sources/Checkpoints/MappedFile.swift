#if canImport(Glibc)
    import Glibc
#endif

/// A file's bytes, mapped into memory read-only and unmapped when the last copy goes.
struct MappedFile: Sendable {
    private enum Contents: Sendable {
        case mapping(Mapping)
        case memory([UInt8])
    }

    let path: String
    private let contents: Contents

    init(_ path: String) throws(CheckpointError) {
        self.path = path
        contents = .mapping(try Mapping(path))
    }

    /// Bytes that are in memory already, as a file's.
    init(path: String, bytes: [UInt8]) {
        self.path = path
        contents = .memory(bytes)
    }

    var count: Int {
        switch contents {
        case .mapping(let mapping): mapping.bytes.count
        case .memory(let bytes): bytes.count
        }
    }

    /// - Precondition: `range` lies inside the file.
    func withBytes<Result, Failure>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        switch contents {
        case .mapping(let mapping):
            defer { mapping.release(range) }
            return try body(UnsafeRawBufferPointer(rebasing: mapping.bytes[range]))
        case .memory(let bytes):
            return try bytes.span.bytes.withUnsafeBytes { (all) throws(Failure) in
                try body(UnsafeRawBufferPointer(rebasing: all[range]))
            }
        }
    }

    /// Whether float32 elements that begin there can be read in place.
    func holdsAlignedFloats(_ range: Range<Int>) -> Bool {
        withBytes(range.lowerBound..<range.lowerBound) {
            Int(bitPattern: $0.baseAddress).isMultiple(of: MemoryLayout<Float>.alignment)
        }
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

/// The pages of one file.
private final class Mapping: Sendable {
    // Read-only from the beginning to the end.
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    init(_ path: String) throws(CheckpointError) {
        func failure(_ number: Int32 = errno) -> CheckpointError {
            .unreadable(path: path, reason: String(cString: strerror(number)))
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(EISDIR) }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw failure()
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    /// Lets go of the pages of a large range that was read: whoever did has taken what they need, and the file's pages should not
    /// count beside it. Reading them again costs little, since the system still has them.
    func release(_ range: Range<Int>) {
        guard range.count >= 1 << 20, let start = bytes.baseAddress else { return }
        let page = Int(getpagesize())
        let first = (range.lowerBound + page - 1) / page * page, end = range.upperBound / page * page
        if first < end { madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED) }
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
