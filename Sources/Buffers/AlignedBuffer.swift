import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Memory on a cache-line boundary, owned; it goes back to its pool, or to the system, when the last reference is gone.
public final class AlignedBuffer: Sendable {
    private let block: Block
    private let pool: BufferPool?

    public var bytes: UnsafeMutableRawBufferPointer { block.bytes }

    /// - Parameter byteCount: rounded up to whole cache lines; contents are undefined.
    public convenience init(byteCount: Int) {
        self.init(block: Block(byteCount: byteCount), pool: nil)
    }

    fileprivate init(block: Block, pool: BufferPool?) {
        self.block = block
        self.pool = pool
    }

    deinit { pool?.take(back: block) }
}

/// One allocation.
///
/// This is the project's one `@unchecked Sendable`: the bytes are shared, and whoever writes them must be alone with them. The
/// engines keep that rule by writing only to matrices that they were handed as outputs.
private final class Block: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        let rounded = max(64, (byteCount + 63) & ~63)
        // Large blocks lie on huge pages where the system offers them: the products walk whole matrices.
        let alignment = rounded >= 1 << 21 ? 1 << 21 : 64
        bytes = .allocate(byteCount: rounded, alignment: alignment)
        if alignment > 64 { _ = madvise(bytes.baseAddress, bytes.count, MADV_HUGEPAGE) }
    }

    deinit { bytes.deallocate() }
}

/// Keeps freed buffers for the next request of about the same size, so that a training step maps no memory.
///
/// Sizes are rounded up to one of four classes per power of two: at most a quarter is wasted, and batches of slightly
/// different shapes share buffers. What is kept is bounded by the most that was ever in use at once, and where there is a limit, by
/// what that leaves.
public final class BufferPool: Sendable {
    private struct State {
        var free: [Int: [Block]] = [:]
        var freeBytes = 0
        var usedBytes = 0
        var peakBytes = 0

        mutating func takeFree() -> [Int: [Block]] {
            defer { (free, freeBytes) = ([:], 0) }
            return free
        }
    }
    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: bytes; above it nothing is kept that is not in use.
    public init(limit: Int = .max) { self.limit = limit }

    /// A buffer of at least `byteCount` bytes; contents are undefined.
    public func buffer(byteCount: Int) -> AlignedBuffer {
        let size = Self.sizeClass(byteCount)
        let (reused, dropped): (Block?, [Int: [Block]]) = state.withLock { state in
            state.usedBytes += size
            state.peakBytes = max(state.peakBytes, state.usedBytes)
            if let block = state.free[size]?.popLast() {
                state.freeBytes -= size
                return (block, [:])
            }
            return (nil, state.freeBytes + state.usedBytes > limit ? state.takeFree() : [:])
        }
        _ = consume dropped  // freed here, outside the lock
        return AlignedBuffer(block: reused ?? Block(byteCount: size), pool: self)
    }

    /// One of `byteCount` bytes, not rounded up to a class, which goes back to the system when it is freed: for what stays.
    public func exactBuffer(byteCount: Int) -> AlignedBuffer {
        let block = Block(byteCount: byteCount)
        let dropped: [Int: [Block]] = state.withLock { state in
            state.usedBytes += block.bytes.count
            state.peakBytes = max(state.peakBytes, state.usedBytes)
            return state.freeBytes + state.usedBytes > limit ? state.takeFree() : [:]
        }
        _ = consume dropped  // freed here, outside the lock
        return AlignedBuffer(block: block, pool: self)
    }

    /// The most bytes that were in use at once.
    public var peakBytes: Int { state.withLock { $0.peakBytes } }

    fileprivate func take(back block: Block) {
        let dropped: [Int: [Block]] = state.withLock { state in
            state.usedBytes -= block.bytes.count
            guard Self.sizeClass(block.bytes.count) == block.bytes.count else { return [:] }
            state.free[block.bytes.count, default: []].append(block)
            state.freeBytes += block.bytes.count
            guard state.freeBytes + state.usedBytes > min(state.peakBytes * 3 / 2, limit) else { return [:] }
            return state.takeFree()
        }
        _ = dropped  // freed here, outside the lock
    }

    /// What a request of `byteCount` bytes takes.
    package static func sizeClass(_ byteCount: Int) -> Int {
        guard byteCount > 4096 else { return max(64, (byteCount + 63) & ~63) }
        let step = 1 << (Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount - 2)
        return (byteCount + step - 1) / step * step
    }
}
