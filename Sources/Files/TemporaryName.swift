import Foundation
import Synchronization

/// Files appear under their final name whole or not at all: they are written under a temporary name in the same folder,
/// flushed to the disk, then renamed. `AtomicFile` does all of it; this is for libraries that open their files
/// themselves.
package enum TemporaryName {
    /// A name that no other process and no other call uses: `<path>.partial-<host>-<pid>-<count>`.
    package static func make(for path: String) -> String {
        let count = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(path)\(marker)\(hostName)-\(getpid())-\(count)"
    }

    /// Whether a file's name is one that `make` gives.
    package static func isTemporary(_ name: String) -> Bool { name.contains(marker) }

    /// Gives a finished temporary file its final name, once its bytes are on the disk.
    ///
    /// - Throws: `WriteFailure`; the temporary file is then gone, and what was under `path` before is still there.
    package static func publish(_ temporary: String, as path: String) throws(WriteFailure) {
        guard flush(temporary) else {
            let reason = lastSystemError()
            unlink(temporary)
            throw WriteFailure(path: path, reason: reason)
        }
        try rename(temporary, to: path)
    }

    /// Removes the temporary files that processes which no longer live have left for `path`.
    ///
    /// Only files named by this host are looked at (another machine's processes cannot be asked), and only if no
    /// process has the number any more: a number used again keeps the file, which costs space and nothing else.
    package static func removeStale(for path: String) {
        let folder = folder(of: path)
        let prefix = (path as NSString).lastPathComponent + marker + hostName + "-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let parts = name.dropFirst(prefix.count).split(separator: "-")
            guard parts.count == 2, let process = pid_t(parts[0]), process > 0, process != getpid() else { continue }
            guard kill(process, 0) == -1, errno == ESRCH else { continue }
            unlink((folder as NSString).appendingPathComponent(name))
        }
    }

    /// Renames a file whose bytes are on the disk already, and flushes the folder that now names it.
    static func rename(_ temporary: String, to path: String) throws(WriteFailure) {
        guard Foundation.rename(temporary, path) == 0 else {
            let reason = lastSystemError()
            unlink(temporary)
            throw WriteFailure(path: path, reason: reason)
        }
        // Some file systems cannot flush a folder; the rename itself has happened, so that is no failure.
        _ = flush(folder(of: path))
    }

    static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    /// - Returns: false with the reason in `errno`.
    private static func flush(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        let status = fsync(descriptor)
        let reason = errno
        close(descriptor)
        errno = reason
        return status == 0
    }

    private static let counter = Atomic<Int>(0)
    private static let marker = ".partial-"
    private static let hostName = ProcessInfo.processInfo.hostName.filter { $0 != "/" }
}
