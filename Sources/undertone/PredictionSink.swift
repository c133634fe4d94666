import Files
import Foundation

/// Where rows of predictions go: standard output, each as soon as it is there, or a file that appears whole or not at all.
struct PredictionSink: ~Copyable {
    private let format: PredictCommand.Format
    private let dimensions: [String]
    private let hasTimes: Bool
    /// Nil for standard output.
    private var file: AtomicFile?

    init(_ format: PredictCommand.Format, dimensions: [String], hasTimes: Bool, output: String?) throws {
        self.format = format
        self.dimensions = dimensions
        self.hasTimes = hasTimes
        file = nil
        if let output { file = try AtomicFile(output) }
        if format == .csv {
            try write(CommaSeparated.row(["id"] + (hasTimes ? ["start", "end"] : []) + dimensions))
        }
    }

    /// - Parameter times: of a window, in seconds.
    mutating func write(_ id: String, times: (start: Double, end: Double)?, _ scores: [Double]) throws {
        let seconds = times.map { [$0.start, $0.end] } ?? []
        switch format {
        case .csv:
            try write(CommaSeparated.row([id] + (seconds + scores).map { $0.isFinite ? "\($0)" : "" }))
        case .jsonl:
            let values = zip((hasTimes ? ["start", "end"] : []) + dimensions, seconds + scores).map { name, value in
                "\(name.jsonLiteral): \(value.isFinite ? "\(value)" : "null")"
            }
            try write("{" + (["\("id".jsonLiteral): \(id.jsonLiteral)"] + values).joined(separator: ", ") + "}\n")
        }
    }

    consuming func finish() throws { try file.take()?.commit() }

    private mutating func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard file != nil else { return try writeAll(bytes.span.bytes, to: STDOUT_FILENO, path: "standard output") }
        try file?.write(bytes.span.bytes)
    }
}
