import Corpus
import Faults
import Files
import Foundation
import Parquet

/// A table of labels: a CSV file, UTF-8, with a header, before which lines that begin with `#` are comments; or a Parquet file
/// (`init(parquet:required:needed:)`). Cells are taken without the spaces around them.
struct LabelTable {
    struct Row {
        var origin: Origin
        /// By column.
        var cells: [String: String]
    }

    let path: String
    /// Those that have a name.
    let columns: [String]
    /// What to say of those that have none, and are therefore left out; nil where all have one.
    private(set) var unnamedColumns: String?
    private(set) var rows: [Row] = []
    /// Lines that are no row of this table.
    private(set) var faults: [CorpusFinding] = []

    /// - Parameters:
    ///   - known: columns that are found whatever the case of their letters.
    ///   - required: of those, the ones that must be there.
    /// - Throws: `AdapterError.missing`, `.unreadable`, or `.malformed` for text that is not UTF-8, and for a header that has no such
    ///   columns or one of them twice.
    init(path: String, known: [String] = [], required: [String] = [], expected: String) throws(AdapterError) {
        self.path = path
        let bytes = try readLabelFile(path, expected: expected)
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformed(path: path, line: nil, message: "is not UTF-8 text; save it as UTF-8")
        }
        let (records, mistakes) = CommaSeparated.parse(bytes)
        faults = mistakes.map { CorpusFinding(.label, Origin(file: path, line: $0.line), $0.message) }
        // Below the header, what begins so is a row: a file may well be called #12.wav.
        let lines = records.drop { $0.cells[0].first == "#" }
        guard let header = lines.first else {
            throw .malformed(path: path, line: nil, message: "is empty; expected a header and a line per utterance")
        }
        let names = header.cells.map { cell in
            let name = cell.trimmingCharacters(in: .whitespaces)
            return known.first { $0.lowercased() == name.lowercased() } ?? name
        }
        // pandas writes its index under no name, spreadsheets whole columns of nothing: no manifest can have those.
        let named = names.indices.filter { !names[$0].isEmpty }
        columns = named.map { names[$0] }
        let unnamed = names.indices.filter { names[$0].isEmpty }.map { "\($0 + 1)" }
        if !unnamed.isEmpty {
            unnamedColumns =
                "\(path):\(header.line): left out for want of a name in the header: column \(abbreviated(unnamed))"
        }
        try check(required, line: header.line)
        for line in lines.dropFirst() {
            let origin = Origin(file: path, line: line.line)
            guard line.cells.count == names.count else {
                let message = "\(line.cells.count) cells; expected \(names.count), as in the header"
                faults.append(CorpusFinding(.label, origin, message))
                continue
            }
            let cells = named.map { line.cells[$0].trimmingCharacters(in: .whitespaces) }
            rows.append(Row(origin: origin, cells: Dictionary(uniqueKeysWithValues: zip(columns, cells))))
        }
    }

    /// A Parquet file; its rows count as lines, the first as line 1.
    ///
    /// - Parameter needed: the columns whose cells are wanted, of those that are there. The others are not read: what they hold may be of
    ///   a sort that no cell can be.
    /// - Throws: as above, or `AdapterError.unreadTable`.
    init(parquet path: String, required: [String], needed: Set<String>) throws(AdapterError) {
        self.path = path
        do throws(ParquetError) {
            let file = try ParquetFile(path)
            columns = file.columns.map(\.name)
            let read = file.columns.filter { needed.contains($0.name) }
            rows = (0..<file.rowCount).map { Row(origin: Origin(file: path, line: $0 + 1), cells: [:]) }
            for column in read {
                for (row, text) in try file.texts(of: column).enumerated() {
                    rows[row].cells[column.name] = text.trimmingCharacters(in: .whitespaces)
                }
            }
        } catch {
            throw AdapterError(error)
        }
        try check(required, line: nil)
    }

    /// - Parameter line: of the header.
    private func check(_ required: [String], line: Int?) throws(AdapterError) {
        var seen: Set<String> = []
        if let twice = columns.first(where: { !seen.insert($0).inserted }) {
            throw .malformed(path: path, line: line, message: "column '\(printable(twice))' is there twice")
        }
        let absent = required.filter { !seen.contains($0) }
        guard absent.isEmpty else {
            throw .malformed(
                path: path, line: line,
                message: "no column \(absent.joined(separator: ", ")); expected \(required.joined(separator: ", ")), "
                    + "and found \(abbreviated(columns))")
        }
    }
}

/// The lines of a text file, counted from 1, without their ends (LF or CRLF). Bytes that are not UTF-8 become U+FFFD: annotators'
/// comments are written in whatever they were.
func labelLines(_ path: String, expected: String) throws(AdapterError) -> [(origin: Origin, text: String)] {
    var bytes = try readLabelFile(path, expected: expected)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    return lines.enumerated().map { index, line in
        let text = line.last == 0x0D ? line.dropLast() : line
        return (Origin(file: path, line: index + 1), String(decoding: text, as: UTF8.self))
    }
}

private func readLabelFile(_ path: String, expected: String) throws(AdapterError) -> [UInt8] {
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path, expected: expected) }
    do {
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
        throw .unreadable(path: path, reason: error.localizedDescription)
    }
}
