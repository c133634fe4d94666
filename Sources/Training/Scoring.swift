import Buffers
import Runs

/// How well predictions agree with the truth.
public enum Scoring {
    /// One labelled utterance with its prediction, in the labels' own scale.
    public struct Pair: Sendable, Equatable {
        public let truth: Double
        public let prediction: Double
        /// nil where the speaker is not known.
        public let speaker: String?

        public init(truth: Double, prediction: Double, speaker: String? = nil) {
            self.truth = truth
            self.prediction = prediction
            self.speaker = speaker
        }
    }

    /// CCC (Lin 1989), Pearson's r, root mean square error and mean absolute error, in population statistics.
    ///
    /// CCC is NaN when neither side varies and they agree on no scale (0/0), r when either side does not vary.
    public static func scores(_ pairs: [Pair]) -> Scores {
        let n = Double(pairs.count)
        guard n > 0 else { return Scores(ccc: .nan, pearson: .nan, rmse: .nan, mae: .nan, count: 0) }
        let meanT = pairs.reduce(0) { $0 + $1.truth } / n, meanP = pairs.reduce(0) { $0 + $1.prediction } / n
        var varianceT = 0.0, varianceP = 0.0, covariance = 0.0, square = 0.0, absolute = 0.0
        for pair in pairs {
            let t = pair.truth - meanT, p = pair.prediction - meanP, error = pair.prediction - pair.truth
            varianceT += t * t / n
            varianceP += p * p / n
            covariance += t * p / n
            square += error * error / n
            absolute += abs(error) / n
        }
        return Scores(
            ccc: 2 * covariance / (varianceT + varianceP + (meanT - meanP) * (meanT - meanP)),
            pearson: covariance / (varianceT * varianceP).squareRoot(), rmse: square.squareRoot(), mae: absolute,
            count: pairs.count)
    }

    /// The scores with a 95 % percentile interval of CCC from a bootstrap over speakers, or over utterances where fewer than
    /// two speakers are known: utterances of a speaker are not independent of each other.
    /// - Source: Efron and Tibshirani 1993, section 13.3; resampling clusters: Davison and Hinkley 1997, section 3.8.
    public static func scoresWithInterval(_ pairs: [Pair], resamples: Int = 1000, seed: UInt64) -> Scores {
        var result = scores(pairs)
        guard pairs.count >= 3 else { return result }
        var groups: [[Int]] = []
        var groupOfSpeaker: [String: Int] = [:]
        for (index, pair) in pairs.enumerated() {
            if let speaker = pair.speaker, let group = groupOfSpeaker[speaker] {
                groups[group].append(index)
            } else {
                if let speaker = pair.speaker { groupOfSpeaker[speaker] = groups.count }
                groups.append([index])
            }
        }
        if groupOfSpeaker.count < 2 { groups = pairs.indices.map { [$0] } }
        var stream = RandomStream(seed: seed, "bootstrap")
        var values: [Double] = []
        for _ in 0..<resamples {
            let drawn = groups.indices.flatMap { _ in groups[Int.random(in: 0..<groups.count, using: &stream)] }
            let ccc = scores(drawn.map { pairs[$0] }).ccc
            if ccc.isFinite { values.append(ccc) }
        }
        guard values.count >= resamples / 2 else { return result }
        values.sort()
        func quantile(_ q: Double) -> Double {
            let position = q * Double(values.count - 1), below = Int(position)
            let above = min(below + 1, values.count - 1)
            return values[below] + (position - Double(below)) * (values[above] - values[below])
        }
        result.cccInterval = Scores.Interval(low: quantile(0.025), high: quantile(0.975))
        return result
    }

    public static let intervalMethod =
        "95 % percentile bootstrap over speakers (over utterances where fewer than two speakers are known), 1000 resamples"
}
