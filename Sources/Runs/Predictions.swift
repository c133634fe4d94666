import Files

/// One utterance's truth and prediction, in the labels' own scale.
public struct Prediction: Sendable, Equatable {
    public struct Value: Sendable, Equatable {
        /// Nil where the utterance is not labelled for the dimension.
        public var truth: Double?
        public var prediction: Double?

        public init(truth: Double?, prediction: Double?) {
            self.truth = truth
            self.prediction = prediction
        }
    }

    public var id: String
    public var speaker: String?
    public var values: [String: Value]
    /// Other columns of the manifest by name, as written; nothing where the cell is empty.
    public var metadata: [String: String]

    public init(id: String, speaker: String?, values: [String: Value], metadata: [String: String] = [:]) {
        self.id = id
        self.speaker = speaker
        self.values = values
        self.metadata = metadata
    }

    /// The group that the utterance belongs to by a column, `speaker` among them; nil where it is not known.
    public func group(by column: String) -> String? { column == "speaker" ? speaker : metadata[column] }
}

/// `predictions-<split>.csv`: `id, speaker`, then any columns of the manifest that scores are grouped by, then
/// `<dimension>_truth, <dimension>_prediction` per dimension.
public struct Predictions: Sendable, Equatable {
    public var dimensions: [String]
    /// The manifest's columns that travel along, `speaker` not counted.
    public var columns: [String]
    public var rows: [Prediction]

    public init(dimensions: [String], columns: [String] = [], rows: [Prediction]) {
        self.dimensions = dimensions
        self.columns = columns
        self.rows = rows
    }

    var csv: String {
        let pairs = dimensions.flatMap { ["\($0)_truth", "\($0)_prediction"] }
        var lines = [["id", "speaker"] + columns + pairs]
        for row in rows {
            let values = dimensions.flatMap { [row.values[$0]?.truth, row.values[$0]?.prediction] }
            lines.append(
                [row.id, row.speaker ?? ""] + columns.map { row.metadata[$0] ?? "" }
                    + values.map { $0.map { "\($0)" } ?? "" })
        }
        return lines.map(CommaSeparated.row).joined()
    }

    /// Whether a column of the manifest can be told from a dimension's pair in the file's header.
    public static func canCarry(column: String) -> Bool {
        !column.hasSuffix("_truth") && !column.hasSuffix("_prediction")
    }

    init(csv: String, path: String) throws(RunError) {
        let (records, mistakes) = CommaSeparated.parse(Array(csv.utf8))
        if let mistake = mistakes.first { throw .malformed(path: path, line: mistake.line, problem: mistake.message) }
        guard let header = records.first?.cells, header.starts(with: ["id", "speaker"]) else {
            throw .malformed(path: path, line: 1, problem: "expected a header that begins with id,speaker")
        }
        let columns = Array(header.dropFirst(2).prefix(while: Self.canCarry))
        let first = 2 + columns.count
        var dimensions: [String] = []
        for column in stride(from: first, to: header.count, by: 2) {
            let name = header[column].hasSuffix("_truth") ? String(header[column].dropLast("_truth".count)) : ""
            guard !name.isEmpty, column + 1 < header.count, header[column + 1] == "\(name)_prediction" else {
                throw .malformed(
                    path: path, line: 1,
                    problem: "column '\(header[column])' is not one of a pair <dimension>_truth, <dimension>_prediction"
                )
            }
            dimensions.append(name)
        }
        var rows: [Prediction] = []
        for record in records.dropFirst() {
            let (line, fields) = (record.line, record.cells)
            guard fields.count == header.count else {
                throw .malformed(
                    path: path, line: line, problem: "\(fields.count) fields, expected \(header.count) as in the header"
                )
            }
            func number(_ column: Int) throws(RunError) -> Double? {
                if fields[column].isEmpty { return nil }
                if let value = Double(fields[column]) { return value }
                throw .malformed(
                    path: path, line: line,
                    problem: "\(header[column]) is '\(fields[column])', expected a number or nothing")
            }
            var values: [String: Prediction.Value] = [:]
            for (index, dimension) in dimensions.enumerated() {
                let truth = try number(first + 2 * index)
                values[dimension] = Prediction.Value(truth: truth, prediction: try number(first + 1 + 2 * index))
            }
            let cells = zip(columns, fields.dropFirst(2)).filter { !$0.1.isEmpty }
            rows.append(
                Prediction(
                    id: fields[0], speaker: fields[1].isEmpty ? nil : fields[1], values: values,
                    metadata: Dictionary(cells, uniquingKeysWith: { first, _ in first })))
        }
        self.init(dimensions: dimensions, columns: columns, rows: rows)
    }
}
