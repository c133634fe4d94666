import Faults
import Files
import Foundation

/// A corpus: which recordings there are, who speaks in them, which split they belong to, and their labels.
///
/// A CSV file (UTF-8, RFC 4180) whose header names the columns `id, path, split, speaker`, in any order, and then any
/// others. `path` is relative to the manifest's folder and stays inside it. An empty label cell means "unlabelled for
/// that dimension", and an empty speaker, or `unknown`, that nobody knows who speaks. Columns `start` and `end`, if they are
/// there, say in seconds which part of the file a row is; an empty `start` is the file's beginning, an empty `end` its end.
public struct CorpusManifest: Sendable, Equatable {
    /// The manifest's own path, as it was given.
    public let path: String
    /// In file order.
    public let columns: [String]
    /// In file order.
    public let utterances: [Utterance]

    /// The columns every manifest has.
    public static let requiredColumns = ["id", "path", "split", "speaker"]

    /// The columns that a manifest of parts of files has beside them.
    public static let segmentColumns = ["start", "end"]

    /// What no label and no group can be called.
    static let reservedColumns = requiredColumns + segmentColumns

    public init(path: String, columns: [String], utterances: [Utterance]) {
        self.path = path
        self.columns = columns
        self.utterances = utterances
    }

    /// The columns that can serve as labels: beyond the reserved ones, with at least one cell filled, and every filled
    /// cell a finite number. (An `age` column is one too: which labels are meant, the user says.)
    public var labelColumns: [String] {
        columns.filter { column in
            guard !CorpusManifest.reservedColumns.contains(column) else { return false }
            let filled = utterances.lazy.compactMap { $0.cells[column] }.filter { !$0.isEmpty }
            return !filled.isEmpty && filled.allSatisfy { finiteNumber($0) != nil }
        }
    }

    /// Reads and checks a whole manifest before anything is computed from it.
    ///
    /// - Parameters:
    ///   - path: a CSV file in UTF-8, with a header and a row per utterance; audio paths are relative to its folder.
    ///   - labels: columns whose filled cells must be finite numbers; nil leaves labels uninterpreted.
    /// - Throws: `ManifestError.invalid` with every mistake of the file at once; `.missing`, `.unreadable`, `.empty`
    ///   or `.notUTF8` when it cannot be read as text at all.
    public static func load(_ path: String, labels: [String]? = nil) throws(ManifestError) -> CorpusManifest {
        let bytes = try readManifest(path)
        let (rows, mistakes) = CommaSeparated.parse(bytes)
        guard let header = rows.first else {
            if mistakes.isEmpty { throw .empty(path: path) }
            throw .invalid(path: path, problems: mistakes.map { .init(line: $0.line, message: $0.message) })
        }
        var checker = ManifestChecker(manifestPath: path, header: header)
        checker.problems += mistakes.map { .init(line: $0.line, message: $0.message) }
        checker.checkHeader()
        for row in rows.dropFirst() { checker.check(row) }
        if rows.count == 1, checker.problems.isEmpty {
            checker.report(header.line, "only a header; expected a row per utterance")
        }
        let manifest = CorpusManifest(path: path, columns: header.cells, utterances: checker.utterances)
        if let labels {
            checker.problems += labelProblems(
                labels, columns: header.cells, headerLine: header.line, rows: checker.labelledRows)
        }
        try throwIfAny(checker.problems, path)
        return manifest
    }

    /// Checks that every filled cell of these columns is a finite number.
    /// - Throws: `ManifestError.invalid` with every cell that is not, and every column that does not exist.
    public func validateLabels(_ columns: [String]) throws(ManifestError) {
        let rows = utterances.map { (line: $0.line, id: $0.id, cells: $0.cells) }
        let problems = CorpusManifest.labelProblems(columns, columns: self.columns, headerLine: 1, rows: rows)
        try CorpusManifest.throwIfAny(problems, path)
    }

    static func throwIfAny(_ problems: [ManifestError.Problem], _ path: String) throws(ManifestError) {
        guard !problems.isEmpty else { return }
        // Swift's sort is stable in practice but not by contract: the order of discovery breaks ties.
        let ordered = problems.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
        throw .invalid(path: path, problems: ordered.map(\.element))
    }

    private static func labelProblems(
        _ labels: [String], columns: [String], headerLine: Int, rows: [(line: Int, id: String, cells: [String: String])]
    ) -> [ManifestError.Problem] {
        var problems: [ManifestError.Problem] = []
        for label in labels where !columns.contains(label) || reservedColumns.contains(label) {
            let candidates = columns.filter { !reservedColumns.contains($0) }
            let listed = candidates.isEmpty ? "there is none" : "the columns are " + candidates.joined(separator: ", ")
            let hint = nearestName(to: label, among: candidates).map { "; did you mean \($0)?" } ?? ""
            problems.append(.init(line: headerLine, message: "no label column '\(label)'; \(listed)\(hint)"))
        }
        for row in rows {
            for label in labels {
                guard let cell = row.cells[label], !cell.isEmpty, finiteNumber(cell) == nil,
                    !reservedColumns.contains(label)
                else { continue }
                let expected = "expected a finite number, or nothing when unlabelled"
                problems.append(
                    .init(
                        line: row.line,
                        message: "\(label) of '\(printable(row.id))' is '\(printable(cell))'; \(expected)"))
            }
        }
        return problems
    }
}

/// The manifest's bytes, known to be UTF-8 and not empty.
private func readManifest(_ path: String) throws(ManifestError) -> [UInt8] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { throw .missing(path: path) }
    guard !isDirectory.boolValue else {
        throw .unreadable(path: path, reason: "it is a folder; give the manifest's file, such as \(path)/manifest.csv")
    }
    let data: Data
    do {
        data = try Data(contentsOf: URL(filePath: path))
    } catch {
        throw .unreadable(path: path, reason: error.localizedDescription)
    }
    let bytes = [UInt8](data)
    if bytes.allSatisfy({ $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }) || bytes == [0xEF, 0xBB, 0xBF] {
        throw .empty(path: path)
    }
    if String(validating: bytes, as: UTF8.self) == nil {
        let bad = firstInvalidByte(bytes)
        let before = bytes[..<bad]
        let line = 1 + before.count { $0 == 0x0A }
        let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
        throw .notUTF8(path: path, line: line, byte: bad - lineStart + 1)
    }
    return bytes
}

/// Where UTF-8 decoding first fails; only asked when it does.
private func firstInvalidByte(_ bytes: [UInt8]) -> Int {
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var position = 0
    while case .valid(let scalar) = decoder.parseScalar(from: &iterator) { position += scalar.count }
    return position
}
