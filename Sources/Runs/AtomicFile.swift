import Foundation
import Glibc

/// Files that are either whole or not there.
///
/// Everything goes to a temporary name in the same folder, is flushed to the disk, and is then renamed over the final
/// name, so that neither an interruption nor a full disk leaves something half-written that a later step would take
/// for whole.
package enum AtomicFile {
    /// Writes `bytes` as the whole of the file at `path`, making the folders above it.
    package static func write(_ bytes: Data, to path: String) throws(RunError) {
        try makeFolder(folder(of: path))
        let temporary = "\(folder(of: path))/.\(name(of: path)).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: lastProblem()) }
        do throws(RunError) {
            try writeAll(bytes, to: descriptor, path: path)
            guard fsync(descriptor) == 0 else { throw .cannotWrite(path: path, reason: lastProblem()) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        // A network file system may report a failed write only here.
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let reason = lastProblem()
            unlink(temporary)
            throw .cannotWrite(path: path, reason: reason)
        }
    }

    package static func write(_ text: String, to path: String) throws(RunError) {
        try write(Data(text.utf8), to: path)
    }

    /// Writes only where the content differs from what is there, so that the modification time means "changed" to
    /// Make.
    /// - Returns: whether anything was written.
    @discardableResult
    package static func writeIfChanged(_ text: String, to path: String) throws(RunError) -> Bool {
        if let old = FileManager.default.contents(atPath: path), old == Data(text.utf8) { return false }
        try write(text, to: path)
        return true
    }

    /// Appends one line and flushes it to the disk. A torn line that an interruption left at the end is cut off
    /// first, so that it cannot run into the new one.
    package static func append(line: Data, to path: String) throws(RunError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: lastProblem()) }
        defer { close(descriptor) }
        guard let existing = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path: path, reason: lastProblem())
        }
        let newline = UInt8(ascii: "\n")
        let wholeByteCount = existing.lastIndex(of: newline).map { $0 + 1 } ?? 0
        guard ftruncate(descriptor, off_t(wholeByteCount)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw .cannotWrite(path: path, reason: lastProblem())
        }
        try writeAll(line + [newline], to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw .cannotWrite(path: path, reason: lastProblem()) }
    }

    package static func read(_ path: String, advice: String) throws(RunError) -> Data {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path, advice: advice) }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    package static func makeFolder(_ path: String) throws(RunError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    private static func writeAll(_ bytes: Data, to descriptor: Int32, path: String) throws(RunError) {
        let bytes = [UInt8](bytes)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(path: path, reason: lastProblem()) }
            written += count
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    private static func lastProblem() -> String { String(cString: strerror(errno)) }
}
