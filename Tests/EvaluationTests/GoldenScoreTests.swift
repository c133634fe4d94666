import Evaluation
import Foundation
import Runs
import Testing

/// What audmetric, scipy and numpy give, as `Fixtures/make_scores.py` wrote it.
struct GoldenScores: Decodable {
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        let name: String
        let truth: [Double]
        let prediction: [Double]
        let speakers: [String?]
        let resamples: Int
        let seed: UInt64
        let unit: Scores.Resampled.Unit
        let units: Int
        let scores: [String: Double?]
        let intervals: [String: [Double]?]
        /// scipy.stats.bootstrap's own intervals, by utterance.
        let scipy: [String: [Double]]?

        var testDescription: String { name }

        var pairs: [Scoring.Pair] {
            truth.indices.map { .init(truth: truth[$0], prediction: prediction[$0], speaker: speakers[$0]) }
        }
    }

    struct Comparison: Decodable, Sendable {
        struct Expected: Decodable, Sendable {
            let difference: Double
            let interval: [Double]
            let share: Double
        }

        let truth: [Double]
        let first: [Double]
        let second: [Double]
        let speakers: [String?]
        let resamples: Int
        let seed: UInt64
        let metrics: [String: Expected]

        func side(_ values: [Double], path: String) -> PairedComparison.Side {
            let rows = values.indices.map { index in
                Prediction(
                    id: "u\(index)", speaker: speakers[index],
                    values: ["valence": .init(truth: truth[index], prediction: values[index])])
            }
            return .init(path: path, predictions: Predictions(dimensions: ["valence"], rows: rows))
        }
    }

    let cases: [Case]
    let comparisons: [Comparison]

    static let all: GoldenScores = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/scores.json")
        do {
            return try JSONDecoder().decode(GoldenScores.self, from: Data(contentsOf: file))
        } catch {
            fatalError("\(file.path): \(error)")
        }
    }()
}

/// To twelve digits of the larger of 1 and the expected value, written so that NaN fails.
func isClose(_ value: Double, _ expected: Double, tolerance: Double = 1e-12) -> Bool {
    abs(value - expected) <= tolerance * max(1, abs(expected))
}

@Suite struct GoldenScoreTests {
    @Test(arguments: GoldenScores.all.cases)
    func scoresAndIntervalsAreThoseOfTheReference(_ golden: GoldenScores.Case) throws {
        let scores = Scoring.scoresWithIntervals(golden.pairs, resamples: golden.resamples, seed: golden.seed)
        #expect(scores.count == golden.truth.count)
        // Values about 1000 leave the reference's own sums three digits fewer.
        let tolerance = golden.truth[0] > 100 ? 1e-9 : 1e-12
        for metric in Metric.allCases {
            let expected = try #require(golden.scores[metric.rawValue])
            guard let expected else {
                #expect(scores[metric].isNaN && scores.undefined[metric] != nil, "\(metric)")
                #expect(scores.intervals[metric] == nil, "\(metric)")
                continue
            }
            #expect(isClose(scores[metric], expected, tolerance: tolerance), "\(metric)")
            let interval = try #require(scores.intervals[metric]),
                ends = try #require(golden.intervals[metric.rawValue])
            let bounds = try #require(ends)
            #expect(isClose(interval.low, bounds[0], tolerance: tolerance), "\(metric) \(interval) \(bounds)")
            #expect(isClose(interval.high, bounds[1], tolerance: tolerance), "\(metric) \(interval) \(bounds)")
        }
        #expect(scores.resampled == Scores.Resampled(unit: golden.unit, count: golden.units))
    }

    /// Other random numbers give other resamples: over many, the same interval to a tenth of its width.
    @Test func intervalsComeNearThoseOfScipysBootstrap() throws {
        let golden = try #require(GoldenScores.all.cases.first { $0.scipy != nil }), scipy = try #require(golden.scipy)
        let scores = Scoring.scoresWithIntervals(golden.pairs, resamples: 4000, seed: 1)
        for metric in Metric.allCases {
            let interval = try #require(scores.intervals[metric]), expected = try #require(scipy[metric.rawValue])
            let width = expected[1] - expected[0]
            #expect(abs(interval.low - expected[0]) < 0.1 * width, "\(metric)")
            #expect(abs(interval.high - expected[1]) < 0.1 * width, "\(metric)")
        }
    }

    @Test(arguments: Metric.allCases)
    func differencesAreThoseOfTheReference(_ metric: Metric) throws {
        let golden = try #require(GoldenScores.all.comparisons.first)
        let expected = try #require(golden.metrics[metric.rawValue])
        let comparison = try PairedComparison(
            golden.side(golden.first, path: "a"), golden.side(golden.second, path: "b"), metric: metric,
            resamples: golden.resamples, seed: golden.seed)
        let difference = try #require(comparison.differences.first), interval = try #require(difference.interval)
        #expect(isClose(difference.difference, expected.difference))
        #expect(isClose(interval.low, expected.interval[0]) && isClose(interval.high, expected.interval[1]))
        #expect(difference.shareFirstBetter == expected.share)
        #expect(comparison.commonCount == 80 && comparison.resampled.unit == .speaker)
    }
}
