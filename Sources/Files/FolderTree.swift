import Foundation

/// What lies below a folder.
package enum FolderTree {
    /// The paths of all files at any depth, relative to the folder, in their order.
    ///
    /// Links are followed, to folders too; where one leads back to a folder that it lies in, it ends. Names that begin with a dot are left
    /// out: archives made on a Mac are full of `._` files. A link to nothing counts as a file: who opens it says what is wrong.
    package static func files(below folder: String) -> [String] {
        var found: [String] = []
        collect(folder, prefix: "", above: [], into: &found)
        return found.sorted()
    }

    /// A folder, whatever path led to it.
    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// - Parameters:
    ///   - folder: where it lies.
    ///   - prefix: of the paths of what is in it.
    ///   - above: the folders that the way here went through.
    ///   - found: gets the paths.
    private static func collect(_ folder: String, prefix: String, above: Set<Identity>, into found: inout [String]) {
        var status = stat(), above = above
        guard stat(folder, &status) == 0,
            above.insert(Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))).inserted
        else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                collect(path, prefix: "\(prefix)\(name)/", above: above, into: &found)
            } else {
                found.append(prefix + name)
            }
        }
    }
}
