import Foundation

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

    /// Writes `csvText()` to a file, whole or not at all: to a temporary name in the same folder, flushed, then
    /// renamed.
    /// - Throws: `ManifestError.cannotWrite`.
    public func write(to path: String) throws(ManifestError) {
        let temporary = "\(path).\(getpid()).tmp"
        do {
            try Data(csvText().utf8).write(to: URL(filePath: temporary))
            let file = try FileHandle(forWritingTo: URL(filePath: temporary))
            try file.synchronize()
            try file.close()
        } catch {
            unlink(temporary)
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
        if rename(temporary, path) != 0 {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw .cannotWrite(path: path, reason: reason)
        }
    }
}
