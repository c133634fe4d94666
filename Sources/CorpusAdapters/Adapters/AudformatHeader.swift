import Corpus
import Files
import Foundation
import Yams

/// What an audformat database's `db.yaml` says that a manifest can use.
///
/// - Source: audformat 1.4, `Database.load`, and what it writes.
struct AudformatHeader {
    struct Table {
        var name: String
        var isSegmented: Bool
        /// Of `splits`.
        var splitId: String?
        /// Name and scheme, in the header's order.
        var columns: [(name: String, scheme: String?)]
    }

    let path: String
    private(set) var name: String?
    /// Where the database comes from and how it may be used, as far as it says.
    private(set) var terms: [(key: String, value: String)] = []
    private(set) var tables: [Table] = []
    /// `type` of each split: `train`, `dev`, `test`, or something else.
    private(set) var splitTypes: [String: String] = [:]
    private(set) var schemes: [String: Scheme] = [:]

    /// What a column holds.
    struct Scheme {
        var isFloat: Bool
        /// From its minimum to its maximum, where it has both.
        var scale: LabelScale?
    }

    init(path: String, expected: String) throws(AdapterError) {
        self.path = path
        let lines = try labelLines(path, expected: expected)
        let text = lines.map(\.text).joined(separator: "\n")
        let top: Node?
        do {
            top = try Yams.compose(yaml: text)
        } catch {
            throw .malformed(path: path, line: nil, message: "is no YAML: \("\(error)".replacing("\n", with: " "))")
        }
        guard let top, let tables = top["tables"]?.mapping else {
            throw .malformed(path: path, line: nil, message: "has no tables; expected \(expected)")
        }
        func said(_ key: String) -> String? {
            let words = top[key]?.scalar?.string.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return words.flatMap { ["", "~", "null"].contains($0) ? nil : $0 }
        }
        name = said("name")
        terms = ["source", "license", "usage"].compactMap { key in said(key).map { (key, $0) } }
        for (name, split) in top["splits"]?.mapping ?? [:] {
            if let name = name.scalar?.string { splitTypes[name] = split["type"]?.scalar?.string ?? "" }
        }
        for (name, scheme) in top["schemes"]?.mapping ?? [:] {
            guard let name = name.scalar?.string else { continue }
            let bounds = ["minimum", "maximum"].compactMap { scheme[$0]?.scalar.flatMap { finiteNumber($0.string) } }
            schemes[name] = Scheme(
                isFloat: scheme["dtype"]?.scalar?.string == "float",
                scale: bounds.count == 2 ? LabelScale(minimum: bounds[0], maximum: bounds[1]) : nil)
        }
        for (name, table) in tables {
            guard let name = name.scalar?.string, let type = table["type"]?.scalar?.string else { continue }
            self.tables.append(
                Table(
                    name: name, isSegmented: type == "segmented", splitId: table["split_id"]?.scalar?.string,
                    columns: (table["columns"]?.mapping ?? [:]).compactMap { column, body in
                        column.scalar.map { ($0.string, body["scheme_id"]?.scalar?.string) }
                    }))
        }
    }

    /// `emotion (arousal, valence), files (speaker)`
    var listing: String {
        tables.map { "\($0.name) (\($0.columns.map(\.name).joined(separator: ", ")))" }.joined(separator: ", ")
    }

    /// - Throws: `AdapterError.usage` if there is no such table.
    func table(_ name: String) throws(AdapterError) -> Table {
        if let table = tables.first(where: { $0.name == name }) { return table }
        let hint = nearestName(to: name, among: tables.map(\.name)).map { "; did you mean \($0)?" } ?? ""
        throw .usage("\(path): no table '\(name)'; the tables are \(listing)\(hint)")
    }
}
