import Foundation
import Runs

/// What stands on standard output at the end.
enum Summary {
    static func json(_ result: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(result), as: UTF8.self)
    }

    static func text(_ result: RunResult, directory: String) -> String {
        var lines = ["best epoch \(result.bestEpoch) of \(result.epochs), \(directory)"]
        for split in sortedSplits(result.scores.keys) {
            for (dimension, scores) in result.scores[split, default: [:]].sorted(by: { $0.key < $1.key }) {
                let interval = scores.intervals[.ccc].map { " [\(three($0.low)), \(three($0.high))]" } ?? ""
                lines.append(
                    "\(pad(split, 12)) \(pad(dimension, 11)) CCC \(three(scores.ccc))\(interval)  RMSE "
                        + "\(three(scores.rmse))  n \(scores.count)")
            }
        }
        let share = 100 * Double(result.trainableParameters) / Double(result.totalParameters)
        lines.append(
            "trained \(rounded(result.trainableParameters)) of \(rounded(result.totalParameters)) parameters "
                + "(\(one(share)) %), \(one(result.secondsPerEpoch)) s per epoch, "
                + "\(one(result.audioSecondsPerSecond)) audio seconds per second, "
                + "peak memory \(one(Double(result.peakMemoryBytes) / 1e9)) GB")
        return lines.joined(separator: "\n")
    }

    static func text(_ summary: SeedSummary, directory: String) -> String {
        func spread(_ spread: SeedSummary.Spread?) -> String {
            guard let spread else { return "—" }
            return three(spread.mean) + (spread.deviation.map { " ± \(three($0))" } ?? "")
        }
        var lines = ["\(summary.seeds.count) seeds, \(directory): mean ± standard deviation between seeds"]
        for split in sortedSplits(summary.scores.keys) {
            for (dimension, scores) in summary.scores[split, default: [:]].sorted(by: { $0.key < $1.key }) {
                lines.append(
                    "\(pad(split, 12)) \(pad(dimension, 11)) CCC \(spread(scores["ccc"]))  RMSE "
                        + spread(scores["rmse"]))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
    private static func one(_ value: Double) -> String { String(format: "%.1f", value) }
    private static func three(_ value: Double) -> String { String(format: "%.3f", value) }
    static func rounded(_ count: Int) -> String {
        count < 100_000 ? "\(count)" : String(format: "%.1f M", Double(count) / 1e6)
    }
}
