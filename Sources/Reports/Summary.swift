import Runs

extension Report {
    /// A few lines for a terminal: what was trained on what, the scores, and how long it took.
    public var summary: String {
        var lines = [
            title + (corpus?.synthetic == true ? " (synthetic speech: the scores say nothing about people)" : "")
        ]
        for run in runs {
            let result = run.result
            lines.append("")
            let kept = "epoch \(result.bestEpoch) of \(result.epochs) kept"
            lines.append("\(run.name): \(result.model), \(result.trained), \(kept)")
            for split in run.splits where split != "train" {
                for dimension in run.dimensions {
                    guard let scores = result.scores[split]?[dimension] else { continue }
                    let range = interval(scores).map { " (95 %: \($0))" } ?? ""
                    let place = "  \(padded(split, 12)) \(padded(dimension, 12))"
                    lines.append("\(place) CCC \(Format.fixed(scores.ccc))\(range), n = \(scores.count)")
                }
            }
            lines.append(
                "  trained in \(Format.seconds(result.secondsTotal)): \(Format.seconds(result.secondsPerEpoch)) per epoch, "
                    + "\(Format.fixed(result.audioSecondsPerSecond, 0)) s of speech per second, "
                    + "\(result.compute), \(result.threads) threads")
        }
        if let audio = cache?.audioSeconds, let bytes = cache?.byteCount {
            lines.append("  from a cache of \(Format.seconds(audio)) of speech in \(Format.bytes(bytes))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
