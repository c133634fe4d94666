import Foundation

/// A regular file open for reading at any place; closed when the last reference goes.
final class RandomAccessFile {
    let length: Int
    private let descriptor: Int32

    /// - Throws: `AudioError.missing`, `.unreadable`, or `.empty` for a file of no bytes.
    init(_ path: String) throws(AudioError) {
        // Without O_NONBLOCK, opening a named pipe waits for somebody to write into it.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            guard code != ENOENT, code != ENOTDIR else { throw .missing(path: path) }
            throw .unreadable(path: path, reason: String(cString: strerror(code)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .unreadable(path: path, reason: String(cString: strerror(code)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            throw .unreadable(path: path, reason: isFolder ? "it is a folder" : "it is no regular file")
        }
        guard status.st_size > 0 else {
            close(descriptor)
            throw .empty(path: path)
        }
        length = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills the buffer from `offset` on.
    /// - Returns: how many bytes there were; fewer than asked for at the file's end, or where it cannot be read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var count = 0
        while count < buffer.count {
            let got = pread(descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(offset + count))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            count += got
        }
        return count
    }

    /// As many of these bytes as there are.
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            initialised = offset >= 0 ? read(into: UnsafeMutableRawBufferPointer(buffer), at: offset) : 0
        }
    }
}
