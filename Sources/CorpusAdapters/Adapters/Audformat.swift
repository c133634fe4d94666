import Corpus
import Faults
import Files
import Foundation

/// A database in audformat, as audb hands it out: `db.yaml`, `db.TABLE.csv` or `db.TABLE.parquet`, and audio where the tables' `file` says.
///
/// The tables given hold the utterances; columns may also come from other filewise tables, by file. A table's split is that of its
/// `split_id`, unless a column has it or shares are given (`AudformatSplits`).
public struct Audformat: CorpusAdapter {
    public static let name = "audformat"
    public static let expectedLayout = "an audformat database's folder, with db.yaml and db.TABLE.csv or .parquet"

    public let source: String
    private let tables: [String]
    private let options: TableOptions

    /// - Parameters:
    ///   - folder: with `db.yaml` and the tables.
    ///   - tables: nothing for the only one.
    ///   - options: which columns become labels, on which scales, and how splits are drawn where shares are given.
    public init(_ folder: String, tables: [String] = [], options: TableOptions) {
        source = folder
        self.tables = tables
        self.options = options
    }

    public func read() throws(AdapterError) -> CorpusDraft {
        try options.check()
        let folder = try CorpusFolder(source, expected: Self.expectedLayout)
        let header = try AudformatHeader(path: "\(folder.path)/db.yaml", expected: Self.expectedLayout)
        let chosen = try choose(header)
        let mapping = try mapping(header, chosen)
        var draft = CorpusDraft(labels: labels(mapping, chosen, header))
        var lookups: [String: FileLookup] = [:]
        for name in Set(mapping.compactMap(\.table)).sorted() { lookups[name] = try lookup(name, header, &draft) }
        let needed = mapping.filter { $0.table == nil }.map(\.source)
        let splits = try splits(of: chosen, header, mapping, &draft)
        for (table, split) in zip(chosen, splits) {
            let content = try content(table.name, isSegmented: table.isSegmented, needed, &draft)
            for row in content.rows {
                var reader = RowReader(row.origin)
                let built = self.row(row.cells, mapping, lookups, split, draft.labels.map(\.name), &reader)
                draft.faults += reader.faults
                guard let built, reader.faults.isEmpty else { continue }
                draft.rows.append(built)
                for name in lookups.keys { lookups[name]?.note(row.cells["file"] ?? "", at: row.origin) }
            }
        }
        draft.warnings = lookups.sorted { $0.key < $1.key }.flatMap(\.value.absences)
        try options.arrange(mapping.filter { !$0.isReserved }.map(\.column), of: &draft)
        if let fractions = options.fractions, !draft.rows.isEmpty {
            try fractions.assign(&draft.rows, seed: options.seed)
        }
        return draft
    }

    private func choose(_ header: AudformatHeader) throws(AdapterError) -> [AudformatHeader.Table] {
        if tables.isEmpty {
            guard header.tables.count == 1 else {
                throw .usage(
                    "\(header.path): which tables hold the utterances? Give --table NAME, of \(header.listing)")
            }
            return header.tables
        }
        var chosen: [AudformatHeader.Table] = []
        for name in tables { chosen.append(try header.table(name)) }
        return chosen
    }

    /// Columns given; else those of the tables, `arousal` under the name of activation.
    private func mapping(
        _ header: AudformatHeader, _ chosen: [AudformatHeader.Table]
    ) throws(AdapterError) -> [ColumnMapping] {
        let names = chosen.flatMap { $0.columns.map(\.name) }
        var mapping = options.columns
        for item in mapping where item.table == nil && item.source != "file" && !names.contains(item.source) {
            let hint = nearestName(to: item.source, among: names).map { "; did you mean \($0)?" } ?? ""
            throw .usage(
                "--column \(item.column)=\(item.source): no such column; the tables are \(header.listing)\(hint)")
        }
        for name in names {
            let column = name == "arousal" && !names.contains("activation") ? "activation" : name
            guard options.columns.isEmpty || column == "speaker" || column == "split",
                !mapping.contains(where: { $0.column == column })
            else { continue }
            mapping.append(ColumnMapping(column: column, source: name))
        }
        for item in mapping where CorpusManifest.segmentColumns.contains(item.column) || item.column == "path" {
            throw .usage("--column \(item.column)=…: an audformat table has file, start and end of its own")
        }
        return mapping
    }

    /// The columns that hold numbers according to their schemes, or their names.
    private func labels(
        _ mapping: [ColumnMapping], _ chosen: [AudformatHeader.Table], _ header: AudformatHeader
    ) -> [LabelColumn] {
        mapping.compactMap { item in
            guard !item.isReserved else { return nil }
            let own = chosen.flatMap(\.columns).first { item.table == nil && $0.name == item.source }
            let scheme = own?.scheme.flatMap { header.schemes[$0] }
            guard options.isLabel(item.column) || scheme?.isFloat == true || scheme?.scale != nil else { return nil }
            return LabelColumn(item.column, scale: scheme?.scale)
        }
    }

    /// A table as CSV or, where it is not there as such, as Parquet.
    ///
    /// - Parameters:
    ///   - needed: columns beside `file`, `start` and `end`.
    ///   - draft: gets the faults of the table's lines, and a remark where there is a choice of files.
    private func content(
        _ table: String, isSegmented: Bool, _ needed: [String], _ draft: inout CorpusDraft
    ) throws(AdapterError) -> LabelTable {
        let path = "\(source)/db.\(table)"
        let keys = isSegmented ? ["file", "start", "end"] : ["file"]
        let formats = ["csv", "parquet", "pkl"].filter { FileManager.default.fileExists(atPath: "\(path).\($0)") }
        switch formats.first {
        case "parquet":
            return try LabelTable(parquet: "\(path).parquet", required: keys, needed: Set(keys + needed))
        case "pkl":
            throw .unreadTable("\(path).pkl", reason: "is a pickle, and these are not read")
        default:
            if formats.contains("parquet") {
                draft.remarks.append("\(path).csv was read, and not \(path).parquet beside it")
            }
            let content = try LabelTable(path: "\(path).csv", required: keys, expected: Self.expectedLayout)
            draft.faults += content.faults
            return content
        }
    }

    /// A filewise table's cells, by file.
    private func lookup(
        _ name: String, _ header: AudformatHeader, _ draft: inout CorpusDraft
    ) throws(AdapterError) -> FileLookup {
        let table = try header.table(name)
        guard !table.isSegmented else {
            throw .usage(
                "--column …=\(name):…: the table is segmented; expected a filewise one, which is looked up by file")
        }
        let wanted = options.columns.filter { $0.table == name }
        let content = try content(name, isSegmented: false, wanted.map(\.source), &draft)
        for item in wanted where !content.columns.contains(item.source) {
            throw .usage(
                "--column \(item.column)=\(name):\(item.source): no such column; the tables are \(header.listing)")
        }
        return FileLookup(content, columns: wanted.map(\.column), faults: &draft.faults)
    }

    /// Of each table; nil where a column has it.
    ///
    /// - Parameter draft: gets a remark on splits that become one.
    private func splits(
        of chosen: [AudformatHeader.Table], _ header: AudformatHeader, _ mapping: [ColumnMapping],
        _ draft: inout CorpusDraft
    ) throws(AdapterError) -> [Split?] {
        if options.fractions != nil { return chosen.map { _ in .train } }
        if mapping.contains(where: { $0.column == "split" }) { return chosen.map { _ in nil } }
        var ids: [String] = []
        for table in chosen {
            guard let id = table.splitId else {
                throw .usage(
                    "\(header.path): table '\(table.name)' has no split_id; give --column split=NAME, or --fractions "
                        + "train=0.7,development=0.15,test=0.15")
            }
            ids.append(id)
        }
        let splits = try AudformatSplits(ids, header)
        draft.remarks += splits.remarks
        return ids.map { splits.byId[$0] }
    }

    private func row(
        _ cells: [String: String], _ mapping: [ColumnMapping], _ lookups: [String: FileLookup],
        _ tableSplit: Split?, _ labels: [String], _ reader: inout RowReader
    ) -> DraftRow? {
        let file = reader.name(cells["file"] ?? "", "file")
        var values: [String: String] = [:]
        for item in mapping {
            let row = item.table.map { lookups[$0]?.cells[file ?? ""] ?? [:] } ?? cells
            let text = row[item.source] ?? ""
            values[item.column] =
                labels.contains(item.column)
                ? reader.label(text, item.source) : RowReader.isBlank(text) ? "" : text
        }
        let split =
            tableSplit
            ?? reader.split(values["split"] ?? "", "split", expected: "\(Split.expected), or a usual name of one")
        let segment = reader.segment(start: cells["start"] ?? "", end: cells["end"] ?? "")
        guard let file, let split, let segment else { return nil }
        let id = values["id"].flatMap { $0.isEmpty ? nil : $0 } ?? spanId(withoutExtension(file), segment)
        return DraftRow(
            id: id, span: AudioSpan(path: file.hasPrefix("/") ? file : "\(source)/\(file)", segment: segment),
            split: split, speaker: RowReader.speaker(values["speaker"] ?? ""),
            cells: values.filter { !ColumnMapping.reserved.contains($0.key) }, origin: reader.origin)
    }
}
