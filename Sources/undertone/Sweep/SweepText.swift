import Pipelines

extension SweepSummary {
    /// Rows of the table on a terminal; the rest is in the JSON.
    private static let shownRows = 30

    /// What is printed at the end of a sweep.
    /// - Parameter isWhole: whether everything that was to be made is.
    func text(directory: String, isWhole: Bool) -> String {
        let isSeeded = rows.contains { $0.runs.count > 1 }
        var table = TextTable([.left, .left, .right, .right] + keys.map { _ in .left })
        table.add(
            ["trial", "", "epochs", isSeeded ? "\(metric) ± sd" : metric]
                + keys.map { Words.shortened($0, among: keys) })
        for row in rows.prefix(Self.shownRows) {
            let score = Words.number(row.score) + (row.deviation.map { " ± \(Words.number($0))" } ?? "")
            table.add(
                [row.trial, row.state == .stopped ? "stopped" : "\(row.state)", "\(row.epochs)", score]
                    + keys.map { row.settings[$0] ?? "" })
        }
        var lines = ["sweep of \(pipeline): \(Words.counted(rows.count, "trial")), \(counts)"] + table.lines
        if rows.count > Self.shownRows { lines.append("and \(rows.count - Self.shownRows) more (--json has all)") }
        if let best {
            let settings = keys.compactMap { key in best.settings[key].map { "\(key)=\($0)" } }.joined(separator: " ")
            lines.append("best: \(metric) \(Words.number(best.score)) on development with \(settings)")
            lines.append("runs: \(best.runs.joined(separator: " "))")
        }
        if isWhole { lines.append("report: \(report)") }
        return lines.joined(separator: "\n")
    }
}
