import Corpus
import Faults
import Files
import Foundation

/// Any CSV file with a line per utterance, given which column is what.
///
/// `path` must be mapped or be there by that name. `id` is the path without its extension (and the segment's bounds) unless it is mapped
/// too; `speaker`, `start` and `end` may be absent.
public struct TableCorpus: CorpusAdapter {
    public static let name = "csv"
    public static let expectedLayout = "a CSV file with a header and a line per utterance"

    public let source: String
    private let audioFolder: String
    private let suffix: String
    private let options: TableOptions

    /// - Parameters:
    ///   - file: with a header and a line per utterance.
    ///   - audioFolder: what paths are relative to; nil for the file's own folder.
    ///   - fileExtension: put behind every path, for tables that leave it out.
    ///   - options: which columns are what, on which scales, and how splits are drawn where shares are given.
    public init(_ file: String, audioFolder: String? = nil, fileExtension: String? = nil, options: TableOptions) {
        source = file
        self.audioFolder = audioFolder ?? PathParts(file).folder
        suffix = fileExtension.map { $0.hasPrefix(".") ? $0 : ".\($0)" } ?? ""
        self.options = options
    }

    public func read() throws(AdapterError) -> CorpusDraft {
        try options.check()
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue {
            throw .unreadable(path: source, reason: "it is a folder; give the CSV file, such as \(source)/labels.csv")
        }
        let table = try LabelTable(path: source, expected: Self.expectedLayout)
        let mapping = try mapping(table)
        var draft = CorpusDraft(labels: [])
        draft.faults = table.faults
        // Where columns are chosen, the others are not missed.
        if options.columns.isEmpty, let unnamed = table.unnamedColumns { draft.remarks.append(unnamed) }
        for row in table.rows {
            var reader = RowReader(row.origin)
            let built = self.row(row.cells, mapping, &reader)
            draft.faults += reader.faults
            if let built, reader.faults.isEmpty { draft.rows.append(built) }
        }
        try options.arrange(mapping.filter { !$0.isReserved }.map(\.column), of: &draft)
        if let fractions = options.fractions, !draft.rows.isEmpty {
            try fractions.assign(&draft.rows, seed: options.seed)
        }
        return draft
    }

    /// The columns given, the manifest's own where they go by their names, and, if none was given, all others.
    private func mapping(_ table: LabelTable) throws(AdapterError) -> [ColumnMapping] {
        for mapping in options.columns {
            if mapping.table != nil { throw .usage("--column \(mapping.column)=…: a CSV file has no other tables") }
            guard !table.columns.contains(mapping.source) else { continue }
            let hint = nearestName(to: mapping.source, among: table.columns).map { "; did you mean \($0)?" } ?? ""
            throw .malformed(
                path: source, line: 1,
                message:
                    "no column '\(mapping.source)'; the columns are \(table.columns.joined(separator: ", "))\(hint)")
        }
        var mapping = options.columns
        let ownNames = options.columns.isEmpty ? table.columns : ColumnMapping.reserved.filter(table.columns.contains)
        for name in ownNames where !mapping.contains(where: { $0.column == name }) {
            mapping.append(ColumnMapping(column: name, source: name))
        }
        for (column, isThere) in [("path", true), ("split", options.fractions == nil)]
        where isThere && !mapping.contains(where: { $0.column == column }) {
            let others = column == "split" ? ", or --fractions train=0.7,development=0.15,test=0.15" : ""
            throw .usage(
                "\(source): no column '\(column)'; say which it is with --column \(column)=NAME\(others); the columns are "
                    + table.columns.joined(separator: ", "))
        }
        return mapping
    }

    private func row(_ cells: [String: String], _ mapping: [ColumnMapping], _ reader: inout RowReader) -> DraftRow? {
        var values: [String: String] = [:]
        for item in mapping { values[item.column] = cells[item.source] }
        let split =
            options.fractions == nil
            ? reader.split(values["split"] ?? "", "split", expected: "\(Split.expected), or a usual name of one")
            : .train
        let path = reader.name(values["path"] ?? "", "path")
        let segment = reader.segment(start: values["start"] ?? "", end: values["end"] ?? "")
        var kept: [String: String] = [:]
        for item in mapping where !item.isReserved {
            let text = values[item.column] ?? ""
            kept[item.column] =
                options.isLabel(item.column) ? reader.label(text, item.source) : RowReader.isBlank(text) ? "" : text
        }
        guard let split, let path, let segment else { return nil }
        let file = path + suffix
        let id = values["id"].flatMap { RowReader.isBlank($0) ? nil : $0 } ?? spanId(withoutExtension(file), segment)
        return DraftRow(
            id: id, span: AudioSpan(path: file.hasPrefix("/") ? file : "\(audioFolder)/\(file)", segment: segment),
            split: split, speaker: RowReader.speaker(values["speaker"] ?? ""), cells: kept, origin: reader.origin)
    }
}

/// `audio/a` and its segment from 1.5 s to 2.75 s: `audio/a@1.5-2.75`.
func spanId(_ file: String, _ segment: Segment?) -> String {
    guard let segment else { return file }
    return "\(file)@\(plain(segment.startSeconds))-\(segment.endSeconds.map(plain) ?? "")"
}
