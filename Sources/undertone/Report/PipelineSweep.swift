import Pipelines
import Reports
import Runs

extension SweepRecord {
    /// What lies on the disk of a pipeline's runs: those of its sweep, or of the configuration under `train`. It may be half done.
    /// - Throws: what the run directories' readers throw of files that are there and not what they should be.
    init(_ plan: Plan) throws {
        let summary = try SweepSummary(plan)
        let pipeline = plan.pipeline
        let seeds = Dictionary(
            plan.trials.map { ($0.directory, $0.seed) } + zip(plan.runs.map(\.directory), pipeline.seeds),
            uniquingKeysWith: { first, _ in first })
        let trials = try summary.rows.map { row in
            let runs = try row.runs.map { path in
                let seed = seeds[path] ?? 0
                return try row.isOutdated
                    ? SeedRun(seed: seed, epochs: []) : SeedRun(RunDirectory(path: path), seed: seed)
            }
            return Trial(
                id: row.trial, state: State(row.state), settings: row.settings, runs: runs, rung: row.rung)
        }
        let best = try summary.best?.runs.map { try RunRecord(path: $0) } ?? []
        self.init(
            name: pipeline.name, criterion: pipeline.train.bestMetric, dimensions: pipeline.train.labels.map(\.name),
            epochs: pipeline.train.epochs, parameters: pipeline.sweep?.parameters.map(Parameter.init) ?? [],
            rungs: plan.rungs.map { Rung(epochs: $0.epochs, trials: $0.points) }, trials: trials, best: best)
    }
}

extension SweepRecord.State {
    fileprivate init(_ state: SweepSummary.State) {
        switch state {
        case .done: self = .done
        case .stopped: self = .stopped
        case .failed: self = .failed
        case .unfinished: self = .unfinished
        }
    }
}

extension SweepRecord.Parameter {
    fileprivate init(_ parameter: Sweep.Parameter) {
        let scale: Scale
        switch parameter.domain {
        case .choice(let values): scale = .categorical(values)
        case .uniform, .integers: scale = .linear
        case .logUniform: scale = .logarithmic
        }
        self.init(key: parameter.key, scale: scale)
    }
}
