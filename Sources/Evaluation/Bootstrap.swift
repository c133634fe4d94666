import Buffers
import Runs

/// Draws with replacement, and the intervals that follow: seeded, so that equal data give equal intervals.
///
/// - Source: Efron and Tibshirani 1993, section 13.3 (percentile intervals); Davison and Hinkley 1997, section 3.8
///   (resampling whole clusters).
public struct Bootstrap {
    public static let defaultResampleCount = 1000
    /// Below, an interval would be a play of two or three numbers.
    static let fewestUtterances = 3
    static let tooFewDefined = "undefined in more than half of the resamples"

    /// What is drawn whole: a speaker's utterances, for they are not independent of each other, or single utterances.
    struct Units {
        var unit: Scores.Resampled.Unit
        /// Indices of each unit's utterances.
        var members: [[Int]]
    }

    /// Speakers in order of appearance; an utterance whose speaker is not known is a unit of its own. Where fewer than
    /// two speakers are known, every utterance is.
    static func units(speakers: [String?]) -> Units {
        var members: [[Int]] = []
        var unitOfSpeaker: [String: Int] = [:]
        for (index, speaker) in speakers.enumerated() {
            if let speaker, let unit = unitOfSpeaker[speaker] {
                members[unit].append(index)
            } else {
                if let speaker { unitOfSpeaker[speaker] = members.count }
                members.append([index])
            }
        }
        guard unitOfSpeaker.count >= 2 else {
            return Units(unit: .utterance, members: speakers.indices.map { [$0] })
        }
        return Units(unit: .speaker, members: members)
    }

    private let unitCount: Int
    private var stream: RandomStream

    init(units: Int, seed: UInt64) {
        precondition(units > 0, "nothing to draw from")
        unitCount = units
        stream = RandomStream(seed: seed, "bootstrap")
    }

    /// One resample: as many units as there are, each drawn from all with equal probability.
    mutating func draw(_ body: (_ unit: Int) -> Void) {
        for _ in 0..<unitCount {
            // ⌊u · count / 2⁶⁴⌋: written out, for the library's own way of drawing may change between versions.
            body(Int(stream.next().multipliedFullWidth(by: UInt64(unitCount)).high))
        }
    }

    /// The 2.5 % and 97.5 % quantiles of the values, nil where fewer than half of the resamples gave one.
    static func interval(_ values: [Double], of resamples: Int) -> Scores.Interval? {
        guard !values.isEmpty, 2 * values.count >= resamples else { return nil }
        let sorted = values.sorted()
        return Scores.Interval(low: quantile(0.025, of: sorted), high: quantile(0.975, of: sorted))
    }

    /// Linear between the values beside position `q · (n − 1)`: type 7 of Hyndman and Fan 1996, numpy's default.
    static func quantile(_ q: Double, of sorted: [Double]) -> Double {
        let position = q * Double(sorted.count - 1), below = Int(position)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
    }
}
