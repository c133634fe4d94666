import Foundation

/// Keeps two processes from making the same thing at once: an advisory lock on `<path>.lock`, which is removed with it. The
/// system frees the lock of a process that dies.
package struct FileLock: ~Copyable {
    private let path: String
    private let descriptor: Int32

    /// Waits until the lock is free.
    ///
    /// - Parameters:
    ///   - target: the file or folder that is to be made; its own folder must be there.
    ///   - onWait: called once if another process has it.
    ///   - shouldStop: asked while waiting.
    /// - Returns: nil if asked to stop.
    package static func acquire(
        for target: String, onWait: () -> Void, shouldStop: () -> Bool
    ) -> FileLock? {
        let path = target + ".lock"
        var hasWaited = false
        while true {
            var descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            // Another user's, in a folder that a group shares: to lock a file takes no right to write it.
            if descriptor < 0, errno == EACCES { descriptor = open(path, O_RDONLY | O_CLOEXEC) }
            // A folder that cannot be written is reported by what is written next, with its reason.
            guard descriptor >= 0 else { return FileLock(path: path, descriptor: -1) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                if isSameFile(descriptor, path) { return FileLock(path: path, descriptor: descriptor) }
                // Its last owner removed it between our opening and our locking.
                close(descriptor)
                continue
            }
            let isBusy = errno == EWOULDBLOCK || errno == EINTR
            close(descriptor)
            // Some network file systems have no locks: then the user sees to it.
            guard isBusy else { return FileLock(path: path, descriptor: -1) }
            if !hasWaited { onWait() }
            hasWaited = true
            if shouldStop() { return nil }
            usleep(200_000)
        }
    }

    /// Whether a living process has the lock at this moment: for showing, not for deciding.
    package static func isHeld(for target: String) -> Bool {
        let descriptor = open(target + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
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
        unlockAndClose(descriptor)
    }
}

/// Unlocked by name: a process that another thread is starting has the descriptor, and with it the lock, until it is another program.
package func unlockAndClose(_ descriptor: Int32) {
    flock(descriptor, LOCK_UN)
    close(descriptor)
}
