import Buffers
import Checkpoints
import Kernels
import Runs
import SpeechEncoder

/// What a run trained, put together again for predictions: the encoder above the cut, pooling and heads.
///
/// Everything lies as training had it, so that the same rows give the same bits as in the run's own evaluation, whatever they are
/// batched with; there are no gradients.
public struct TrainedModel: Sendable {
    public let dimensions: [String]
    private let model: (encoder: UpperEncoder, top: RegressionTop)
    private let statistics: [LabelStatistics]

    /// - Parameters:
    ///   - configuration: the run's.
    ///   - encoderConfiguration: of the whole encoder.
    ///   - cut: that the run was trained from.
    ///   - weights: the encoder's tensors above the cut, the trained ones as they were trained.
    ///   - trained: the run's `best.safetensors`, or a file that holds at least its heads, adapters and metadata.
    ///   - precision: of the operands; the run's own, for the run's bits.
    ///   - engine: where weights are put, and what computes.
    /// - Throws: `CheckpointError` for a tensor that is missing or has another shape, `TrainingError` for metadata that is missing.
    public init(
        _ configuration: TrainConfiguration, encoder encoderConfiguration: EncoderConfiguration, cut: Cut,
        weights: any TensorSource, trained: SafetensorsFile, precision: Precision, engine: any Engine
    ) throws {
        var parts = try SetUp(configuration, encoder: encoderConfiguration, cuts: [cut], cache: trained.location).parts
        parts.learns = false
        let encoder = try UpperEncoder(
            encoderConfiguration, weights: weights, cut: cut, trained: parts, precision: precision,
            seed: configuration.seed, engine: engine)
        let pooling = Pooling(
            configuration.pooling, columns: encoderConfiguration.hiddenSize,
            attentionWidth: configuration.attention.hidden, seed: configuration.seed, engine: engine)
        let labels = try BestWeights.labels(in: trained)
        dimensions = labels.map(\.name)
        statistics = labels.map { LabelStatistics(mean: $0.mean, deviation: $0.deviation) }
        let top = RegressionTop(
            dimensions: dimensions, pooling: pooling, head: configuration.head, dropout: 0,
            standardisation: try TrainingState.standardisation(in: trained, columns: pooling.outputs),
            seed: configuration.seed, engine: engine)
        try BestWeights.restore(encoder.parameters + top.parameters, from: trained, engine: engine)
        model = (encoder, top)
    }

    /// Predictions in the labels' own scale, `[dimension][utterance]`.
    /// - Parameters:
    ///   - rows: hidden states at the cut, `[N, C]` float32.
    ///   - offsets: `[B + 1]`, where each utterance begins in them.
    public func predictions(_ rows: Matrix, offsets: PackedOffsets) -> [[Double]] {
        let hidden = model.encoder(rows, offsets: offsets)
        let outputs = model.top.forward(hidden, offsets: offsets, step: nil).predictions
        return zip(outputs, statistics).map { values, statistics in values.map(statistics.restored) }
    }
}
