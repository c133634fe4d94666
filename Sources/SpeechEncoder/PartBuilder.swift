import Buffers
import Checkpoints
import Kernels

/// Builds parts of an encoder from a checkpoint, frozen or to be trained, and collects the parameters of what is trained.
struct PartBuilder {
    let weights: WeightLoader
    let precision: Precision
    let isTrained: Bool
    private(set) var parameters: [Parameter] = []

    init(weights: WeightLoader, precision: Precision, isTrained: Bool) {
        self.weights = weights
        self.precision = precision
        self.isTrained = isTrained
    }

    private var engine: any Engine { weights.engine }

    /// A linear map of one or several tensors of the checkpoint, stacked: one product instead of several.
    mutating func linear(_ names: String...) throws(CheckpointError) -> LinearMap {
        var values: [Float] = [], bias: [Float] = []
        for name in names {
            values += try weights.floats("\(name).weight")
            bias += try weights.floats("\(name).bias")
        }
        let shape = weights.shape("\(names[0]).weight"), rows = names.count * shape[0]
        guard isTrained else {
            return LinearMap(
                weight: .frozen(
                    engine.freeze(engine.makeMatrix(values, rows: rows, columns: shape[1]), precision: precision)),
                bias: engine.makeRow(bias), trained: nil, engine: engine)
        }
        let weight = TrainedTensor(values, rows: rows, columns: shape[1], operand: precision, engine: engine)
        let offset = TrainedTensor(bias, rows: 1, columns: bias.count, operand: .float32, engine: engine)
        for (block, name) in names.enumerated() {
            parameters.append(
                weight.parameter("\(name).weight", shape: shape, role: .weight, block: block, of: names.count))
            parameters.append(
                offset.parameter("\(name).bias", shape: [shape[0]], role: .bias, block: block, of: names.count))
        }
        return LinearMap(
            weight: .trained(weight.operand), bias: offset.value, trained: (weight, offset), engine: engine)
    }

    mutating func norm(_ name: String, epsilon: Float) throws(CheckpointError) -> LayerNorm {
        let (gamma, trainedGamma) = try vector("\(name).weight", role: .norm)
        let (beta, trainedBeta) = try vector("\(name).bias", role: .norm)
        return LayerNorm(
            parameters: NormParameters(gamma: gamma, beta: beta, epsilon: epsilon),
            trained: trainedGamma.map { (gamma: $0, beta: trainedBeta!) }, engine: engine)
    }

    /// A tensor that no product reads, as `[1, count]`.
    mutating func vector(
        _ name: String, role: Parameter.Role
    ) throws(CheckpointError) -> (value: Matrix, trained: TrainedTensor?) {
        let values = try weights.floats(name)
        guard isTrained else { return (engine.makeRow(values), nil) }
        let tensor = TrainedTensor(values, rows: 1, columns: values.count, operand: .float32, engine: engine)
        parameters.append(tensor.parameter(name, shape: weights.shape(name), role: role))
        return (tensor.value, tensor)
    }
}
