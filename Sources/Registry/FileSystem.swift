import Foundation

/// Where a file lies.
package enum FileSystem {
    /// Whether other machines may have the same files open, as far as the kernel's name for the file system tells.
    static func isNetworked(_ folder: String) -> Bool {
        var status = stat()
        guard stat(folder, &status) == 0, let mounts = FileManager.default.contents(atPath: "/proc/self/mountinfo")
        else { return false }
        return type(of: UInt64(status.st_dev), in: String(decoding: mounts, as: UTF8.self)).map(isNetworked(type:))
            ?? false
    }

    /// The name of the file system on a device.
    /// - Parameters:
    ///   - device: as `stat` has it.
    ///   - mounts: `/proc/self/mountinfo`: lines like `36 35 0:45 / /home rw,noatime shared:1 - nfs4 server:/home rw`.
    /// - Source: proc(5); glibc's sys/sysmacros.h for the halves of a device's number.
    package static func type(of device: UInt64, in mounts: String) -> String? {
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & ~0xff
        for line in mounts.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 4, words[2] == "\(major):\(minor)", let dash = words.firstIndex(of: "-") else {
                continue
            }
            return words.dropFirst(dash + 1).first.map(String.init)
        }
        return nil
    }

    package static func isNetworked(type: String) -> Bool { networked.contains(type) || type.hasPrefix("fuse") }

    private static let networked: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "lustre", "gpfs", "beegfs", "ocfs2", "gfs2",
        "glusterfs", "pvfs2", "virtiofs",
    ]
}
