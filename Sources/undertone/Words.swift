import Faults
import Foundation

/// Quantities as the commands print them.
enum Words {
    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    static func bytes(_ count: Int) -> String {
        count < 1_000_000_000
            ? String(format: "%.1f MB", Double(count) / 1e6) : String(format: "%.2f GB", Double(count) / 1e9)
    }

    /// `48.2 s`, `9 min 30 s`, `12.3 h`
    static func duration(_ seconds: Double) -> String {
        if seconds < 120 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        return whole < 7200 ? "\(whole / 60) min \(whole % 60) s" : String(format: "%.1f h", seconds / 3600)
    }

    /// Four digits that matter.
    static func number(_ value: Double?) -> String { value.map { String(format: "%.4g", $0) } ?? "-" }

    /// An id or a path that leaves room for the rest of its line.
    static func short(_ text: String, _ limit: Int = 40) -> String {
        let text = printable(text)
        return text.count <= limit ? text : "\(text.prefix(limit / 2 - 1))…\(text.suffix(limit / 2))"
    }

    /// The end of a key that tells it from the others: `layers` of `optimiser.learning_rate.layers`, unless another ends so too.
    static func shortened(_ key: String, among keys: [String]) -> String {
        let parts = key.split(separator: ".").map(String.init)
        for count in 1...parts.count {
            let end = parts.suffix(count).joined(separator: ".")
            if keys.count(where: { $0 == end || $0.hasSuffix(".\(end)") }) == 1 { return end }
        }
        return key
    }

    /// Pretty, keys in snake case and sorted.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
