import Runs

/// What each rung of successive halving let through.
extension SweepRecord {
    var halving: [String: Any]? {
        guard rungs.count > 1 else { return nil }
        let rows = rungs.enumerated().map { number, rung -> [String: Any] in
            let passed = trials.filter { ($0.rung ?? -1) >= number && $0.epochs >= rung.epochs }
            let scores = passed.compactMap { score($0, epochs: rung.epochs)?.mean }
            let sorted = scores.sorted { criterion.isBetter($0, than: $1) }
            let isLast = number == rungs.count - 1
            // A trial that is let in has not come to an epoch of the next rung yet.
            let wentOn = passed.filter { ($0.rung ?? -1) > number || $0.epochs > rung.epochs }
            let least = wentOn.compactMap { score($0, epochs: rung.epochs)?.mean }.reduce(nil as Double?) {
                least, value in
                least.map { criterion.isBetter(value, than: $0) ? $0 : value } ?? value
            }
            return [
                "number": "\(number)", "epochs": "\(rung.epochs)", "came": Format.count(passed.count),
                "of": Format.count(rung.trials), "best": Format.fixed(sorted.first),
                "median": Format.fixed(sorted.isEmpty ? nil : sorted[sorted.count / 2]),
                "wentOn": isLast ? "–" : Format.count(wentOn.count), "least": isLast ? "–" : Format.fixed(least),
            ]
        }
        return ["metric": criterion.title, "rows": rows, "share": epochShare]
    }

    /// `53 of 192 epochs (28 %)`: what was trained of what all trials would have taken.
    var epochShare: String {
        let trained = trials.flatMap(\.runs).reduce(0) { $0 + ($1.epochs.last?.epoch ?? 0) }
        let whole = trials.reduce(0) { $0 + $1.runs.count * epochs }
        let share = whole == 0 ? 0 : 100 * Double(trained) / Double(whole)
        return "\(Format.count(trained)) of \(Format.count(whole)) epochs (\(Format.fixed(share, 0))\u{A0}%)"
    }
}
