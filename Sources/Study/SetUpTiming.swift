/// What the clock said of one set-up's runs: the same clock at the same places of the same training loop for every set-up.
///
/// An epoch trains on every batch, reading or computing the frozen layers' output included, and is then scored on the development
/// split. What a run does before its first epoch and after its last is not in it.
public struct SetUpTiming: Sendable, Equatable {
    public struct Epoch: Sendable, Equatable {
        public var trainingSeconds: Double
        public var evaluatingSeconds: Double
        public var seconds: Double { trainingSeconds + evaluatingSeconds }

        public init(trainingSeconds: Double, evaluatingSeconds: Double) {
            self.trainingSeconds = trainingSeconds
            self.evaluatingSeconds = evaluatingSeconds
        }
    }

    public struct Run: Sendable, Equatable {
        public var epochs: [Epoch]
        /// Counted from 1.
        public var bestEpoch: Int

        public init(epochs: [Epoch], bestEpoch: Int) {
            self.epochs = epochs
            self.bestEpoch = bestEpoch
        }
    }

    /// A quantity over epochs of all runs.
    public struct Spread: Sendable, Equatable, Encodable {
        /// Not the mean: one epoch during which the machine was busy with something else does not move it.
        public let median: Double
        public let least: Double
        public let most: Double

        init(_ values: [Double]) {
            let sorted = values.sorted(), middle = sorted.count / 2
            median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
            (least, most) = (sorted[0], sorted[sorted.count - 1])
        }
    }

    public let runs: [Run]

    /// - Parameter runs: at least one, each of at least one epoch.
    public init(_ runs: [Run]) {
        precondition(!runs.isEmpty && runs.allSatisfy { !$0.epochs.isEmpty }, "timings of no epoch")
        self.runs = runs
    }

    public var trainingPerEpoch: Spread { Spread(settledEpochs.map(\.trainingSeconds)) }
    public var evaluatingPerEpoch: Spread { Spread(settledEpochs.map(\.evaluatingSeconds)) }
    /// All but each run's first, in which a process maps its memory and has its products compiled: that comes once a run, and weighs the
    /// more the less a set-up has to do. Where no run has a second, the first ones.
    private var settledEpochs: [Epoch] {
        let later = runs.flatMap { $0.epochs.dropFirst() }
        return later.isEmpty ? runs.flatMap(\.epochs) : later
    }
    /// Training and evaluating, medians each.
    public var secondsPerEpoch: Double { trainingPerEpoch.median + evaluatingPerEpoch.median }
    /// Epochs of a run, on average.
    public var epochsPerRun: Double { mean { Double($0.epochs.count) } }
    public var epochsToBest: Double { mean { Double($0.bestEpoch) } }
    /// Of all epochs of a run, on average.
    public var secondsPerRun: Double { mean { $0.epochs.reduce(0) { $0 + $1.seconds } } }
    /// Until the best epoch is done, on average.
    public var secondsToBest: Double { mean { $0.epochs.prefix($0.bestEpoch).reduce(0) { $0 + $1.seconds } } }

    private func mean(_ value: (Run) -> Double) -> Double { runs.map(value).reduce(0, +) / Double(runs.count) }
}
