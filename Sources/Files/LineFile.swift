import Foundation

/// A file that grows by whole lines.
package enum LineFile {
    /// Appends one line and flushes it to the disk. A torn line that an interruption left at the end is cut off first,
    /// so that it cannot run into the new one. Of processes that append at the same time, each has its turn.
    package static func append(_ line: Data, to path: String) throws(WriteFailure) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw WriteFailure(path: path, reason: lastSystemError()) }
        defer { unlockAndClose(descriptor) }
        // Some network file systems have no locks: then the user sees to it.
        while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
        guard let end = endOfLastWholeLine(descriptor), ftruncate(descriptor, end) == 0,
            lseek(descriptor, end, SEEK_SET) == end
        else { throw WriteFailure(path: path, reason: lastSystemError()) }
        try writeAll((line + [newline]).bytes, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw WriteFailure(path: path, reason: lastSystemError()) }
    }

    private static let newline = UInt8(ascii: "\n")

    /// Just after the last newline, looked for from the end, block by block; nil with the reason in `errno`.
    private static func endOfLastWholeLine(_ descriptor: Int32) -> off_t? {
        var end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { return nil }
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while end > 0 {
            let start = max(0, end - off_t(block.count))
            var count = 0
            while count < Int(end - start) {
                let wanted = Int(end - start) - count
                let got = block.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress! + count, wanted, start + off_t(count))
                }
                if got < 0, errno == EINTR { continue }
                if got < 0 { return nil }
                if got == 0 { break }  // somebody else cut the file; what was read counts
                count += got
            }
            if let last = block[..<count].lastIndex(of: newline) { return start + off_t(last) + 1 }
            end = start
        }
        return 0
    }
}
