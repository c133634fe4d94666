/// `result.json`: what came out of a run. Its presence means that the run is done.
public struct RunResult: Sendable, Equatable, Codable {
    public enum Status: String, Sendable, Codable, CaseIterable { case completed, interrupted }

    public struct Metric: Sendable, Equatable, Codable {
        /// As in the configuration, e.g. `ccc` or `rmse.valence`: of the development split.
        public var name: String
        public var value: Double

        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decode(String.self, forKey: .name)
            value = try values.decodeNullAsNaN(.value)
        }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(name, forKey: .name)
            try values.encodeNaNAsNull(value, .value)
        }

        enum CodingKeys: String, CodingKey { case name, value }
    }

    public var status: Status
    /// The epoch whose weights were kept, counted from 1.
    public var bestEpoch: Int
    public var bestMetric: Metric
    public var epochs: Int
    /// Scores of the best weights: `scores[split][dimension]`.
    public var scores: [String: [String: Scores]]
    /// How the 95 % intervals were computed, for people, e.g. `95 % percentile bootstrap, 1000 resamples`.
    public var intervalMethod: String?

    public var model: String
    /// Over the model's configuration and its weights above the cut; nil where the cache does not know them.
    public var modelSHA256: String?
    public var cacheKey: String
    /// As on the command line of stage one: `cnn`, `0` … `L`.
    public var cut: String
    /// Transformer layers trained.
    public var layers: Int
    /// What was trained, in words; nil in results of before there was a choice.
    public var setUp: String?
    public var seed: UInt64
    public var trainableParameters: Int
    /// Of the whole model, frozen layers and heads included.
    public var totalParameters: Int

    /// `float32` or `bfloat16`: what the products ran in, after `auto` was decided.
    public var compute: String
    public var threads: Int
    /// The processor or accelerator, by the name it gives itself.
    public var device: String
    public var secondsPerEpoch: Double
    public var secondsTotal: Double
    public var framesPerSecond: Double
    /// Seconds of speech trained on per second of training.
    public var audioSecondsPerSecond: Double
    public var peakMemoryBytes: Int
    /// Software and library versions, e.g. `undertone`, `swift`, `onednn`.
    public var versions: [String: String]
    public var corpus: CorpusNote?
    /// SHA-256 over the utterances, their splits, speakers and labels, and the columns that scores are grouped by.
    public var corpusSHA256: String
    /// Nil in results of before it was looked for.
    public var hygiene: Hygiene?
    /// Rows of the manifest that were left out for want of features, by split; nil in results of before they were counted.
    public var missingUtterances: [String: Int]?

    /// What was trained, for people, e.g. `top 3 of 12 layers`.
    public var trained: String { setUp ?? "top \(layers) layers" }

    public init(
        status: Status, bestEpoch: Int, bestMetric: Metric, epochs: Int, scores: [String: [String: Scores]],
        intervalMethod: String?, model: String, modelSHA256: String? = nil, cacheKey: String, cut: String, layers: Int,
        setUp: String? = nil, seed: UInt64,
        trainableParameters: Int, totalParameters: Int, compute: String, threads: Int, device: String,
        secondsPerEpoch: Double, secondsTotal: Double, framesPerSecond: Double, audioSecondsPerSecond: Double,
        peakMemoryBytes: Int, versions: [String: String], corpus: CorpusNote?,
        corpusSHA256: String, hygiene: Hygiene? = nil, missingUtterances: [String: Int]? = nil
    ) {
        self.status = status
        self.bestEpoch = bestEpoch
        self.bestMetric = bestMetric
        self.epochs = epochs
        self.scores = scores
        self.intervalMethod = intervalMethod
        self.model = model
        self.modelSHA256 = modelSHA256
        self.cacheKey = cacheKey
        self.cut = cut
        self.layers = layers
        self.setUp = setUp
        self.seed = seed
        self.trainableParameters = trainableParameters
        self.totalParameters = totalParameters
        self.compute = compute
        self.threads = threads
        self.device = device
        self.secondsPerEpoch = secondsPerEpoch
        self.secondsTotal = secondsTotal
        self.framesPerSecond = framesPerSecond
        self.audioSecondsPerSecond = audioSecondsPerSecond
        self.peakMemoryBytes = peakMemoryBytes
        self.versions = versions
        self.corpus = corpus
        self.corpusSHA256 = corpusSHA256
        self.hygiene = hygiene
        self.missingUtterances = missingUtterances
    }

    enum CodingKeys: String, CodingKey {
        case status, epochs, scores, model, cut, layers, seed, compute, threads, device, versions, corpus, hygiene
        case setUp = "setup"
        case bestEpoch = "best_epoch"
        case bestMetric = "best_metric"
        case intervalMethod = "interval_method"
        case modelSHA256 = "model_sha256"
        case cacheKey = "cache_key"
        case corpusSHA256 = "corpus_sha256"
        case trainableParameters = "trainable_parameters"
        case totalParameters = "total_parameters"
        case secondsPerEpoch = "seconds_per_epoch"
        case secondsTotal = "seconds_total"
        case framesPerSecond = "frames_per_second"
        case audioSecondsPerSecond = "audio_seconds_per_second"
        case peakMemoryBytes = "peak_memory_bytes"
        case missingUtterances = "missing_utterances"
    }
}
