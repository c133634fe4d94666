import Reports
import Study

/// A study's tables on a terminal.
struct PaperText {
    let text: String

    init(_ table: StudyTable, title: String) {
        var lines = [title, ""] + table.circumstances.statements
        lines += table.circumstances.warnings.map { "warning: \($0)" }
        for section in PaperTables(table).sections {
            lines += ["", section.title, section.note, ""] + Self.lines(of: section)
        }
        if !table.missing.isEmpty { lines += ["", "not trained yet: \(table.missing.joined(separator: ", "))"] }
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
}
