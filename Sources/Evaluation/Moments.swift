import Runs

/// What all four metrics follow from: sums over utterances, which add up over groups of them. A bootstrap that draws
/// whole speakers so costs as many additions as there are speakers, however long they talk.
struct Moments {
    /// Where truth and prediction are measured from; near their means, so that no digits cancel.
    struct Centre: Equatable {
        var truth = 0.0
        var prediction = 0.0
    }

    private var count = 0.0
    private var truth = 0.0
    private var prediction = 0.0
    private var truthSquared = 0.0
    private var predictionSquared = 0.0
    private var product = 0.0
    private var errorSquared = 0.0
    private var errorMagnitude = 0.0

    mutating func add(truth t: Double, prediction p: Double, about centre: Centre) {
        let x = t - centre.truth, y = p - centre.prediction, error = p - t
        count += 1
        truth += x
        prediction += y
        truthSquared += x * x
        predictionSquared += y * y
        product += x * y
        errorSquared += error * error
        errorMagnitude += abs(error)
    }

    /// Adds sums that were measured from the same centre.
    static func += (sum: inout Moments, other: Moments) {
        sum.count += other.count
        sum.truth += other.truth
        sum.prediction += other.prediction
        sum.truthSquared += other.truthSquared
        sum.predictionSquared += other.predictionSquared
        sum.product += other.product
        sum.errorSquared += other.errorSquared
        sum.errorMagnitude += other.errorMagnitude
    }

    /// Why a metric means nothing here.
    enum Undefined: String, Error {
        case noUtterance = "no utterance"
        case oneUtterance = "fewer than two utterances"
        case notFinite = "a truth or prediction is not a finite number"
        case sameConstant = "truth and predictions are all the same number"
        case constantTruth = "the truth does not vary"
        case constantPredictions = "the predictions do not vary"
        case constants = "neither the truth nor the predictions vary"
    }

    /// A metric over everything added so far, in population moments (`docs/scores.md` has the formulas).
    /// - Parameter centre: what the sums were measured from.
    func value(_ metric: Metric, about centre: Centre) throws(Undefined) -> Double {
        guard count > 0 else { throw .noUtterance }
        guard errorSquared.isFinite else { throw .notFinite }
        switch metric {
        case .rmse: return (errorSquared / count).squareRoot()
        case .mae: return errorMagnitude / count
        case .ccc, .pearson: break
        }
        guard count > 1 else { throw .oneUtterance }
        let meanTruth = truth / count, meanPrediction = prediction / count
        let varianceTruth = Self.variance(truthSquared / count, mean: meanTruth)
        let variancePrediction = Self.variance(predictionSquared / count, mean: meanPrediction)
        let covariance = product / count - meanTruth * meanPrediction
        if metric == .pearson {
            switch (varianceTruth > 0, variancePrediction > 0) {
            case (true, true):
                // Rounding takes a perfect correlation of a few utterances past 1.
                return min(1, max(-1, covariance / (varianceTruth.squareRoot() * variancePrediction.squareRoot())))
            case (true, false): throw .constantPredictions
            case (false, true): throw .constantTruth
            case (false, false): throw .constants
            }
        }
        // One constant side has no covariance with anything, whatever rounding makes of it.
        guard varianceTruth > 0, variancePrediction > 0 else {
            if varianceTruth == 0, variancePrediction == 0, errorSquared == 0 { throw .sameConstant }
            return 0
        }
        let offset = centre.truth - centre.prediction + meanTruth - meanPrediction
        return 2 * covariance / (varianceTruth + variancePrediction + offset * offset)
    }

    /// Zero where nothing varies: of values that are all alike and lie off the centre, as in a resample that draws one
    /// utterance again and again, rounding leaves a sliver of their mean square that would pass for a variance.
    private static func variance(_ meanSquare: Double, mean: Double) -> Double {
        let variance = meanSquare - mean * mean
        return variance > 1e-12 * meanSquare ? variance : 0
    }
}
