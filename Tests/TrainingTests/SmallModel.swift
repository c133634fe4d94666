import Buffers
import Checkpoints
import Kernels
import SpeechEncoder
import Testing

@testable import Training

/// A random model with heads on two dimensions, and a packed batch for it.
struct SmallModel: Sendable, CustomTestStringConvertible {
    var preset = "wav2vec2-tiny"
    var cut = Cut.layer(1)
    var layers = 3
    var tuning = Tuning.full
    var recomputes = false
    var precision = Precision.float32

    static let all = [
        SmallModel(), SmallModel(precision: .bfloat16), SmallModel(preset: "wav2vec2-large-tiny", precision: .bfloat16),
        SmallModel(preset: "wav2vec2-tiny", cut: .cnn, layers: 4),
        SmallModel(preset: "wavlm-tiny", cut: .cnn, layers: 4),
        SmallModel(preset: "wavlm-large-tiny", cut: .layer(0), layers: 2), SmallModel(layers: 0),
        SmallModel(
            tuning: .lowRank(
                LowRankAdaptation(
                    rank: 4, alpha: 8, dropout: 0.1, targets: [.query, .value, .output], isRankStabilised: false))),
        SmallModel(layers: 2, recomputes: true),
    ]

    var testDescription: String {
        "\(preset), \(layers) layers above cut \(cut), \(precision)\(tuning == .full ? "" : ", low rank")"
            + (recomputes ? ", recomputed" : "")
    }

    /// Every dropout that there is.
    static let dropouts = EncoderConfiguration.Dropouts(
        hidden: 0.1, attention: 0.2, activation: 0.1, featureProjection: 0.1)
    static let step = TrainingStep(dropouts: dropouts, seed: 5, number: 3)

    func make(on engine: any Engine) throws -> RegressionModel {
        let source = try ModelSpecification.random(preset: preset, seed: 1).open()
        let configuration = try EncoderConfiguration(source.configuration)
        let encoder = try UpperEncoder(
            configuration, weights: source, cut: cut, trained: TrainedParts(layers: layers, tuning: tuning),
            recomputes: recomputes, precision: precision, seed: 2, engine: engine)
        return RegressionModel(
            encoder: encoder, dimensions: ["activation", "valence"], headWidth: 16, headLayers: 1, headDropout: 0.2,
            standardisation: .none(columns: configuration.hiddenSize), seed: 4, engine: engine)
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
