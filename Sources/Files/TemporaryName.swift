import Foundation
import Synchronization

/// Files appear under their final name whole or not at all: they are written under a temporary name in the same folder,
/// flushed to the disk, then renamed. `AtomicFile` does all of it; this is for libraries that open their files
/// themselves.
///
/// Why that order, if the power goes between any two of its system calls:
///
/// 1. `open`, `write` … under the temporary name. What a crash leaves has a name that no reader takes, and the final name
///    means what it meant before.
/// 2. `fsync` of the file. Before it, the bytes may be in memory only, while the rename may already be on the disk: many file
///    systems write names before contents, and the final name would mean a file of zeros or of no length.
/// 3. `rename`. It swaps the name at one stroke; after a crash the name means the old file or the new one, both whole.
/// 4. `fsync` of the folder. Before it, the crash may take the new name back. Only then may the caller remove what the new
///    file replaces, such as segments whose rows a shard now has, or count the work as done.
///
/// `fsync` through a descriptor opened after the writing also flushes, and reports, what other descriptors wrote.
package enum TemporaryName {
    /// A name that no other process and no other call uses: `<path>.partial-<host>-<pid>-<count>`.
    package static func make(for path: String) -> String {
        let count = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(path)\(marker)\(hostName)-\(getpid())-\(count)"
    }

    /// Whether a file's name is one that `make` gives.
    package static func isTemporary(_ name: String) -> Bool { name.contains(marker) }

    /// The permissions that a file made for `path` may have: those of the file that it replaces, where there is one. Who has
    /// closed a file to others finds it closed after it was written anew.
    package static func modeMask(for path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o777
    }

    /// Takes from a file that a library has just created what `modeMask(for:)` does not allow.
    package static func restrictMode(of temporary: String, for path: String) {
        var status = stat()
        let mask = modeMask(for: path)
        // A file that cannot be asked or changed is one that the library could not write either.
        guard stat(temporary, &status) == 0, status.st_mode & 0o777 & ~mask != 0 else { return }
        chmod(temporary, status.st_mode & mask)
    }

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
    ///
    /// - Parameters:
    ///   - path: the final name.
    ///   - andWhatFollows: whether also for files whose names go on after `path`'s with a dot, as those of a shard's segments do.
    package static func removeStale(for path: String, andWhatFollows: Bool = false) {
        let folder = folder(of: path)
        let name = PathParts(path).name
        for found in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard let range = found.range(of: marker + hostName + "-") else { continue }
            let final = found[..<range.lowerBound]
            guard final == name || andWhatFollows && final.hasPrefix(name + ".") else { continue }
            let parts = found[range.upperBound...].split(separator: "-")
            guard parts.count == 2, let process = pid_t(parts[0]), process > 0, process != getpid() else { continue }
            guard kill(process, 0) == -1, errno == ESRCH else { continue }
            unlink("\(folder)/\(found)")
        }
    }

    /// Renames a file whose bytes are on the disk already, and flushes the folder that now names it.
    static func rename(_ temporary: String, to path: String) throws(WriteFailure) {
        guard Foundation.rename(temporary, path) == 0 else {
            let reason = lastSystemError()
            unlink(temporary)
            throw WriteFailure(path: path, reason: reason)
        }
        try flushFolder(of: path)
    }

    /// Puts on the disk that the folder has `path`: a new or renamed file, or a new folder.
    ///
    /// - Throws: `WriteFailure` if the disk fails or is full. That a file system cannot flush folders, or that this one may
    ///   not be read, is no failure: the name is there, and nothing more can be done for it.
    package static func flushFolder(of path: String) throws(WriteFailure) {
        guard !flush(folder(of: path)), [EIO, ENOSPC, EDQUOT].contains(errno) else { return }
        throw WriteFailure(path: path, reason: lastSystemError())
    }

    static func folder(of path: String) -> String { PathParts(path).folder }

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
