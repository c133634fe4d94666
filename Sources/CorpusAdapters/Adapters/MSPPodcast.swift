import Corpus
import Files

/// MSP-Podcast as the University of Texas at Dallas hands it out: `Labels/labels_consensus.csv` (`labels_concensus.csv` up to release
/// 1.8 or so) and `Audios/`.
public struct MSPPodcast: CorpusAdapter {
    public static let name = "msp-podcast"
    public static let expectedLayout = "MSP-Podcast's folder, with Labels/labels_consensus.csv and Audios/"

    public let source: String

    public init(_ folder: String) { source = folder }

    private static let labelFiles = ["Labels/", ""].flatMap { folder in
        ["consensus", "concensus"].map { "\(folder)labels_\($0).csv" }
    }
    private static let dimensions = [("activation", "EmoAct"), ("valence", "EmoVal"), ("dominance", "EmoDom")]
    private static let splits = "Train, Development or Validation, Test1, Test2 or Test3"

    public func read() throws(AdapterError) -> CorpusDraft {
        let folder = try CorpusFolder(source, expected: Self.expectedLayout)
        guard let labels = folder.first(of: Self.labelFiles) else {
            throw .missing(path: "\(source)/\(Self.labelFiles[0])", expected: Self.expectedLayout)
        }
        guard let audio = folder.first(of: ["Audios", "Audio"]) else {
            throw .missing(path: "\(source)/Audios", expected: Self.expectedLayout)
        }
        let required = ["FileName"] + Self.dimensions.map(\.1) + ["Split_Set"]
        let table = try LabelTable(
            path: labels, known: required + ["EmoClass", "SpkrID", "Gender"], required: required,
            expected: Self.expectedLayout)
        let scale = LabelScale(minimum: 1, maximum: 7)
        var draft = CorpusDraft(
            labels: Self.dimensions.map { LabelColumn($0.0, scale: scale) },
            others: [("emotion", "EmoClass"), ("gender", "Gender")].filter { table.columns.contains($0.1) }.map(\.0))
        draft.faults = table.faults
        for row in table.rows {
            var reader = RowReader(row.origin)
            func cell(_ column: String) -> String { row.cells[column] ?? "" }
            let file = reader.name(cell("FileName"), "FileName")
            let split = reader.split(cell("Split_Set"), "Split_Set", expected: Self.splits)
            var cells = ["emotion": cell("EmoClass"), "gender": cell("Gender")]
            for (name, column) in Self.dimensions { cells[name] = reader.label(cell(column), column) }
            draft.faults += reader.faults
            guard let file, let split, reader.faults.isEmpty else { continue }
            draft.rows.append(
                DraftRow(
                    id: withoutExtension(PathParts(file).name), span: AudioSpan(path: "\(audio)/\(file)"), split: split,
                    speaker: RowReader.speaker(cell("SpkrID")), cells: cells, origin: row.origin))
        }
        return draft
    }
}
