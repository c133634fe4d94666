import Files

extension CorpusManifest {
    /// The manifest as text again: the same columns in the same order, a row per utterance, LF line ends, cells quoted
    /// where RFC 4180 asks for it. `load` reads it back to the same columns and cells.
    public func csvText() -> String {
        var text = CommaSeparated.row(columns)
        for utterance in utterances {
            text += CommaSeparated.row(columns.map { utterance.cells[$0] ?? "" })
        }
        return text
    }

    /// Writes `csvText()` to a file, whole or not at all.
    /// - Throws: `ManifestError.cannotWrite`.
    public func write(to path: String) throws(ManifestError) {
        try writing(as: ManifestError.self) { () throws(WriteFailure) in try AtomicFile.write(csvText(), to: path) }
    }
}
