/// Everything that decides what stage two trains, and how. Each value has a default except `labels`.
///
/// It is read from a YAML file (every key optional), overridden by `--set key=value`, and written whole to the run
/// directory's `config.yaml`, from which it reads back equal.
public struct TrainConfiguration: Sendable, Equatable {
    /// A dimension to regress: a label column of the manifest.
    public struct Label: Sendable, Equatable {
        public var name: String
        /// The ends of the labels' own scale, e.g. 1 to 7: labels beyond them are refused. Both or neither.
        public var scale: ClosedRange<Double>?

        public init(name: String, scale: ClosedRange<Double>? = nil) {
            self.name = name
            self.scale = scale
        }
    }

    public struct Optimiser: Sendable, Equatable {
        /// How the learning rate falls after the warm-up, to zero at the last step.
        public enum Schedule: String, Sendable, CaseIterable { case linear, cosine, constant }

        /// Over which steps the learning rate rises from zero.
        public enum Warmup: Sendable, Equatable {
            /// Of all steps of the run, 0 to 1.
            case fraction(Double)
            case steps(Int)

            /// The number of warm-up steps in a run of `total` steps.
            public func stepCount(of total: Int) -> Int {
                switch self {
                case .fraction(let fraction): Int((fraction * Double(total)).rounded())
                case .steps(let steps): min(steps, total)
                }
            }
        }

        /// Peak learning rate of the transformer layers.
        public var layersLearningRate = 5e-5
        /// Peak learning rate of the regression heads, which start from random and take far larger steps.
        public var headsLearningRate = 1e-3
        /// Peak learning rate of low-rank adapters, which start from nothing.
        public var adaptersLearningRate = 5e-4
        /// Peak learning rate of the embedding below the first layer; nil: as the layers'.
        public var embeddingLearningRate: Double?
        /// What the rate is multiplied by from each layer to the one below it; 1: all layers learn at one rate.
        public var layerDecay = 1.0
        /// Decoupled (AdamW); biases and normalisations are not decayed.
        public var weightDecay = 0.01
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        public var warmup = Warmup.fraction(0.1)
        public var schedule = Schedule.linear
        /// The gradient's norm over all parameters is cut to this; nil: never.
        public var clipNorm: Double? = 1

        public init() {}
    }

    /// Dropout probabilities; nil: what the model's configuration says.
    public struct Dropout: Sendable, Equatable {
        public var hidden: Double?
        public var attention: Double?
        public var activation: Double?
        /// Inside the heads; nil: the model's `final_dropout`. The head form `hf` has none.
        public var head: Double?
        /// After the feature projection, where that is trained.
        public var featureProjection: Double?
        /// Of a whole trained layer (LayerDrop, Fan et al. 2020).
        public var layer: Double?

        public init(
            hidden: Double? = nil, attention: Double? = nil, activation: Double? = nil, head: Double? = nil,
            featureProjection: Double? = nil, layer: Double? = nil
        ) {
            self.hidden = hidden
            self.attention = attention
            self.activation = activation
            self.head = head
            self.featureProjection = featureProjection
            self.layer = layer
        }
    }

    /// Which scores are computed at the end.
    public struct Scoring: Sendable, Equatable {
        /// Columns of the manifest by whose values every split is scored too: `speaker`, or any that describes.
        public var by = ["speaker"]
        /// Of the bootstrap for the 95 % intervals.
        public var resamples = 1000

        public init() {}
    }

    public enum Compute: String, Sendable, CaseIterable { case auto, float32, bfloat16 }

    public var labels: [Label] = []
    /// Transformer layers to train, from the top; the cache must hold the cut below them.
    public var layers: Layers = 3
    public var tuning = Tuning.full
    /// Of `tuning: lora`; otherwise not looked at.
    public var lora = LowRank()
    public var embedding = Embedding.auto
    /// Compute the layers' inner rows again in the backward pass instead of keeping them: less memory, more time, the same bits.
    public var recomputes = false
    public var seed: UInt64 = 0
    public var epochs = 20
    /// Where several are given: as many runs, in folders of their own. Nil: one run of `seed`.
    public var seeds: [UInt64]?
    public var batch = Batch()
    /// The most that training may take; batches go through the encoder in pieces that fit. Nil: no limit.
    public var memory: ByteCount?
    public var optimiser = Optimiser()
    /// Decay of an exponential moving average of the weights, which is then what is evaluated and kept; nil: none.
    public var averageDecay: Double?
    public var dropout = Dropout()
    public var mask = Mask()
    public var head = Head()
    public var pooling = Pooling.mean
    public var attention = Attention()
    /// Standardise the pooled rows over the training split before the heads; unless it is said, as the head's form does.
    public var standardise: Bool {
        get { saidStandardise ?? head.form.standardises }
        set { saidStandardise = newValue }
    }
    private var saidStandardise: Bool?
    public var loss = Loss()
    /// What decides which epoch's weights are kept.
    public var bestMetric = BestCriterion.meanCCC
    /// Training stops after so many epochs without a better one by `bestMetric`; nil: never before `epochs` are done.
    public var patience: Int?
    public var scoring = Scoring()
    /// Refuse a corpus whose splits share speakers or recordings, rather than only say so.
    public var strict = false
    /// Nil: as many as the machine has cores. The bits of a run depend on it only where `memory` divides batches into pieces.
    public var threads: Int?
    public var compute = Compute.auto

    public init(labels: [Label] = []) {
        self.labels = labels
    }

    /// Forgets what says no more than the default, so that equal configurations compare equal however they were written.
    mutating func normalise() {
        if saidStandardise == head.form.standardises { saidStandardise = nil }
    }
}
