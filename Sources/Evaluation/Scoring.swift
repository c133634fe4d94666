import Runs

/// How well predictions agree with the truth: CCC, Pearson's r, RMSE and MAE, and their 95 % intervals.
///
/// `docs/scores.md` has the formulas, the bootstrap and their sources.
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

    /// All four metrics, in population moments:
    ///
    ///     CCC  = 2 cov(t, p) / (var(t) + var(p) + (t̄ − p̄)²)
    ///     r    = cov(t, p) / (sd(t) · sd(p))
    ///     RMSE = √(mean (p − t)²)      MAE = mean |p − t|
    ///
    /// CCC and r need two utterances; r needs both sides to vary; CCC is 0 where one side is constant, and undefined
    /// where both are the same constant. What is undefined is NaN, with the reason in `undefined`.
    /// - Source: Lin 1989, eq. 2.
    public static func scores(_ pairs: [Pair]) -> Scores {
        let centre = centre(of: pairs)
        var moments = Moments()
        for pair in pairs { moments.add(truth: pair.truth, prediction: pair.prediction, about: centre) }
        var scores = Scores(ccc: .nan, pearson: .nan, rmse: .nan, mae: .nan, count: pairs.count)
        func value(_ metric: Metric) -> Double {
            do throws(Moments.Undefined) {
                return try moments.value(metric, about: centre)
            } catch {
                scores.undefined[metric] = error.rawValue
                return .nan
            }
        }
        scores.ccc = value(.ccc)
        scores.pearson = value(.pearson)
        scores.rmse = value(.rmse)
        scores.mae = value(.mae)
        return scores
    }

    /// The scores with a 95 % percentile interval of each, from a bootstrap over speakers, or over utterances where fewer
    /// than two speakers are known. A score without one has the reason in `withoutInterval`.
    public static func scoresWithIntervals(
        _ pairs: [Pair], resamples: Int = Bootstrap.defaultResampleCount, seed: UInt64
    ) -> Scores {
        var scores = scores(pairs)
        let defined = Metric.allCases.filter { scores.undefined[$0] == nil }
        guard pairs.count >= Bootstrap.fewestUtterances else {
            for metric in defined {
                scores.withoutInterval[metric] = "fewer than \(Bootstrap.fewestUtterances) utterances"
            }
            return scores
        }
        let units = Bootstrap.units(speakers: pairs.map(\.speaker))
        let centre = centre(of: pairs)
        let sums = units.members.map { members in
            var moments = Moments()
            for index in members {
                moments.add(truth: pairs[index].truth, prediction: pairs[index].prediction, about: centre)
            }
            return moments
        }
        var values: [Metric: [Double]] = [:]
        var bootstrap = Bootstrap(units: units.members.count, seed: seed)
        for _ in 0..<resamples {
            var drawn = Moments()
            bootstrap.draw { drawn += sums[$0] }
            for metric in defined {
                if let value = try? drawn.value(metric, about: centre) { values[metric, default: []].append(value) }
            }
        }
        for metric in defined {
            if let interval = Bootstrap.interval(values[metric, default: []], of: resamples) {
                scores.intervals[metric] = interval
            } else {
                scores.withoutInterval[metric] = Bootstrap.tooFewDefined
            }
        }
        if !scores.intervals.isEmpty { scores.resampled = .init(unit: units.unit, count: units.members.count) }
        return scores
    }

    /// How the intervals come about, for people.
    public static func intervalMethod(resamples: Int) -> String {
        "95 % percentile bootstrap over speakers (over utterances where fewer than two speakers are known), "
            + "\(resamples) resamples"
    }

    /// The means. Taken from the first pair on, so that of values that are all alike it is that very value.
    static func centre(of pairs: some Collection<Pair>) -> Moments.Centre {
        guard let first = pairs.first else { return Moments.Centre() }
        let n = Double(pairs.count)
        return Moments.Centre(
            truth: first.truth + pairs.reduce(0) { $0 + ($1.truth - first.truth) } / n,
            prediction: first.prediction + pairs.reduce(0) { $0 + ($1.prediction - first.prediction) } / n)
    }
}
