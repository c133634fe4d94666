import Buffers
import Checkpoints
import Foundation
import Kernels
import Runs
import Testing
import Training

/// Heads with standardisation and the labels' scale folded in give, on pooled rows as they are, what the run's give in that scale.
@Test(arguments: TrainConfiguration.Head.Form.allCases, [TrainConfiguration.Pooling.mean, .meanDeviation])
func foldedHeadsGiveTheSameScores(form: TrainConfiguration.Head.Form, pooling: TrainConfiguration.Pooling) throws {
    let engine = CPUEngine(threads: 1), width = 12, dimensions = ["activation", "valence"]
    var configuration = TrainConfiguration(labels: dimensions.map { TrainConfiguration.Label(name: $0) })
    configuration.head.form = form
    configuration.head.hidden = 7
    configuration.pooling = pooling
    let pool = Pooling(pooling, columns: width, attentionWidth: 4, seed: 1, engine: engine)
    func values(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729) % 2003 - 1001) / 1001 }
    }
    let standardisation = RegressionTop.Standardisation(
        shift: values(pool.outputs, 1), scale: values(pool.outputs, 2).map { 3 + 2 * $0 })
    let top = RegressionTop(
        dimensions: dimensions, pooling: pool, head: configuration.head, dropout: 0, standardisation: standardisation,
        seed: 3, engine: engine)
    let labels = [(mean: 4.0, deviation: 1.5), (mean: -2.0, deviation: 0.25)]

    // As a run leaves them.
    let path = FileManager.default.temporaryDirectory.appending(path: "folded-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let metadata = zip(dimensions, labels).map {
        #"{"name": "\#($0)", "mean": \#($1.mean), "deviation": \#($1.deviation)}"#
    }
    try SafetensorsFile.write(
        to: path,
        tensors: top.parameters.map { ($0.name, $0.shape, engine.download($0.value)) } + [
            ("pooled.shift", [pool.outputs], standardisation.shift),
            ("pooled.scale", [pool.outputs], standardisation.scale),
        ], metadata: ["labels": "[\(metadata.joined(separator: ", "))]"])
    let folded = try FoldedHeads(configuration, hiddenSize: width, trained: SafetensorsFile.open(path))
    #expect(folded.dimensions == dimensions)

    let offsets = try PackedOffsets(lengths: [5, 9, 1])
    let hidden = engine.makeMatrix(values(15 * width, 4), rows: 15, columns: width)
    let predictions = top.forward(hidden, offsets: offsets, step: nil).predictions
    let pooled = engine.download(pool.forward(hidden, offsets: offsets).0)
    for utterance in 0..<3 {
        let row = Array(pooled[utterance * pool.outputs..<(utterance + 1) * pool.outputs])
        let scores = folded.heads.flatMap { head in
            head.layers.enumerated().reduce(row) { x, layer in
                let input = layer.offset > 0 && head.isActivated ? x.map { tanhf($0) } : x
                return (0..<layer.element.outputs).map { output in
                    let weights = layer.element.weight[output * input.count..<(output + 1) * input.count]
                    return layer.element.bias[output] + zip(weights, input).reduce(0) { $0 + $1.0 * $1.1 }
                }
            }
        }
        #expect(scores.count == 2)
        for (dimension, label) in labels.enumerated() {
            let expected = label.mean + label.deviation * Double(predictions[dimension][utterance])
            #expect(abs(Double(scores[dimension]) - expected) < 1e-4, "\(dimensions[dimension]) of \(utterance)")
        }
    }
}
