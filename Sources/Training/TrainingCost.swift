import Buffers
import Kernels
import Runs
import SpeechEncoder

/// What it takes to train a set-up, for batches of any size: found by running it over an engine that only counts, so that it
/// holds for every family, tuning and head, and nothing of the model is read.
public struct TrainingCost: Sendable {
    /// Floating-point operations of an utterance of `T` frames: `perFrame · T + perSquare · T²`. Packing wastes nothing, so that those of
    /// a batch are the sum over its utterances.
    public struct Operations: Sendable, Equatable {
        public var perFrame: Double
        public var perSquare: Double

        /// Through what two utterances of different lengths take.
        init(_ count: (_ frames: Int) -> Int) {
            let (short, long) = (100.0, 400.0), (a, b) = (Double(count(100)), Double(count(400)))
            perSquare = (b / long - a / short) / (long - short)
            perFrame = a / short - perSquare * short
        }

        public func of(_ lengths: some Sequence<Int>) -> Double {
            lengths.reduce(0) { $0 + perFrame * Double($1) + perSquare * Double($1) * Double($1) }
        }
    }

    public let setUp: SetUp
    /// Of a forward and backward pass; of layers that LayerDrop may leave out, the share that is computed on average.
    public let step: Operations
    /// Of predictions.
    public let scoring: Operations
    /// Encoder and heads.
    public let trainableParameters: Int
    /// Of the largest tensor, twice, while weights or the state are saved.
    private let savedBytes: Int
    private let averagedBytes: Int
    private let model: RegressionModel
    private let engine: CountingEngine
    private let learning: TrainingStep

    /// - Parameters:
    ///   - configuration: of the run.
    ///   - encoder: of the model, of which shapes alone are needed.
    ///   - cuts: that there are rows of.
    ///   - precision: of the operands, float32 or bfloat16.
    ///   - threads: of the engine, each of which takes memory of its own.
    /// - Throws: as `SetUp`.
    public init(
        _ configuration: TrainConfiguration, encoder: EncoderConfiguration, cuts: [Cut], precision: Precision,
        threads: Int
    ) throws {
        let setUp = try SetUp(configuration, encoder: encoder, cuts: cuts, cache: "the pipeline's cache")
        let blueprint = Blueprint(
            configuration: configuration, encoder: encoder, setUp: setUp, weights: BlankWeights(encoder),
            dimensions: configuration.labels.map(\.name), precision: precision)
        let engine = CountingEngine(threads: threads)
        let model = try blueprint.model(on: engine) { _, pooling in .identity(columns: pooling.outputs) }
        self.setUp = setUp
        self.model = model
        self.engine = engine
        // A layer left out of a step saves memory, on which nobody can count.
        var dropouts = blueprint.dropouts
        dropouts.layer = 0
        let learning = TrainingStep(dropouts: dropouts, seed: 0, number: 0)
        self.learning = learning
        let parameters = model.encoderParameters + model.headParameters
        trainableParameters = parameters.reduce(0) { $0 + $1.count }
        savedBytes = parameters.reduce(0) { max($0, 2 * 4 * $1.count) }
        averagedBytes = configuration.averageDecay == nil ? 0 : 4 * trainableParameters
        scoring = Operations { Self.count(model, engine, frames: $0, learning: nil) }
        var step = Operations { Self.count(model, engine, frames: $0, learning: learning) }
        let above = encoder.layerCount - setUp.cut.layersBelow
        if above > 0 {
            let computed = 1 - Double(blueprint.dropouts.layer) * Double(setUp.parts.layers) / Double(above)
            step.perFrame *= computed
            step.perSquare *= computed
        }
        self.step = step
    }

    /// The most memory that a run has in use: the program, the model with gradients and moments, and a step over a batch of these
    /// lengths in frames, in one piece.
    public func memoryBytes(batch lengths: [Int]) -> Int {
        let offsets = MemoryPlan.Passes.whole(lengths).pieces[0].offsets
        let batch = engine.bytes { Self.run(model, engine, offsets, learning: learning) }
        return MemoryPlan.programBytes + engine.usedBytes + savedBytes + averagedBytes + batch
    }

    private static func count(
        _ model: RegressionModel, _ engine: CountingEngine, frames: Int, learning: TrainingStep?
    ) -> Int {
        let before = engine.operations
        run(model, engine, PackedOffsets(single: frames), learning: learning)
        return engine.operations - before
    }

    private static func run(
        _ model: RegressionModel, _ engine: CountingEngine, _ offsets: PackedOffsets, learning: TrainingStep?
    ) {
        let columns = model.encoder.configuration.width(at: model.encoder.cut)
        let rows = engine.makeMatrix(rows: offsets.rowCount, columns: columns, precision: .float32)
        guard let learning else {
            _ = model.predictions(rows, offsets: offsets)
            return
        }
        let unlabelled = [Double?](repeating: nil, count: offsets.utteranceCount)
        _ = model.accumulateGradients(
            rows, offsets: offsets,
            labels: [[Double?]](repeating: unlabelled, count: model.dimensions.count), step: learning)
    }
}
