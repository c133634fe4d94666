import Faults

/// A filewise table from which other tables' rows take columns, by their file.
struct FileLookup {
    private let path: String
    /// Of the manifest, for what is said of absent files.
    private let columns: [String]
    /// By file.
    let cells: [String: [String: String]]
    private var absent: Set<String> = []
    /// A warning for each such file, where it was first.
    private(set) var absences: [CorpusFinding] = []

    /// - Parameter faults: gets the lines that cannot be used: those without a file, and all but the first of one file.
    init(_ table: LabelTable, columns: [String], faults: inout [CorpusFinding]) {
        path = table.path
        self.columns = columns
        var cells: [String: [String: String]] = [:]
        var lines: [String: Int] = [:]
        for row in table.rows {
            var reader = RowReader(row.origin)
            if let file = reader.name(row.cells["file"] ?? "", "file") {
                if let first = lines[file] {
                    reader.report(
                        .label, "file '\(printable(file))' is there already, on line \(first); expected a line per file"
                    )
                } else {
                    (cells[file], lines[file]) = (row.cells, row.origin.line)
                }
            }
            faults += reader.faults
        }
        self.cells = cells
    }

    /// Notes a file that a row of another table has and this one does not.
    mutating func note(_ file: String, at origin: Origin) {
        guard cells[file] == nil, absent.insert(file).inserted else { return }
        let subject = columns.joined(separator: ", ") + (columns.count == 1 ? " is" : " are")
        absences.append(
            CorpusFinding(
                .notInTable, origin, "\(path) has no file '\(printable(file))'; \(subject) empty there"))
    }
}
