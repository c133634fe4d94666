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

    init(block: Block, pool: BufferPool?) {
        self.block = block
        self.pool = pool
    }

    deinit { pool?.take(back: block) }
}

/// One allocation.
///
/// This is the project's one `@unchecked Sendable`: the bytes are shared, and whoever writes them must be alone with them. The
/// engines keep that rule by writing only to matrices that they were handed as outputs.
final class Block: @unchecked Sendable {
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
