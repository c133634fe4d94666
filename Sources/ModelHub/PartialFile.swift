import Files
import Foundation

/// A file that is being fetched, under a name of its own that outlives the process: `<final name>.fetching-<commit>`. What
/// has come is gone on with; the final name appears with the whole, verified file.
///
/// One process at a time has it: it is locked as long as the value lives.
final class PartialFile {
    let path: String
    private let finalPath: String
    private let descriptor: Int32
    private(set) var byteCount: Int

    /// - Throws: `HubError.busy` if another process has it; `.cannotWrite`.
    init(for finalPath: String, commit: String) throws(HubError) {
        let path = PartialFile.path(for: finalPath, commit: commit)
        PartialFile.removeOthers(for: finalPath, but: path)
        let mode = 0o644 & TemporaryName.modeMask(for: finalPath)
        while true {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
            guard descriptor >= 0 else { throw .cannotWrite(path: finalPath, reason: lastSystemError()) }
            // Some network file systems have no locks: then the user sees to it.
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
                close(descriptor)
                throw .busy(path: path)
            }
            var opened = stat(), named = stat()
            guard fstat(descriptor, &opened) == 0, stat(path, &named) == 0, opened.st_ino == named.st_ino else {
                // Its last owner gave it its final name between our opening and our locking.
                unlockAndClose(descriptor)
                continue
            }
            self.path = path
            self.finalPath = finalPath
            self.descriptor = descriptor
            byteCount = Int(opened.st_size)
            return
        }
    }

    deinit { unlockAndClose(descriptor) }

    private static let marker = ".fetching-"

    private static func path(for finalPath: String, commit: String) -> String {
        finalPath + marker + commit.prefix(12)
    }

    /// Bytes that have come already.
    static func keptByteCount(for finalPath: String, commit: String) -> Int {
        var status = stat()
        return stat(path(for: finalPath, commit: commit), &status) == 0 ? Int(status.st_size) : 0
    }

    /// Of other commits, unless somebody is at them.
    private static func removeOthers(for finalPath: String, but path: String) {
        let place = PathParts(finalPath)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: place.folder)) ?? []
        where name.hasPrefix(place.name + marker) && "\(place.folder)/\(name)" != path {
            let descriptor = open("\(place.folder)/\(name)", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink("\(place.folder)/\(name)") }
            unlockAndClose(descriptor)
        }
    }

    func append(_ data: Data) throws(HubError) {
        try writing(as: HubError.self) { () throws(WriteFailure) in
            try writeAll(data.bytes, to: descriptor, path: finalPath)
        }
        byteCount += data.count
    }

    /// Begins again, with nothing.
    func restart() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0 else { throw .cannotWrite(path: path, reason: lastSystemError()) }
        byteCount = 0
    }

    /// Gives it its final name.
    func publish() throws(HubError) {
        try writing(as: HubError.self) { () throws(WriteFailure) in
            try TemporaryName.publish(path, as: finalPath)
        }
    }

    /// Removes it.
    func discard() { unlink(path) }
}
