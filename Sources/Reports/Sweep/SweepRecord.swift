import Runs

/// The runs of a pipeline as one: the configurations that were tried, each with one seed or several, and what came of them.
public struct SweepRecord: Sendable {
    /// Something that was varied.
    public struct Parameter: Sendable, Equatable {
        public enum Scale: Sendable, Equatable {
            case linear, logarithmic
            /// Its values, in order.
            case categorical([String])
        }

        /// Dotted, e.g. `optimiser.learning_rate.layers`.
        public var key: String
        public var scale: Scale

        public init(key: String, scale: Scale) {
            self.key = key
            self.scale = scale
        }
    }

    public enum State: String, Sendable {
        /// Trained to the end.
        case done
        /// Others were better at the end of a rung.
        case stopped
        /// Could not be trained.
        case failed
        case unfinished
    }

    /// One setting of all parameters, with each of its seeds.
    public struct Trial: Sendable {
        public var id: String
        public var state: State
        /// By key, as YAML; what a condition leaves out is not there.
        public var settings: [String: String]
        public var runs: [SeedRun]
        /// The last rung, counted from 0, to whose end it came.
        public var rung: Int?

        public init(id: String, state: State, settings: [String: String], runs: [SeedRun], rung: Int? = nil) {
            self.id = id
            self.state = state
            self.settings = settings
            self.runs = runs
            self.rung = rung
        }
    }

    /// A stage of successive halving, at whose end trials are compared.
    public struct Rung: Sendable, Equatable {
        /// Done at its end.
        public var epochs: Int
        /// How many trials are let in.
        public var trials: Int

        public init(epochs: Int, trials: Int) {
            self.epochs = epochs
            self.trials = trials
        }
    }

    public var name: String
    /// What trials are compared by.
    public var criterion: BestCriterion
    /// The dimensions, in the configuration's order.
    public var dimensions: [String]
    /// Of a whole run.
    public var epochs: Int
    public var parameters: [Parameter]
    /// Of successive halving; one where every trial is trained to its end.
    public var rungs: [Rung]
    /// Best first.
    public var trials: [Trial]
    /// The finished runs of the best trial, in the order of their seeds; empty where none is finished.
    public var best: [RunRecord]

    public init(
        name: String, criterion: BestCriterion, dimensions: [String], epochs: Int, parameters: [Parameter],
        rungs: [Rung], trials: [Trial], best: [RunRecord]
    ) {
        self.name = name
        self.criterion = criterion
        self.dimensions = dimensions
        self.epochs = epochs
        self.parameters = parameters
        self.rungs = rungs
        self.trials = trials
        self.best = best
    }
}

/// How far one run is: all of a run directory that a page with hundreds of them can show.
extension SweepRecord {
    public struct SeedRun: Sendable {
        public var seed: UInt64
        public var epochs: [EpochMetrics]
        /// Nil where it is not done.
        public var result: RunResult?

        public init(seed: UInt64, epochs: [EpochMetrics], result: RunResult? = nil) {
            self.seed = seed
            self.epochs = epochs
            self.result = result
        }

        /// Reads a run directory, which need not be there yet.
        /// - Throws: `ReportError.run` naming a file that is there and not what it should be.
        public init(_ directory: RunDirectory, seed: UInt64) throws(ReportError) {
            self.seed = seed
            do throws(RunError) {
                epochs = directory.hasMetrics ? try directory.metrics().epochs : []
                result = directory.isFinished ? try directory.result() : nil
            } catch {
                throw .run(error)
            }
        }
    }
}
