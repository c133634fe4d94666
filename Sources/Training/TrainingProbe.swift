import Buffers
import Checkpoints
import Kernels
import Runs
import SpeechEncoder

/// Steps of training on rows and labels that mean nothing, to find out how long they take.
public struct TrainingProbe {
    /// Of one step, in seconds.
    public struct Times: Sendable {
        public var gradients: Double
        public var optimiser: Double
    }

    private let model: RegressionModel
    private let optimiser: AdamW
    private let rows: Matrix
    private let offsets: PackedOffsets
    private let labels: [[Double?]]
    private let dropouts: EncoderConfiguration.Dropouts

    /// - Parameters:
    ///   - configuration: what is trained, and how many labels there are.
    ///   - encoder: of the model.
    ///   - weights: as `UpperEncoder` takes them.
    ///   - cuts: that there are rows of.
    ///   - lengths: of the batch's utterances, in frames.
    ///   - precision: of the operands, float32 or bfloat16.
    ///   - engine: what computes the steps.
    public init(
        _ configuration: TrainConfiguration, encoder: EncoderConfiguration, weights: any TensorSource, cuts: [Cut],
        lengths: [Int], precision: Precision, engine: any Engine
    ) throws {
        let setUp = try SetUp(configuration, encoder: encoder, cuts: cuts, cache: weights.location)
        let blueprint = Blueprint(
            configuration: configuration, encoder: encoder, setUp: setUp, weights: weights,
            dimensions: configuration.labels.map(\.name), precision: precision)
        model = try blueprint.model(on: engine) { _, pooling in .identity(columns: pooling.outputs) }
        optimiser = AdamW(
            groups: AdamW.Group.groups(model.encoder, heads: model.headParameters, configuration), options: .init(),
            engine: engine)
        offsets = try PackedOffsets(lengths: lengths)
        let columns = encoder.width(at: setUp.cut)
        var stream = RandomStream(seed: 0, "probe")
        rows = engine.makeMatrix(
            (0..<offsets.rowCount * columns).map { _ in stream.uniform() - 0.5 }, rows: offsets.rowCount,
            columns: columns)
        labels = configuration.labels.map { _ in lengths.map { _ in Double(stream.uniform()) } }
        var dropouts = blueprint.dropouts
        // Whether a layer is left out would be the luck of the draw.
        dropouts.layer = 0
        self.dropouts = dropouts
    }

    public var parameterCount: Int { optimiser.parameters.reduce(0) { $0 + $1.count } }

    /// - Parameter number: from 0; the first also has the libraries set themselves up.
    public func step(_ number: Int) -> Times {
        let begin = ContinuousClock.now
        _ = model.accumulateGradients(
            rows, offsets: offsets, labels: labels,
            step: TrainingStep(dropouts: dropouts, seed: 0, number: UInt64(number)))
        let middle = ContinuousClock.now
        _ = optimiser.step(number + 1, factor: 1e-6)
        return Times(gradients: (middle - begin).seconds, optimiser: (ContinuousClock.now - middle).seconds)
    }

    /// Seconds of the batch's predictions.
    public func score() -> Double {
        let begin = ContinuousClock.now
        _ = model.predictions(rows, offsets: offsets)
        return (ContinuousClock.now - begin).seconds
    }
}
