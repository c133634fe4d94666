import Runs

/// Agreement of predictions with the truth, for the groups that a run's own result does not list (speakers).
struct Agreement: Equatable {
    var count: Int
    var ccc: Double?
    var mae: Double

    /// Lin's concordance correlation coefficient, `2·cov / (var + var + (mean − mean)²)` with population moments, as
    /// everywhere in this project; nil under three pairs or where truth and prediction are the same constant, for
    /// which it means nothing.
    init?(_ pairs: [(truth: Double, prediction: Double)]) {
        guard !pairs.isEmpty else { return nil }
        let n = Double(pairs.count)
        let truthMean = pairs.reduce(0) { $0 + $1.truth } / n
        let predictionMean = pairs.reduce(0) { $0 + $1.prediction } / n
        var truthVariance = 0.0
        var predictionVariance = 0.0
        var covariance = 0.0
        for pair in pairs {
            let truth = pair.truth - truthMean
            let prediction = pair.prediction - predictionMean
            truthVariance += truth * truth / n
            predictionVariance += prediction * prediction / n
            covariance += truth * prediction / n
        }
        let offset = truthMean - predictionMean
        let denominator = truthVariance + predictionVariance + offset * offset
        count = pairs.count
        ccc = pairs.count >= 3 && denominator > 0 ? 2 * covariance / denominator : nil
        mae = pairs.reduce(0) { $0 + abs($1.truth - $1.prediction) } / n
    }

    static func pairs(
        _ rows: some Sequence<Prediction>, dimension: String
    ) -> [(truth: Double, prediction: Double)] {
        rows.compactMap { row in
            guard let value = row.values[dimension], let truth = value.truth, let prediction = value.prediction,
                truth.isFinite, prediction.isFinite
            else { return nil }
            return (truth, prediction)
        }
    }
}
