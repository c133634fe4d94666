import Faults

/// What a corpus says where the names of its files are to stay where they are: paths often name people, dates and places.
extension CorpusManifest {
    /// The same corpus with `withheld-1`, `withheld-2` … in the place of its paths, numbered in the order in which files
    /// first appear. Parts of one file keep one name, and what is withheld already stays as it is.
    public func withholdingPaths() -> CorpusManifest {
        var nameOfPath: [String: String] = [:]
        let utterances = utterances.map { row in
            let name = nameOfPath[row.path] ?? "withheld-\(nameOfPath.count + 1)"
            nameOfPath[row.path] = name
            return Utterance(
                id: row.id, path: name, audioPath: row.audioPath, segment: row.segment, split: row.split,
                speaker: row.speaker, cells: row.cells.merging(["path": name]) { $1 }, line: row.line)
        }
        return CorpusManifest(path: path, columns: columns, utterances: utterances)
    }
}

extension Utterance {
    /// What names the utterance in a message that is not to name its file.
    public var nameWithoutPath: String { "utterance '\(printable(id))'" }

    /// A message about the utterance's file, with `nameWithoutPath` in the place of the path.
    public func withoutPath(_ message: String) -> String {
        message.replacing(audioPath, with: nameWithoutPath)
    }
}
