/// A path's last component and what is before it, as `basename` and `dirname` have them.
///
/// Our own rather than `NSString`'s: that of Swift 6.3's Foundation on Linux stops the program on a path of one letter.
package struct PathParts: Equatable {
    /// `.` for a bare name.
    package let folder: String
    package let name: String

    package init(_ path: String) {
        // Of slashes at the end, and of several in a row, the first is enough; of a path of slashes, one is the root.
        let trimmed = PathParts.withoutSlashes(path[...])
        guard !trimmed.isEmpty else {
            (folder, name) = path.isEmpty ? (".", "") : ("/", "/")
            return
        }
        guard let slash = trimmed.lastIndex(of: "/") else {
            (folder, name) = (".", String(trimmed))
            return
        }
        let parent = PathParts.withoutSlashes(trimmed[..<slash])
        folder = parent.isEmpty ? "/" : String(parent)
        name = String(trimmed[trimmed.index(after: slash)...])
    }

    /// The path of another file in the same folder.
    package func sibling(_ name: String) -> String {
        switch folder {
        case ".": name
        case "/": "/\(name)"
        default: "\(folder)/\(name)"
        }
    }

    private static func withoutSlashes(_ path: Substring) -> Substring {
        var path = path
        while path.last == "/" { path.removeLast() }
        return path
    }
}
