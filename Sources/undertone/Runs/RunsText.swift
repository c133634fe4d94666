import Faults
import Files
import Foundation
import Registry
import Runs

/// Runs as a table for people, or as CSV.
struct RunsText {
    private struct Column {
        var title: String
        var alignment = TextTable.Alignment.left
        var cell: (RegisteredRun) -> String
    }

    let lines: [String]
    /// What is to be said beside the table.
    let notes: [String]

    /// - Parameter width: that the table must fit; nil: as wide as it gets. Columns that do not fit are left out from the right.
    init(_ answer: Registry.Answer, width: Int?) {
        guard !answer.runs.isEmpty else {
            (lines, notes) = ([], ["no runs"])
            return
        }
        var columns = answer.columns.map(Self.chosen) ?? Self.telling(answer.runs)
        var left: [String] = []
        var table = Self.lines(answer.runs, columns)
        while let width, columns.count > 1, table.contains(where: { $0.count > width }) {
            left.insert(columns.removeLast().title, at: 0)
            table = Self.lines(answer.runs, columns)
        }
        lines = table
        notes = left.isEmpty ? [] : ["no room for \(left.joined(separator: ", ")); --columns chooses, --csv has all"]
    }

    private static func lines(_ runs: [RegisteredRun], _ columns: [Column]) -> [String] {
        var table = TextTable(columns.map(\.alignment))
        table.add(columns.map(\.title))
        for run in runs { table.add(columns.map { $0.cell(run) }) }
        return table.lines
    }

    private static func chosen(_ columns: [RunColumn]) -> [Column] {
        columns.map { column in Column(title: "\(column)", cell: { text($0[column]) }) }
    }

    /// What there is to say of every run, then the settings that are not the same for all.
    private static func telling(_ runs: [RegisteredRun]) -> [Column] {
        let metrics = Set(runs.compactMap { $0.facts.score == nil ? nil : $0.facts.metric })
        let facts = [
            Column(title: "run", cell: { $0.facts.directory }),
            Column(title: "state", cell: { $0.facts.state.rawValue }),
            Column(
                title: "epochs", alignment: .right,
                cell: { run in "\(run.facts.epochs)" + (run.facts.epochsPlanned.map { "/\($0)" } ?? "") }),
            Column(
                title: metrics.count == 1 ? metrics.first ?? "score" : "score", alignment: .right,
                cell: { Words.number($0.facts.score) }),
            Column(title: "best", alignment: .right, cell: { $0.facts.bestEpoch.map { "\($0)" } ?? "-" }),
            Column(
                title: "training", alignment: .right,
                cell: { $0.facts.epochs == 0 ? "-" : Words.duration($0.facts.secondsTraining) }),
        ]
        // Each directory names its seed.
        let keys = Set(runs.flatMap(\.configuration.keys)).subtracting(["seed"]).sorted()
        let varied = keys.filter { key in Set(runs.map { $0.configuration[key] }).count > 1 }
        return facts
            + varied.map { key in
                Column(
                    title: Words.shortened(key, among: varied), cell: { text($0.configuration[key] ?? .null) })
            }
    }

    private static func text(_ value: SettingValue) -> String {
        switch value {
        case .number(let value): Words.number(value)
        case .null: "-"
        case .integer, .truth, .text: printable("\(value)")
        }
    }

    // MARK: CSV

    static func csv(_ answer: Registry.Answer) -> String {
        let columns = answer.columns ?? all(answer.runs)
        let rows = answer.runs.map { run in
            columns.map { column in run[column] == .null ? "" : "\(run[column])" }
        }
        return ([columns.map { "\($0)" }] + rows).map(CommaSeparated.row).joined()
    }

    private static func all(_ runs: [RegisteredRun]) -> [RunColumn] {
        let facts = Set(RunColumn.facts.map { "\($0)" })
        // A setting of a fact's name (epochs, seed) would be a second column of that name.
        let settings = Set(runs.flatMap(\.configuration.keys)).subtracting(facts).sorted().map { RunColumn.setting($0) }
        let scores = runs.flatMap(\.scores).map {
            RunColumn.score(split: $0.split, dimension: $0.dimension, metric: $0.metric)
        }
        var seen: Set<RunColumn> = []
        return RunColumn.facts + settings + scores.filter { seen.insert($0).inserted }
    }

    // MARK: Terminal

    /// Columns of the terminal that standard output goes to; nil where it goes elsewhere.
    static var terminalWidth: Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
