import Foundation

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
        return lines.map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
    }

    init(csv: String, path: String) throws(RunError) {
        let records = try CSV.records(csv, path: path)
        guard let header = records.first?.fields, header.starts(with: ["id", "speaker"]) else {
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
        for (line, fields) in records.dropFirst() {
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

    private static func field(_ text: String) -> String {
        guard text.contains(where: { ",\"\n\r\r\n".contains($0) }) else { return text }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }
}

/// RFC 4180, as much of it as the files that we write need: quotes, doubled quotes, and line breaks inside quotes.
enum CSV {
    static func records(_ text: String, path: String) throws(RunError) -> [(line: Int, fields: [String])] {
        var records: [(line: Int, fields: [String])] = []
        var fields: [String] = []
        var field: [UInt8] = []
        var quoted = false
        var line = 1
        var startLine = 1
        let bytes = Array(text.utf8)
        var index = 0
        func endField() {
            fields.append(String(decoding: field, as: UTF8.self))
            field = []
        }
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            switch byte {
            case UInt8(ascii: "\"") where quoted && index < bytes.count && bytes[index] == byte:
                field.append(byte)
                index += 1
            case UInt8(ascii: "\""): quoted.toggle()
            case _ where quoted: field.append(byte)
            case UInt8(ascii: ","): endField()
            case UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\n"):
                endField()
                records.append((startLine, fields))
                fields = []
                startLine = line
            default: field.append(byte)
            }
        }
        if quoted { throw .malformed(path: path, line: startLine, problem: "a quote is opened and never closed") }
        if !field.isEmpty || !fields.isEmpty {
            endField()
            records.append((startLine, fields))
        }
        return records
    }
}
