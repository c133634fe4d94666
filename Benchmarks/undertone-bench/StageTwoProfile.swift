import Buffers
import Foundation
import Kernels
import Runs
import SpeechEncoder
import Training

/// Where stage two's time goes: training steps from rows in memory, operation by operation.
struct StageTwoProfile {
    var model: String
    var layers: Int
    var precision: Precision
    var threads: Int
    /// Of one batch's utterances, in seconds.
    var lengths: [Double]
    var steps: Int

    func run() throws -> StageOneProfile.Outcome {
        let source = try ModelSpecification(model).open()
        let configuration = try EncoderConfiguration(source.configuration)
        let engine = TimedEngine(CPUEngine(threads: threads)), width = configuration.hiddenSize
        let encoder = try UpperEncoder(
            configuration, weights: source, cut: .layer(configuration.layerCount - layers),
            trained: TrainedParts(layers: layers), precision: precision, seed: 0, engine: engine)
        let dimensions = ["activation", "valence"]
        let top = RegressionTop(
            dimensions: dimensions,
            pooling: Pooling(.mean, columns: width, attentionWidth: 128, seed: 0, engine: engine), head: .init(),
            dropout: 0.1,
            standardisation: .init(
                shift: [Float](repeating: 0, count: width), scale: [Float](repeating: 1, count: width)), seed: 0,
            engine: engine)
        let model = RegressionModel(
            encoder: encoder, top: top, loss: RegressionLoss(dimensions: dimensions), engine: engine)
        let optimiser = AdamW(
            groups: [
                .init(name: "layers", parameters: model.encoderParameters, learningRate: 1e-5),
                .init(name: "heads", parameters: model.headParameters, learningRate: 1e-4),
            ], options: .init(), engine: engine)
        let offsets = try PackedOffsets(lengths: lengths.map { configuration.frameCount(samples: Int($0 * 16000)) })
        var stream = RandomStream(seed: 1, "rows")
        let values = (0..<offsets.rowCount * width).map { _ in stream.normal() }
        let labels = (0..<2).map { _ in lengths.map { _ -> Double? in Double(stream.uniform()) } }
        var dropouts = configuration.dropouts
        dropouts.layer = 0
        func step(_ number: Int) {
            let rows = engine.makeMatrix(values, rows: offsets.rowCount, columns: width)
            _ = model.accumulateGradients(
                rows, offsets: offsets, labels: labels,
                step: TrainingStep(dropouts: dropouts, seed: 0, number: UInt64(number)))
            _ = optimiser.step(number + 1, factor: 1)
        }
        step(0)
        engine.reset()
        let begin = ContinuousClock.now
        for number in 1...steps { step(number) }
        return StageOneProfile.Outcome(
            audioSeconds: Double(steps) * lengths.reduce(0, +), elapsedSeconds: begin.duration(to: .now) / .seconds(1),
            times: engine.times)
    }
}
