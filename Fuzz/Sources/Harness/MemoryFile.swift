import Foundation

/// A file for readers that want a path, one for the whole process, in the temporary folder. `scripts/fuzz.sh` has that
/// in memory and removes it afterwards, since a fuzzer may end at any moment.
public enum MemoryFile {
    public static let path = NSTemporaryDirectory() + "input-\(getpid())"

    private static let descriptor: Int32 = {
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "\(path): \(String(cString: strerror(errno)))")
        return descriptor
    }()

    /// Makes these the file's bytes.
    public static func hold(_ bytes: UnsafeRawBufferPointer) {
        precondition(ftruncate(descriptor, 0) == 0)
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(written))
            precondition(count > 0, "pwrite: \(String(cString: strerror(errno)))")
            written += count
        }
    }
}
