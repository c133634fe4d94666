import Checkpoints
import Prediction
import SpeechEncoder
import Training

/// The encoder's tensors with low-rank adapters merged into what they adapt: `W + s · B A`.
struct MergedWeights {
    let model: FinetunedModel
    private let scale: Float

    init(_ model: FinetunedModel) {
        self.model = model
        let lora = model.configuration.lora, rank = Double(lora.rank)
        scale = Float(lora.alpha / (lora.isRankStabilised ? rank.squareRoot() : rank))
    }

    func floats(_ name: String) throws(CheckpointError) -> [Float] {
        var weight = try model.weights.floats(name)
        let map = name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
        guard let shape = model.weights.shape(of: name), shape.count == 2,
            model.trained.shape(of: "\(map).lora_A.weight") != nil
        else { return weight }
        let (outputs, inputs) = (shape[0], shape[1]), rank = model.configuration.lora.rank
        let down = try model.trained.floats("\(map).lora_A.weight", shape: [rank, inputs])
        let up = try model.trained.floats("\(map).lora_B.weight", shape: [outputs, rank])
        weight.withUnsafeMutableBufferPointer { weight in
            down.withUnsafeBufferPointer { down in
                for row in 0..<outputs {
                    for inner in 0..<rank {
                        let factor = scale * up[row * rank + inner]
                        for column in 0..<inputs {
                            weight[row * inputs + column] += factor * down[inner * inputs + column]
                        }
                    }
                }
            }
        }
        return weight
    }

    /// Writes the whole encoder and the heads into one safetensors file, a tensor at a time.
    func write(
        to path: String, encoderPrefix: String, heads: [(name: String, shape: [Int], floats: [Float])],
        metadata: [String: String]
    ) throws(CheckpointError) {
        let encoder = model.encoderTensors
        let plan =
            encoder.map { (name: encoderPrefix + $0.name, shape: $0.shape) }
            + heads.map { (name: $0.name, shape: $0.shape) }
        var writer = try SafetensorsWriter(
            path: path, tensors: plan.map { ($0.name, $0.shape, .float32) }, metadata: metadata)
        for tensor in encoder { try writer.append(try floats(tensor.name)) }
        for head in heads { try writer.append(head.floats) }
        try writer.finish()
    }
}
