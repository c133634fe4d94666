import Foundation
import Synchronization

/// Files appear under their final name whole or not at all: they are written under a temporary name in the same folder,
/// flushed to the disk, then renamed.
public enum AtomicFile {
    /// Writes `data` to `path`, replacing what is there.
    ///
    /// - Throws: `StoreError.cannotWrite`; what was under `path` before is then still there.
    public static func write(_ data: Data, to path: String) throws(StoreError) {
        let temporary = temporaryPath(for: path)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, detail: errorText()) }
        let failure: String? = data.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return errorText() }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
            return nil
        }
        close(descriptor)
        guard failure == nil else {
            unlink(temporary)
            throw .cannotWrite(path: path, detail: failure!)
        }
        try publish(temporary, as: path)
    }

    /// Gives a finished temporary file its final name, once its bytes are on the disk.
    ///
    /// - Throws: `StoreError.cannotWrite`; the temporary file is then gone.
    public static func publish(_ temporary: String, as path: String) throws(StoreError) {
        do throws(StoreError) {
            try synchronise(temporary)
            guard rename(temporary, path) == 0 else { throw StoreError.cannotWrite(path: path, detail: errorText()) }
        } catch {
            unlink(temporary)
            throw error
        }
        // Some file systems cannot flush a folder; the rename itself has happened, so that is no failure.
        try? synchronise((path as NSString).deletingLastPathComponent)
    }

    private static func synchronise(_ path: String) throws(StoreError) {
        let descriptor = open(path.isEmpty ? "." : path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, detail: errorText()) }
        let status = fsync(descriptor)
        let detail = errorText()
        close(descriptor)
        guard status == 0 else { throw .cannotWrite(path: path, detail: detail) }
    }

    // MARK: - Temporary names

    private static let counter = Atomic<Int>(0)

    /// A name that no other process and no other call uses: `<path>.partial-<host>-<pid>-<count>`.
    static func temporaryPath(for path: String) -> String {
        let count = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(path)\(marker)\(hostName)-\(getpid())-\(count)"
    }

    private static let marker = ".partial-"
    private static let hostName = ProcessInfo.processInfo.hostName.filter { $0 != "/" }

    /// Removes the temporary files that processes which no longer live have left for `path`.
    ///
    /// Only files named by this host are looked at (another machine's processes cannot be asked), and only if no process
    /// has the number any more: a number used again keeps the file, which costs space and nothing else.
    public static func removeStale(for path: String) {
        let folder = (path as NSString).deletingLastPathComponent
        let prefix = (path as NSString).lastPathComponent + marker + hostName + "-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let parts = name.dropFirst(prefix.count).split(separator: "-")
            guard parts.count == 2, let process = pid_t(parts[0]), process > 0, process != getpid() else { continue }
            guard kill(process, 0) == -1, errno == ESRCH else { continue }
            unlink((folder as NSString).appendingPathComponent(name))
        }
    }
}

func errorText() -> String { String(cString: strerror(errno)) }
