import Files

/// `scores.csv`: the scores of every split, whole and by each column that was asked for, a row per dimension.
///
/// Columns: `split, by, group, dimension, count`, then `<metric>, <metric>_low, <metric>_high` for `ccc`, `pearson`,
/// `rmse` and `mae`, then `interval_over, interval_units, note`. `by` and `group` are empty where the whole split is
/// scored; a cell is empty where there is no such number, and `note` says why.
public struct ScoreTable: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public var split: String
        /// The column that tells the groups apart, nil for the whole split.
        public var column: String?
        /// The column's value in this group; empty for the whole split.
        public var group: String
        public var dimension: String
        public var scores: Scores

        public init(split: String, column: String?, group: String, dimension: String, scores: Scores) {
            self.split = split
            self.column = column
            self.group = group
            self.dimension = dimension
            self.scores = scores
        }
    }

    public var rows: [Row]

    public init(rows: [Row]) { self.rows = rows }

    public var csv: String {
        let metrics = Metric.allCases.flatMap { [$0.rawValue, "\($0.rawValue)_low", "\($0.rawValue)_high"] }
        let header =
            ["split", "by", "group", "dimension", "count"] + metrics + ["interval_over", "interval_units", "note"]
        return ([header] + rows.map(Self.cells)).map(CommaSeparated.row).joined()
    }

    private static func cells(_ row: Row) -> [String] {
        let scores = row.scores
        func text(_ value: Double?) -> String { value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "" }
        let numbers = Metric.allCases.flatMap { metric in
            let interval = scores.intervals[metric]
            return [text(scores[metric]), text(interval?.low), text(interval?.high)]
        }
        let resampled = [scores.resampled?.unit.rawValue ?? "", scores.resampled.map { "\($0.count)" } ?? ""]
        return [row.split, row.column ?? "", row.group, row.dimension, "\(scores.count)"] + numbers + resampled
            + [note(scores)]
    }

    /// Every reason once, with the metrics it holds for.
    private static func note(_ scores: Scores) -> String {
        func said(_ reasons: [Metric: String], _ what: String) -> [String] {
            var metrics: [(reason: String, names: [String])] = []
            for metric in Metric.allCases {
                guard let reason = reasons[metric] else { continue }
                if let index = metrics.firstIndex(where: { $0.reason == reason }) {
                    metrics[index].names.append(metric.rawValue)
                } else {
                    metrics.append((reason, [metric.rawValue]))
                }
            }
            return metrics.map { "\($0.names.joined(separator: ", ")) \(what): \($0.reason)" }
        }
        return (said(scores.undefined, "undefined") + said(scores.withoutInterval, "without interval"))
            .joined(separator: "; ")
    }
}
