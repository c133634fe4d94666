import Synchronization

/// Keeps freed buffers for requests to come, so that a training step maps no memory: the system clears every page that it gives, which
/// took a seventh of a step of which the last had other lengths.
///
/// Sizes are rounded up to one of four classes per power of two, which wastes at most a quarter. A request takes a freed buffer of its
/// class or else the smallest that is up to twice as large: then batches of other lengths live in what the longest so far left. What is
/// kept is bounded by the most that was ever in use at once and a half more, and where there is a limit, by what that leaves, in which
/// case buffers of other classes serve nobody, so that no more is in use than was asked for.
public final class BufferPool: Sendable {
    private struct State {
        /// Those freed first lead.
        var free: [Block] = []
        var freeBytes = 0
        var usedBytes = 0
        var peakBytes = 0

        mutating func takeFree(from size: Int, upTo largest: Int) -> Block? {
            var found: Int?
            // The latest is the likeliest to be in the processor's caches.
            for index in free.indices.reversed() {
                let count = free[index].bytes.count
                if count == size {
                    found = index
                    break
                }
                guard count > size, count <= largest else { continue }
                if found.map({ count < free[$0].bytes.count }) ?? true { found = index }
            }
            guard let found else { return nil }
            freeBytes -= free[found].bytes.count
            return free.remove(at: found)
        }

        mutating func use(_ byteCount: Int) {
            usedBytes += byteCount
            peakBytes = max(peakBytes, usedBytes)
        }

        /// Takes out what was freed longest ago, until no more than so many bytes are left in all.
        mutating func dropFree(above total: Int) -> [Block] {
            var count = 0
            while count < free.count, usedBytes + freeBytes > total {
                freeBytes -= free[count].bytes.count
                count += 1
            }
            guard count > 0 else { return [] }
            defer { free.removeFirst(count) }
            return Array(free.prefix(count))
        }
    }
    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: bytes; above it nothing is kept that is not in use.
    public init(limit: Int = .max) { self.limit = limit }

    /// A buffer of at least `byteCount` bytes; contents are undefined.
    public func buffer(byteCount: Int) -> AlignedBuffer {
        let size = Self.sizeClass(byteCount)
        let (reused, dropped): (Block?, [Block]) = state.withLock { state in
            if let block = state.takeFree(from: size, upTo: limit == .max ? 2 * size : size) {
                state.use(block.bytes.count)
                return (block, [])
            }
            state.use(size)
            return (nil, state.dropFree(above: limit))
        }
        _ = consume dropped  // freed here, outside the lock
        return AlignedBuffer(block: reused ?? Block(byteCount: size), pool: self)
    }

    /// One of `byteCount` bytes, not rounded up to a class, which goes back to the system when it is freed: for what stays.
    public func exactBuffer(byteCount: Int) -> AlignedBuffer {
        let block = Block(byteCount: byteCount)
        let dropped = state.withLock { state in
            state.use(block.bytes.count)
            return state.dropFree(above: limit)
        }
        _ = consume dropped  // freed here, outside the lock
        return AlignedBuffer(block: block, pool: self)
    }

    /// The most bytes that were in use at once.
    public var peakBytes: Int { state.withLock { $0.peakBytes } }

    func take(back block: Block) {
        let dropped: [Block] = state.withLock { state in
            state.usedBytes -= block.bytes.count
            guard Self.sizeClass(block.bytes.count) == block.bytes.count else { return [] }
            state.free.append(block)
            state.freeBytes += block.bytes.count
            return state.dropFree(above: min(state.peakBytes + state.peakBytes / 2, limit))
        }
        _ = consume dropped  // freed here, outside the lock
    }

    /// What a request of `byteCount` bytes takes.
    package static func sizeClass(_ byteCount: Int) -> Int {
        guard byteCount > 4096 else { return max(64, (byteCount + 63) & ~63) }
        let step = 1 << (Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount - 2)
        return (byteCount + step - 1) / step * step
    }
}
