import Foundation

/// Bytes that the user may still write where `path` is or will be; nil if the file system does not say.
package func freeDiskBytes(at path: String) -> Int? {
    var folder = path
    var status = statvfs()
    while statvfs(folder, &status) != 0 {
        guard errno == ENOENT, folder != "/", folder != "." else { return nil }
        folder = PathParts(folder).folder
    }
    // Some file systems in user space answer with zeros.
    return status.f_blocks > 0 ? Int(status.f_bavail) * Int(status.f_frsize) : nil
}
