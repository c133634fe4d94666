import Foundation

/// Quantities as the commands print them.
enum Words {
    static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    static func bytes(_ count: Int) -> String {
        count < 1_000_000_000
            ? String(format: "%.1f MB", Double(count) / 1e6) : String(format: "%.2f GB", Double(count) / 1e9)
    }

    /// Pretty, keys in snake case and sorted.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
