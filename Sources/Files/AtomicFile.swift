import Foundation

/// A file being written under a temporary name next to its own. It gets its name in `commit()`, once its bytes are on
/// the disk, and otherwise goes away: neither an interruption nor a full disk leaves something half-written that a
/// later step would take for whole.
///
/// The file's mode is 0644 as far as the process's umask and the file that it replaces allow.
package struct AtomicFile: ~Copyable {
    package let path: String
    private let temporary: String
    private var descriptor: Int32

    /// Begins a file, after removing what dead processes left of it.
    package init(_ path: String) throws(WriteFailure) {
        self.path = path
        TemporaryName.removeStale(for: path)
        temporary = TemporaryName.make(for: path)
        descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644 & TemporaryName.modeMask(for: path))
        if descriptor < 0 { throw WriteFailure(path: path, reason: lastSystemError()) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    package mutating func write(_ bytes: RawSpan) throws(WriteFailure) {
        try writeAll(bytes, to: descriptor, path: path)
    }

    /// Flushes to the disk, then renames: whoever sees the name sees the whole file.
    package consuming func commit() throws(WriteFailure) {
        guard fsync(descriptor) == 0 else { throw WriteFailure(path: path, reason: lastSystemError()) }
        let closed = close(descriptor)
        descriptor = -1
        // A network file system may report a failed write only here.
        guard closed == 0 else {
            let reason = lastSystemError()
            unlink(temporary)
            throw WriteFailure(path: path, reason: reason)
        }
        try TemporaryName.rename(temporary, to: path)
    }
}

extension AtomicFile {
    /// Writes `data` to `path`, replacing what is there.
    ///
    /// With `makingFolders`, the folders above are made where they are not there.
    package static func write(_ data: Data, to path: String, makingFolders: Bool = false) throws(WriteFailure) {
        if makingFolders { try makeFolder(TemporaryName.folder(of: path)) }
        var file = try AtomicFile(path)
        try file.write(data.bytes)
        try file.commit()
    }

    package static func write(_ text: String, to path: String, makingFolders: Bool = false) throws(WriteFailure) {
        try write(Data(text.utf8), to: path, makingFolders: makingFolders)
    }

    /// Writes only where the content differs from what is there, so that the modification time means "changed" to
    /// Make.
    /// - Returns: whether anything was written.
    @discardableResult
    package static func writeIfChanged(
        _ text: String, to path: String, makingFolders: Bool = false
    ) throws(WriteFailure) -> Bool {
        if let old = FileManager.default.contents(atPath: path), old == Data(text.utf8) { return false }
        try write(text, to: path, makingFolders: makingFolders)
        return true
    }
}

/// Makes a folder and those above it, where they are not there.
package func makeFolder(_ path: String) throws(WriteFailure) {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw WriteFailure(path: path, reason: error.localizedDescription)
    }
}

/// Writes every byte, going on where a signal or a short write stopped.
package func writeAll(_ bytes: RawSpan, to descriptor: Int32, path: String) throws(WriteFailure) {
    let failure: WriteFailure? = bytes.withUnsafeBytes { buffer in
        var rest = buffer
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress!, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return WriteFailure(path: path, reason: lastSystemError()) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return nil
    }
    if let failure { throw failure }
}
