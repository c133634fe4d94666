import Buffers
import Checkpoints
import Kernels

/// Builds parts of an encoder from a checkpoint, frozen or to be trained, and collects the parameters of what is trained.
struct PartBuilder {
    let weights: WeightLoader
    let precision: Precision
    /// Nil for parts that are not trained: their weights are laid out for fast forward products.
    let tuning: Tuning?
    /// Whether what is trained has gradients; without, only adapters are collected.
    let learns: Bool
    /// Adapters' first values follow from it and from their names.
    let seed: UInt64
    private(set) var parameters: [Parameter] = []

    init(
        weights: WeightLoader, precision: Precision, tuning: Tuning?, learns: Bool = true, seed: UInt64 = 0
    ) {
        self.weights = weights
        self.precision = precision
        self.tuning = tuning
        self.learns = learns
        self.seed = seed
    }

    var engine: any Engine { weights.engine }

    private func trains(_ role: Parameter.Role) -> Bool { learns && tuning?.trains(role) == true }

    /// A linear map of one or several tensors of the checkpoint, stacked: one product instead of several.
    mutating func linear(_ names: String...) throws(CheckpointError) -> LinearMap {
        let values = try weights.stacked(names.map { "\($0).weight" })
        let bias = try weights.row(names.map { "\($0).bias" })
        let shape = weights.shape("\(names[0]).weight")
        var weight: LinearWeight, trainedWeight: TrainedTensor?, trainedBias: TrainedTensor?
        if trains(.weight) {
            let tensor = TrainedTensor(values, operand: precision, engine: engine)
            (trainedWeight, weight) = (tensor, .plain(tensor.operand))
        } else if tuning != nil {
            weight = .plain(EncoderRows(values, operand: precision, engine: engine).operands)
        } else {
            weight = .frozen(engine.freeze(values, precision: precision))
        }
        if trains(.bias) {
            trainedBias = TrainedTensor(bias, operand: .float32, engine: engine)
        }
        var adapters: [LowRankAdapter] = []
        for (block, name) in names.enumerated() {
            if let trainedWeight {
                parameters.append(
                    trainedWeight.parameter(
                        "\(name).weight", shape: shape, role: .weight, block: block, of: names.count))
            }
            if let trainedBias {
                parameters.append(
                    trainedBias.parameter(
                        "\(name).bias", shape: [shape[0]], role: .bias, block: block, of: names.count))
            }
            if let adapter = adapter(name, shape: shape, outputs: block * shape[0]..<(block + 1) * shape[0]) {
                adapters.append(adapter)
            }
        }
        return LinearMap(
            weight: weight, bias: bias, trainedWeight: trainedWeight,
            trainedBias: trainedBias, adapters: adapters, engine: engine)
    }

    /// A starts uniform within `1/√inputs`, as `torch.nn.Linear` does, and B at zero: the adapted map starts as it was.
    private mutating func adapter(_ name: String, shape: [Int], outputs: Range<Int>) -> LowRankAdapter? {
        guard case .lowRank(let form) = tuning, form.adapts(name) else { return nil }
        var stream = RandomStream(seed: seed, "\(name).lora_A")
        let bound = 1 / Float(shape[1]).squareRoot()
        let values = (0..<form.rank * shape[1]).map { _ in (2 * stream.uniform() - 1) * bound }
        let down = TrainedTensor(values, rows: form.rank, columns: shape[1], operand: precision, engine: engine)
        let up = TrainedTensor(
            [Float](repeating: 0, count: shape[0] * form.rank), rows: shape[0], columns: form.rank, operand: precision,
            engine: engine)
        parameters.append(down.parameter("\(name).lora_A.weight", shape: [form.rank, shape[1]], role: .weight))
        parameters.append(up.parameter("\(name).lora_B.weight", shape: [shape[0], form.rank], role: .weight))
        return LowRankAdapter(
            down: down, up: up, outputs: outputs,
            scale: engine.makeRow([Float](repeating: Float(form.scale), count: form.rank)),
            dropoutProbability: form.dropout, name: "\(name).lora", engine: engine)
    }

    mutating func norm(_ name: String, epsilon: Float) throws(CheckpointError) -> LayerNorm {
        let (gamma, trainedGamma) = try vector("\(name).weight", role: .norm)
        let (beta, trainedBeta) = try vector("\(name).bias", role: .normBias)
        return LayerNorm(
            parameters: NormParameters(gamma: gamma, beta: beta, epsilon: epsilon), trainedGamma: trainedGamma,
            trainedBeta: trainedBeta, engine: engine)
    }

    /// A tensor that no product reads, as `[1, count]`.
    mutating func vector(
        _ name: String, role: Parameter.Role
    ) throws(CheckpointError) -> (value: Matrix, trained: TrainedTensor?) {
        try tensor(name, role: role, rows: 1)
    }

    /// A tensor that no product reads as it lies in the checkpoint, its first dimension as rows unless another number is given.
    mutating func tensor(
        _ name: String, role: Parameter.Role, rows: Int? = nil
    ) throws(CheckpointError) -> (value: Matrix, trained: TrainedTensor?) {
        let shape = weights.shape(name)
        let stored = try weights.matrix(name)
        let value = rows.map { stored.reshaped(columns: stored.elementCount / $0) } ?? stored
        guard trains(role) else { return (value, nil) }
        let tensor = TrainedTensor(value, operand: .float32, engine: engine)
        parameters.append(tensor.parameter(name, shape: shape, role: role))
        return (value, tensor)
    }
}
