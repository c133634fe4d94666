import Files

extension CorpusManifest {
    /// The columns whose values can tell groups of utterances apart: `speaker`, and every one beyond the reserved.
    public var groupColumns: [String] {
        columns.filter { $0 == "speaker" || !CorpusManifest.reservedColumns.contains($0) }
    }

    /// Checks that utterances can be grouped by these columns.
    /// - Throws: `ManifestError.invalid`, naming every column that is not there and the nearest that is.
    public func validateGroups(_ names: [String]) throws(ManifestError) {
        let candidates = groupColumns
        let problems = names.filter { !candidates.contains($0) }.map { name in
            let hint = nearestName(to: name, among: candidates).map { "; did you mean \($0)?" } ?? ""
            return ManifestError.Problem(
                line: 1,
                message: "no column '\(name)' to score by; the columns are \(candidates.joined(separator: ", "))\(hint)"
            )
        }
        try CorpusManifest.throwIfAny(problems, path)
    }
}
