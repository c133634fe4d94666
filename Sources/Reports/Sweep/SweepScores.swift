import Runs

/// What came out, over the seeds of each trial.
extension SweepRecord {
    /// The best score of each seed on the development split among the first `limit` epochs; nil where one of the seeds has none.
    func score(_ trial: Trial, epochs limit: Int = .max) -> SeedSummary.Spread? {
        let values = trial.runs.compactMap { run in
            run.epochs.reduce(nil as Double?) { best, epoch in
                guard epoch.epoch <= limit else { return best }
                let value = criterion.value(of: epoch)
                return criterion.isBetter(value, than: best) ? value : best
            }
        }
        return values.isEmpty || values.count < trial.runs.count ? nil : SeedSummary.Spread(values)
    }

    /// CCC of the kept epochs' weights, of the seeds that are done; nil where none is.
    func testCCC(_ trial: Trial, split: String, _ dimension: String) -> SeedSummary.Spread? {
        let values = trial.runs.compactMap { $0.result?.scores[split]?[dimension]?.ccc }
        return values.isEmpty ? nil : SeedSummary.Spread(values)
    }

    /// The split of the headline: the first test, else development.
    var headlineSplit: String { best.first?.headlineSplit ?? "development" }

    var isSeeded: Bool { trials.contains { $0.runs.count > 1 } }

    /// The first trial where it has come to its end: trials are listed best first.
    var bestTrial: Trial? { trials.first.flatMap { $0.state == .done && score($0) != nil ? $0 : nil } }

    /// The finished run of the best trial whose score lies nearest to their mean: the one to look at closely.
    var typicalRun: RunRecord? {
        let mean = SeedSummary.Spread(best.map(\.result.bestMetric.value)).mean
        return best.min { abs($0.result.bestMetric.value - mean) < abs($1.result.bestMetric.value - mean) }
    }

    /// `0.612`, or `0.612 ± 0.010` over several seeds.
    func text(_ spread: SeedSummary.Spread?) -> String {
        guard let spread else { return "–" }
        return Format.fixed(spread.mean) + (spread.deviation.map { " ± \(Format.fixed($0))" } ?? "")
    }
}

extension SweepRecord.Trial {
    /// Epochs done, of the seed that has fewest.
    var epochs: Int { runs.map { $0.epochs.last?.epoch ?? 0 }.min() ?? 0 }

    /// Training and evaluating, added up over the seeds, however they ran.
    var seconds: Double { runs.reduce(0) { $0 + $1.seconds } }

    /// The most that one of its finished runs took.
    var peakMemoryBytes: Int? { runs.compactMap(\.result?.peakMemoryBytes).max() }
}

extension SweepRecord.SeedRun {
    var seconds: Double { epochs.reduce(0) { $0 + $1.secondsTraining + $1.secondsEvaluating } }
}
