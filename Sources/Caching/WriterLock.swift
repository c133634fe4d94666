import Files

/// One process at a time makes a file of a cache.
enum WriterLock {
    /// Waits until no other process makes `file`.
    /// - Throws: `CachingError.interrupted` if asked to stop.
    static func acquire(
        for file: String, onWait: () -> Void, shouldStop: () -> Bool
    ) throws(CachingError) -> FileLock {
        guard let lock = FileLock.acquire(for: file, onWait: onWait, shouldStop: shouldStop) else { throw .interrupted }
        return lock
    }
}
