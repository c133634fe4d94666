import Files
import Foundation

/// A corpus's folder. Names are found whatever the case of their letters: releases differ, and some file systems fold them.
struct CorpusFolder {
    let path: String

    /// - Throws: `AdapterError.missing` if there is no such folder.
    init(_ path: String, expected: String) throws(AdapterError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw .missing(path: path, expected: expected)
        }
        self.path = path
    }

    /// The first of these relative paths that is there, as it is written on the disk.
    func first(of candidates: [String]) -> String? {
        for candidate in candidates {
            var found = path
            let isThere = candidate.split(separator: "/").allSatisfy { component in
                let names = CorpusFolder.names(in: found)
                let exact = names.first { $0 == component }
                guard let name = exact ?? names.first(where: { $0.lowercased() == component.lowercased() }) else {
                    return false
                }
                found += "/\(name)"
                return true
            }
            if isThere { return found }
        }
        return nil
    }

    /// In alphabetical order. Hidden ones are left out: archives made on a Mac are full of `._` files.
    static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Every file below with this extension, by its name without it; of two of one name, the first by path.
    static func files(below folder: String, withExtension suffix: String) -> [String: String] {
        let paths = FolderTree.files(below: folder).filter {
            // A link to nothing must not stand before a file.
            $0.lowercased().hasSuffix(".\(suffix)") && FileManager.default.fileExists(atPath: "\(folder)/\($0)")
        }
        let named = paths.map { (String(PathParts($0).name.dropLast(suffix.count + 1)), "\(folder)/\($0)") }
        return Dictionary(named) { first, _ in first }
    }
}

/// `audio/a.wav` → `audio/a`; a name without a dot is left as it is.
func withoutExtension(_ path: String) -> String {
    let name = PathParts(path).name
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
    return String(path.dropLast(name.distance(from: dot, to: name.endIndex)))
}
