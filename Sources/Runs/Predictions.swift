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

    public init(id: String, speaker: String?, values: [String: Value]) {
        self.id = id
        self.speaker = speaker
        self.values = values
    }
}

/// `predictions-<split>.csv`: `id, speaker`, then `<dimension>_truth, <dimension>_prediction` per dimension.
public struct Predictions: Sendable, Equatable {
    public var dimensions: [String]
    public var rows: [Prediction]

    public init(dimensions: [String], rows: [Prediction]) {
        self.dimensions = dimensions
        self.rows = rows
    }

    var csv: String {
        var lines = [(["id", "speaker"] + dimensions.flatMap { ["\($0)_truth", "\($0)_prediction"] })]
        for row in rows {
            let values = dimensions.flatMap { [row.values[$0]?.truth, row.values[$0]?.prediction] }
            lines.append([row.id, row.speaker ?? ""] + values.map { $0.map { "\($0)" } ?? "" })
        }
        return lines.map(CommaSeparated.row).joined()
    }

    init(csv: String, path: String) throws(RunError) {
        let (records, mistakes) = CommaSeparated.parse(Array(csv.utf8))
        if let mistake = mistakes.first { throw .malformed(path: path, line: mistake.line, problem: mistake.message) }
        guard let header = records.first?.cells, header.starts(with: ["id", "speaker"]) else {
            throw .malformed(path: path, line: 1, problem: "expected a header that begins with id,speaker")
        }
        var dimensions: [String] = []
        for column in stride(from: 2, to: header.count, by: 2) {
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
                let truth = try number(2 + 2 * index)
                values[dimension] = Prediction.Value(truth: truth, prediction: try number(3 + 2 * index))
            }
            rows.append(Prediction(id: fields[0], speaker: fields[1].isEmpty ? nil : fields[1], values: values))
        }
        self.init(dimensions: dimensions, rows: rows)
    }
}
