import Buffers
import Checkpoints
import Kernels
import Runs
import SpeechEncoder

/// What determines the model that is trained, so that it can be made on one engine and measured on another.
struct Blueprint {
    let configuration: TrainConfiguration
    let encoder: EncoderConfiguration
    let setUp: SetUp
    let weights: any TensorSource
    let dimensions: [String]
    let precision: Precision

    /// The model's own, but for what the configuration says.
    var dropouts: EncoderConfiguration.Dropouts { encoder.dropouts.overridden(by: configuration.dropout) }

    func model(
        on engine: any Engine,
        standardisation: (UpperEncoder, Pooling) throws -> RegressionModel.Standardisation
    ) throws -> RegressionModel {
        let upper = try UpperEncoder(
            encoder, weights: weights, cut: setUp.cut, trained: setUp.parts, recomputes: configuration.recomputes,
            precision: precision, seed: configuration.seed, engine: engine)
        let pooling = Pooling(
            configuration.pooling, columns: encoder.hiddenSize, attentionWidth: configuration.attention.hidden,
            seed: configuration.seed, engine: engine)
        let top = RegressionTop(
            dimensions: dimensions, pooling: pooling, head: configuration.head,
            dropout: configuration.dropout.head.map { Float($0) } ?? encoder.headDropout,
            standardisation: try standardisation(upper, pooling), seed: configuration.seed, engine: engine)
        return RegressionModel(
            encoder: upper, top: top, loss: RegressionLoss(configuration.loss, dimensions: dimensions), engine: engine)
    }
}
