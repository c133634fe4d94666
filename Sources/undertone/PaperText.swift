import Reports
import Study

/// A study's tables on a terminal.
struct PaperText {
    let text: String

    init(_ table: StudyTable, title: String) {
        var lines = [title, ""] + table.circumstances.statements.flatMap(Self.wrapped)
        lines += table.circumstances.warnings.flatMap { Self.wrapped("warning: \($0)") }
        for section in PaperTables(table).sections {
            lines += ["", section.title] + Self.wrapped(section.note) + [""] + Self.lines(of: section)
        }
        if !table.missing.isEmpty {
            lines += [""] + Self.wrapped("not trained yet: \(table.missing.joined(separator: ", "))")
        }
        text = lines.map { "\($0)\n" }.joined()
    }

    private static func lines(of section: PaperTables.Section) -> [String] {
        var table = TextTable([.left] + section.headers.dropFirst().map { _ in .right })
        table.add(section.headers)
        for row in section.rows {
            table.add(
                [row.name] + row.cells.map { cell in cell.text + (cell.detail.map { " [\($0)]" } ?? "") })
        }
        return table.lines
    }

    /// Lines of at most a hundred characters, broken between words.
    private static func wrapped(_ text: String) -> [String] {
        text.split(separator: " ").reduce(into: []) { lines, word in
            if let line = lines.last, line.count + 1 + word.count <= 100 {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
    }
}
