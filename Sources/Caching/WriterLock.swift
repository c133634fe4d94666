import Foundation

/// Keeps two processes from making the same file at once: an advisory lock on `<file>.lock`, which is removed with it. The
/// system frees the lock of a process that dies.
struct WriterLock: ~Copyable {
    private let path: String
    private let descriptor: Int32

    /// Waits until the lock is free.
    ///
    /// - Parameters:
    ///   - onWait: called once if another process has it.
    ///   - shouldStop: asked while waiting.
    /// - Throws: `CachingError.interrupted` if asked to stop.
    static func acquire(
        for file: String, onWait: () -> Void, shouldStop: () -> Bool
    ) throws(CachingError) -> WriterLock {
        let path = file + ".lock"
        var hasWaited = false
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            // A folder that cannot be written is reported by what is written next, with its reason.
            guard descriptor >= 0 else { return WriterLock(path: path, descriptor: -1) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                if isSameFile(descriptor, path) { return WriterLock(path: path, descriptor: descriptor) }
                // Its last owner removed it between our opening and our locking.
                close(descriptor)
                continue
            }
            let isBusy = errno == EWOULDBLOCK || errno == EINTR
            close(descriptor)
            // Some network file systems have no locks: then the user sees to it.
            guard isBusy else { return WriterLock(path: path, descriptor: -1) }
            if !hasWaited { onWait() }
            hasWaited = true
            if shouldStop() { throw .interrupted }
            usleep(200_000)
        }
    }

    private static func isSameFile(_ descriptor: Int32, _ path: String) -> Bool {
        var opened = stat()
        var named = stat()
        return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino
            && opened.st_dev == named.st_dev
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        guard descriptor >= 0 else { return }
        unlink(path)
        close(descriptor)
    }
}
