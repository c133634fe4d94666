import Corpus

/// Where a column of the manifest comes from: `activation=EmoAct`, or `speaker=files:speaker` for a column of another table.
public struct ColumnMapping: Sendable, Equatable {
    /// Of the manifest.
    public var column: String
    /// nil for the tables whose rows are the utterances.
    public var table: String?
    public var source: String

    /// - Returns: nil unless there is something on each side of the first `=`.
    public init?(_ text: String) {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        column = String(text[..<equals])
        let right = text[text.index(after: equals)...]
        if let colon = right.firstIndex(of: ":") {
            table = String(right[..<colon])
            source = String(right[right.index(after: colon)...])
        } else {
            source = String(right)
        }
        guard !column.isEmpty, !source.isEmpty, table != "" else { return nil }
    }

    init(column: String, source: String) {
        (self.column, self.source) = (column, source)
    }

    /// The columns of a manifest that are neither labels nor notes.
    static let reserved = CorpusManifest.requiredColumns + CorpusManifest.segmentColumns

    /// Those of these names are labels whatever they hold, so that a cell that is no number is a fault and not a word.
    static let dimensions = ["activation", "valence", "dominance"]

    var isReserved: Bool { Self.reserved.contains(column) }
}

/// The scale of a label: `activation=1:7`.
public struct NamedScale: Sendable, Equatable {
    public var label: String
    public var scale: LabelScale

    /// - Returns: nil unless it is a name, `=`, and two numbers with a colon between, the lower first.
    public init?(_ text: String) {
        let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard sides.count == 2, !sides[0].isEmpty else { return nil }
        let bounds = sides[1].split(separator: ":", omittingEmptySubsequences: false).map { finiteNumber(String($0)) }
        guard bounds.count == 2, let minimum = bounds[0], let maximum = bounds[1],
            let scale = LabelScale(minimum: minimum, maximum: maximum)
        else { return nil }
        (label, self.scale) = (sides[0], scale)
    }
}

/// How rows of a table become utterances; what the corpora with columns of their own names share.
public struct TableOptions: Sendable {
    /// Empty: every column under its own name.
    public var columns: [ColumnMapping]
    public var scales: [NamedScale]
    /// nil for splits from a column.
    public var fractions: SplitFractions?
    public var seed: UInt64

    public init(
        columns: [ColumnMapping] = [], scales: [NamedScale] = [], fractions: SplitFractions? = nil, seed: UInt64 = 0
    ) {
        self.columns = columns
        self.scales = scales
        self.fractions = fractions
        self.seed = seed
    }

    /// - Throws: `AdapterError.usage` for a column of the manifest that is mapped twice.
    func check() throws(AdapterError) {
        for mapping in columns where columns.count(where: { $0.column == mapping.column }) > 1 {
            throw .usage("--column \(mapping.column)=…: is given twice; expected each column of the manifest once")
        }
    }

    /// Whether the column's cells must be numbers.
    func isLabel(_ name: String) -> Bool {
        ColumnMapping.dimensions.contains(name) || scales.contains { $0.label == name }
    }

    /// Divides the columns of a draft into labels, those known for it and those that hold numbers only, and others.
    func arrange(_ names: [String], of draft: inout CorpusDraft) throws(AdapterError) {
        for scale in scales where !names.contains(scale.label) {
            throw .usage(
                "--scale \(scale.label)=…: the manifest has no such column; it has \(names.joined(separator: ", "))")
        }
        for name in names {
            let scale = scales.last { $0.label == name }?.scale ?? draft.labels.first { $0.name == name }?.scale
            let filled = draft.rows.lazy.compactMap { $0.cells[name] }.filter { !$0.isEmpty }
            let isKnown = isLabel(name) || draft.labels.contains { $0.name == name }
            let isLabel = isKnown || (!filled.isEmpty && filled.allSatisfy { finiteNumber($0) != nil })
            draft.labels.removeAll { $0.name == name }
            if isLabel { draft.labels.append(LabelColumn(name, scale: scale)) } else { draft.others.append(name) }
        }
    }
}
