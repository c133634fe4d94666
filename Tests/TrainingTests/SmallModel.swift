import Buffers
import Checkpoints
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// A random model of one of the set-ups, and a packed batch for it.
struct SmallModel: Sendable, CustomTestStringConvertible {
    var preset = "wav2vec2-tiny"
    var cut = Cut.layer(1)
    var parts = TrainedParts(layers: 3)
    var recomputes = false
    var precision = Precision.float32
    var pooling = TrainConfiguration.Pooling.mean
    var form = TrainConfiguration.Head.Form.mlp
    /// That a layer is left out of a step.
    var layerDrop: Float = 0
    var masks = false

    private static let adapters = Tuning.lowRank(
        LowRankAdaptation(
            rank: 4, alpha: 8, dropout: 0.1, targets: [.query, .value, .output], isRankStabilised: false))

    static let all = [
        SmallModel(), SmallModel(precision: .bfloat16), SmallModel(preset: "wav2vec2-large-tiny", precision: .bfloat16),
        SmallModel(masks: true), SmallModel(layerDrop: 0.75, masks: true),
        SmallModel(cut: .cnn, parts: TrainedParts(layers: 4)),
        SmallModel(cut: .cnn, parts: TrainedParts(layers: 4), recomputes: true, masks: true),
        SmallModel(preset: "wavlm-tiny", cut: .cnn, parts: TrainedParts(layers: 4), layerDrop: 0.75),
        SmallModel(preset: "wavlm-large-tiny", cut: .layer(0), parts: TrainedParts(layers: 2)),
        SmallModel(parts: TrainedParts(layers: 0)), SmallModel(cut: .layer(4), parts: TrainedParts(layers: 0)),
        SmallModel(parts: TrainedParts(layers: 3, tuning: adapters), pooling: .attentive, masks: true),
        SmallModel(cut: .cnn, parts: TrainedParts(layers: 4, tuning: adapters), recomputes: true),
        SmallModel(parts: TrainedParts(layers: 3, tuning: .biases), form: .huggingFace),
        SmallModel(parts: TrainedParts(layers: 3, tuning: .norms), pooling: .meanDeviation, form: .audEERING),
        SmallModel(parts: TrainedParts(layers: 2), recomputes: true),
        SmallModel(
            parts: TrainedParts(layers: 2), precision: .bfloat16, pooling: .attentive, form: .audEERING),
    ]

    var testDescription: String {
        let options = [recomputes ? "recomputed" : nil, layerDrop > 0 ? "LayerDrop" : nil, masks ? "masked" : nil]
        return
            (["\(preset), \(tuningName) of \(parts.layers) layers above cut \(cut), \(precision)"]
            + ["\(pooling.rawValue) pooling, \(form.rawValue) head"] + options.compactMap(\.self))
            .joined(separator: ", ")
    }

    private var tuningName: String {
        switch parts.tuning {
        case .full: "all"
        case .biases: "biases"
        case .norms: "norms"
        case .lowRank: "adapters"
        }
    }

    /// Every dropout that there is.
    var dropouts: EncoderConfiguration.Dropouts {
        EncoderConfiguration.Dropouts(
            hidden: 0.1, attention: 0.2, activation: 0.1, featureProjection: 0.1, layer: layerDrop)
    }

    var step: TrainingStep { TrainingStep(dropouts: dropouts, seed: 5, number: 3) }

    /// Such as training applies to the rows of an utterance.
    func mask(on engine: any Engine) -> SpanMask {
        var configuration = TrainConfiguration.Mask()
        configuration.time = .init(probability: masks ? 0.3 : 0, length: 3, minimum: 1)
        configuration.channels = .init(probability: masks ? 0.2 : 0, length: 4, minimum: 1)
        return SpanMask(configuration: configuration, seed: 5, engine: engine)
    }

    func make(on engine: any Engine) throws -> RegressionModel {
        let source = try ModelSpecification.random(preset: preset, seed: 1).open()
        let configuration = try EncoderConfiguration(source.configuration)
        let encoder = try UpperEncoder(
            configuration, weights: source, cut: cut, trained: parts, recomputes: recomputes, precision: precision,
            seed: 2, engine: engine)
        // Adapters begin at nothing, behind which much could hide.
        for parameter in encoder.parameters where parameter.name.hasSuffix("lora_B.weight") {
            var stream = RandomStream(seed: 6, parameter.name)
            TrainingState.load(
                parameter, value: (0..<parameter.count).map { _ in 0.2 * stream.normal() }, engine: engine)
        }
        let pooling = Pooling(
            pooling, columns: configuration.hiddenSize, attentionWidth: 8, seed: 4, engine: engine)
        var head = TrainConfiguration.Head()
        head.form = form
        head.hidden = 16
        let dimensions = ["activation", "valence"]
        let top = RegressionTop(
            dimensions: dimensions, pooling: pooling, head: head, dropout: 0.2,
            standardisation: .identity(columns: pooling.outputs), seed: 4, engine: engine)
        return RegressionModel(
            encoder: encoder, top: top, loss: RegressionLoss(dimensions: dimensions), engine: engine)
    }

    /// Rows of utterances of the given lengths, and labels, some of which are missing.
    func batch(_ lengths: [Int], on engine: any Engine) throws -> (rows: Matrix, labels: [[Double?]]) {
        let columns = try EncoderConfiguration(ModelSpecification.random(preset: preset, seed: 1).open().configuration)
            .width(at: cut)
        var stream = RandomStream(seed: 8, "rows")
        let rows = lengths.reduce(0, +)
        let values = (0..<rows * columns).map { _ in stream.normal() }
        let labels = (0..<2).map { dimension in
            lengths.indices.map { $0 % 5 == dimension ? nil : Double(stream.normal()) }
        }
        return (engine.makeMatrix(values, rows: rows, columns: columns), labels)
    }
}
