import Foundation

/// When a file was last written, as Make sees it: a link's is that of the file that it leads to.
struct FileTime: Sendable, Comparable {
    /// Before any file's.
    static let past = FileTime(seconds: .min)
    /// After any file's.
    static let future = FileTime(seconds: .max)

    private let seconds: Int
    private let nanoseconds: Int

    private init(seconds: Int) {
        self.seconds = seconds
        nanoseconds = 0
    }

    /// Nil where there is no such file, or a link that leads nowhere.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
    }

    static func < (one: FileTime, other: FileTime) -> Bool {
        (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
    }
}
