import Runs

extension Report {
    /// A few lines for a terminal: what was trained on what, the scores, and how long it took.
    public var summary: String {
        var lines = [
            title + (corpus?.synthetic == true ? " (synthetic speech: the scores say nothing about people)" : "")
        ]
        if let sweep { return lines.joined() + "\n" + summary(of: sweep) }
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
        for cache in caches {
            guard let audio = cache.audioSeconds, let bytes = cache.byteCount else { continue }
            lines.append("  from a cache of \(Format.seconds(audio)) of speech in \(Format.bytes(bytes))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What was tried, what was best, and its scores over the seeds.
    private func summary(of sweep: SweepRecord) -> String {
        var lines = [sweep.counts]
        if let trial = sweep.bestTrial {
            let words = sweep.words(trial)
            lines.append("best: \(trial.id)\(words.isEmpty ? "" : ", \(words)")")
            lines.append(
                "  \(padded("development", 12)) \(padded(sweep.criterion.title, 12)) \(sweep.text(sweep.score(trial)))")
            let split = sweep.headlineSplit
            for dimension in sweep.dimensions where split != "development" {
                let scores = sweep.testCCC(trial, split: split, dimension)
                lines.append("  \(padded(split, 12)) \(padded(dimension, 12)) CCC \(sweep.text(scores))")
            }
        }
        lines += sweep.cost.prefix(3).map { "  \($0.name.lowercased()): \($0.value)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
