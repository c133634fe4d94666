import Runs

/// A set-up's line of the table.
public struct StudyRow: Sendable, Equatable, Encodable {
    /// What every reduction and speed-up is against: full finetuning in the first of the study's precisions, as a rule float32.
    public struct Baseline: Sendable, Equatable {
        public var compute: String
        public var trainableParameters: Int
        /// Training alone, the median.
        public var trainingSecondsPerEpoch: Double
        public var secondsPerRun: Double

        public init(
            compute: String, trainableParameters: Int, trainingSecondsPerEpoch: Double, secondsPerRun: Double
        ) {
            self.compute = compute
            self.trainableParameters = trainableParameters
            self.trainingSecondsPerEpoch = trainingSecondsPerEpoch
            self.secondsPerRun = secondsPerRun
        }
    }

    /// The CCC of one dimension on the split that the table is about.
    public struct Score: Sendable, Equatable, Encodable {
        public var dimension: String
        /// Over the seeds; nil where undefined for all.
        public var mean: Double?
        /// Between the seeds; nil below two.
        public var deviation: Double?
        /// Of the mean, 95 %, from the bootstrap over speakers or utterances; nil where none can be given.
        public var low: Double?
        public var high: Double?
        /// This set-up's mean less the baseline's, over the same resamples; nil for that itself.
        public var difference: Difference?

        public init(
            dimension: String, mean: Double?, deviation: Double?, low: Double?, high: Double?, difference: Difference?
        ) {
            self.dimension = dimension
            self.mean = mean
            self.deviation = deviation
            self.low = low
            self.high = high
            self.difference = difference
        }
    }

    public struct Difference: Sendable, Equatable, Encodable {
        public var value: Double
        /// 95 %, paired.
        public var low: Double
        public var high: Double
        /// The interval does not hold zero.
        public let isSignificant: Bool

        public init(value: Double, low: Double, high: Double) {
            self.value = value
            self.low = low
            self.high = high
            isSignificant = low > 0 || high < 0
        }
    }

    /// What one run said, unworked.
    public struct Run: Sendable, Equatable, Encodable {
        public var directory: String
        public var seed: UInt64
        public var bestEpoch: Int
        /// Of each epoch.
        public var trainingSeconds: [Double]
        public var evaluatingSeconds: [Double]
        public var peakMemoryBytes: Int
        /// By dimension; one that is undefined is not there.
        public var ccc: [String: Double]

        public init(
            directory: String, seed: UInt64, bestEpoch: Int, trainingSeconds: [Double], evaluatingSeconds: [Double],
            peakMemoryBytes: Int, ccc: [String: Double]
        ) {
            self.directory = directory
            self.seed = seed
            self.bestEpoch = bestEpoch
            self.trainingSeconds = trainingSeconds
            self.evaluatingSeconds = evaluatingSeconds
            self.peakMemoryBytes = peakMemoryBytes
            self.ccc = ccc
        }
    }

    public let setUp: StudySetUp
    public let trainableParameters: Int
    public let totalParameters: Int
    /// Of the baseline's, 0 to 1.
    public let fewerParameters: Double
    public let trainingSecondsPerEpoch: SetUpTiming.Spread
    public let evaluatingSecondsPerEpoch: SetUpTiming.Spread
    /// Of training, per epoch: `1 − t/t(baseline)`, and `t(baseline)/t`.
    public let lessTime: Double
    public let speedUp: Double
    public let epochsPerRun: Double
    public let epochsToBest: Double
    public let secondsToBest: Double
    /// All epochs of a run; the cache is not in it.
    public let secondsPerRun: Double
    public let cache: CacheCost?
    /// A single run that needs the cache made first.
    public let secondsOfFirstRun: Double
    /// With the cache's cost divided among `amortisedOver` runs.
    public let secondsPerRunAmortised: Double
    /// `run(baseline)/run`, amortised.
    public let speedUpAmortised: Double
    /// Of the run, in its own process, that took most.
    public let peakMemoryBytes: Int
    public let scores: [Score]
    public let published: [PublishedFigure]
    public let runs: [Run]

    /// - Parameters:
    ///   - setUp: of all the runs.
    ///   - trainableParameters: of encoder and heads.
    ///   - totalParameters: of the whole model, frozen layers and heads included.
    ///   - runs: at least one, each of at least one epoch.
    ///   - cache: that the runs read; nil where they compute the frozen layers.
    ///   - scores: of each dimension, on the table's split.
    ///   - baseline: nil for the baseline itself.
    ///   - amortisedOver: how many runs the cache's cost is divided among.
    public init(
        _ setUp: StudySetUp, trainableParameters: Int, totalParameters: Int, runs: [Run], cache: CacheCost?,
        scores: [Score], baseline: Baseline?, amortisedOver: Int
    ) {
        let timing = Self.timing(runs)
        let baseline =
            baseline
            ?? Baseline(
                compute: setUp.compute, trainableParameters: trainableParameters,
                trainingSecondsPerEpoch: timing.trainingPerEpoch.median, secondsPerRun: timing.secondsPerRun)
        self.setUp = setUp
        self.trainableParameters = trainableParameters
        self.totalParameters = totalParameters
        fewerParameters = 1 - Double(trainableParameters) / Double(baseline.trainableParameters)
        trainingSecondsPerEpoch = timing.trainingPerEpoch
        evaluatingSecondsPerEpoch = timing.evaluatingPerEpoch
        lessTime = 1 - timing.trainingPerEpoch.median / baseline.trainingSecondsPerEpoch
        speedUp = baseline.trainingSecondsPerEpoch / timing.trainingPerEpoch.median
        epochsPerRun = timing.epochsPerRun
        epochsToBest = timing.epochsToBest
        secondsToBest = timing.secondsToBest
        secondsPerRun = timing.secondsPerRun
        self.cache = cache
        secondsOfFirstRun = timing.secondsPerRun + (cache?.seconds ?? 0)
        secondsPerRunAmortised = timing.secondsPerRun + (cache?.seconds(perRunOf: amortisedOver) ?? 0)
        speedUpAmortised = baseline.secondsPerRun / secondsPerRunAmortised
        peakMemoryBytes = runs.map(\.peakMemoryBytes).max() ?? 0
        self.scores = scores
        published = PublishedFigure.of(setUp, baselineCompute: baseline.compute)
        self.runs = runs
    }

    /// Training and evaluating.
    public var secondsPerEpoch: Double { trainingSecondsPerEpoch.median + evaluatingSecondsPerEpoch.median }

    /// This row as what others are held against.
    public var asBaseline: Baseline {
        Baseline(
            compute: setUp.compute, trainableParameters: trainableParameters,
            trainingSecondsPerEpoch: trainingSecondsPerEpoch.median, secondsPerRun: secondsPerRun)
    }

    /// What is published of the quantity for this set-up.
    public func published(_ quantity: PublishedFigure.Quantity) -> PublishedFigure? {
        published.first { $0.quantity == quantity }
    }

    private static func timing(_ runs: [Run]) -> SetUpTiming {
        SetUpTiming(
            runs.map { run in
                SetUpTiming.Run(
                    epochs: zip(run.trainingSeconds, run.evaluatingSeconds).map {
                        SetUpTiming.Epoch(trainingSeconds: $0, evaluatingSeconds: $1)
                    }, bestEpoch: run.bestEpoch)
            })
    }
}
