import Runs

/// A point of a sweep with one of the pipeline's seeds: one run.
public struct Trial: Sendable, Equatable {
    public var point: SweepPoint
    public var seed: UInt64
    /// Its run directory, `…/sweep/<id>/seed-<seed>`.
    public var directory: String
    /// The configuration of the whole budget, given to stage two with `--config`.
    public var configuration: Stamp

    /// The point's: eight hexadecimal digits of its settings. Trials that differ only in their seed share it.
    public var id: String { point.id }
    /// The point's, with the seed.
    public var trainConfiguration: TrainConfiguration {
        var configuration = point.configuration
        configuration.seed = seed
        return configuration
    }
    public var run: RunDirectory { RunDirectory(path: directory) }

    /// The file that Make knows the trial by at the end of a rung: written once the run has come so far, was not let into the
    /// rung, or cannot be trained.
    public func stamp(rung: Int) -> String { Self.stamp(of: directory, rung: rung) }

    static func stamp(of directory: String, rung: Int) -> String { "\(directory).rung-\(rung)" }
}

/// A stage of a sweep, at whose end trials are compared; a sweep without halving has one.
public struct Rung: Sendable, Equatable {
    /// Counted from 0.
    public var number: Int
    /// Epochs done at its end.
    public var epochs: Int
    /// How many points are let in.
    public var points: Int
    /// The file with the directories of the runs that are let in, a line each; nil for the first rung, where all are.
    public var admission: String?
}
