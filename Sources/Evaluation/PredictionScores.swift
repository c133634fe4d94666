import Runs

extension Predictions {
    /// The labelled utterances of a dimension, in file order.
    public func pairs(_ dimension: String) -> [Scoring.Pair] { Self.pairs(rows, dimension) }

    static func pairs(_ rows: [Prediction], _ dimension: String) -> [Scoring.Pair] {
        rows.compactMap { row in
            guard let value = row.values[dimension], let truth = value.truth, let prediction = value.prediction else {
                return nil
            }
            return Scoring.Pair(truth: truth, prediction: prediction, speaker: row.speaker)
        }
    }
}

extension Scoring {
    /// The scores of a split with their intervals: whole, then by each column.
    public static func table(
        _ predictions: Predictions, split: String, by columns: [String], resamples: Int, seed: UInt64
    ) -> ScoreTable {
        let whole = rows(predictions, predictions.rows, split: split, resamples: resamples, seed: seed)
        let grouped = columns.flatMap { groups(predictions, split: split, by: $0, resamples: resamples, seed: seed) }
        return ScoreTable(rows: whole + grouped)
    }

    /// The scores of a split's groups by a column, in alphabetical order, a row per dimension. An utterance whose cell is
    /// empty belongs to no group.
    public static func groups(
        _ predictions: Predictions, split: String, by column: String, resamples: Int, seed: UInt64
    ) -> [ScoreTable.Row] {
        var groups: [String: [Prediction]] = [:]
        for row in predictions.rows {
            if let group = row.group(by: column) { groups[group, default: []].append(row) }
        }
        return groups.sorted { $0.key < $1.key }.flatMap { group, members in
            rows(predictions, members, split: split, group: (column, group), resamples: resamples, seed: seed)
        }
    }

    private static func rows(
        _ predictions: Predictions, _ members: [Prediction], split: String,
        group: (column: String, name: String)? = nil, resamples: Int, seed: UInt64
    ) -> [ScoreTable.Row] {
        predictions.dimensions.map { dimension in
            ScoreTable.Row(
                split: split, column: group?.column, group: group?.name ?? "", dimension: dimension,
                scores: scoresWithIntervals(Predictions.pairs(members, dimension), resamples: resamples, seed: seed))
        }
    }
}
