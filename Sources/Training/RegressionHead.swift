import Buffers
import Kernels
import SpeechEncoder

/// One dimension's head: `layers` times linear, tanh and dropout, then linear to one value. float32 throughout.
///
/// Parameters are `heads.<dimension>.<layer>.weight` and `.bias`, layers counted from 0.
struct RegressionHead: Sendable {
    private struct Layer: Sendable {
        let weight: TrainedTensor
        let bias: TrainedTensor
    }

    struct Tape: Sendable {
        /// Input of each linear layer.
        let inputs: [Matrix]
        /// Output of each hidden linear layer, before tanh.
        let preactivations: [Matrix]
    }

    let parameters: [Parameter]
    private let layers: [Layer]
    private let dimension: String
    private let engine: any Engine

    /// Weights are uniform in ±1/√inputs as torch.nn.Linear's are, biases zero.
    init(dimension: String, inputs: Int, hidden: Int, hiddenLayers: Int, seed: UInt64, engine: any Engine) {
        self.dimension = dimension
        self.engine = engine
        let widths = [inputs] + Array(repeating: hidden, count: hiddenLayers) + [1]
        var layers: [Layer] = [], parameters: [Parameter] = []
        for index in 0...hiddenLayers {
            let rows = widths[index + 1], columns = widths[index], bound = 1 / Float(columns).squareRoot()
            var stream = RandomStream(seed: seed, "heads.\(dimension)", UInt64(index))
            let values = (0..<rows * columns).map { _ in bound * (2 * stream.uniform() - 1) }
            let layer = Layer(
                weight: TrainedTensor(values, rows: rows, columns: columns, operand: .float32, engine: engine),
                bias: TrainedTensor(
                    [Float](repeating: 0, count: rows), rows: 1, columns: rows, operand: .float32, engine: engine))
            layers.append(layer)
            let name = "heads.\(dimension).\(index)"
            parameters.append(layer.weight.parameter("\(name).weight", shape: [rows, columns], role: .weight))
            parameters.append(layer.bias.parameter("\(name).bias", shape: [rows], role: .bias))
        }
        self.layers = layers
        self.parameters = parameters
    }

    /// `[B, 1]` from pooled rows `[B, C]`, both float32.
    func forward(_ pooled: Matrix, dropout probability: Float, step: TrainingStep?) -> (Matrix, Tape) {
        var inputs: [Matrix] = [], preactivations: [Matrix] = []
        var x = pooled
        for (index, layer) in layers.enumerated() {
            inputs.append(x)
            let out = engine.makeMatrix(rows: x.rows, columns: layer.weight.value.rows, precision: .float32)
            engine.linearForward(
                out: out, x: x, weight: .plain(layer.weight.value), bias: layer.bias.value, activation: .identity)
            guard index < layers.count - 1 else { return (out, Tape(inputs: inputs, preactivations: preactivations)) }
            preactivations.append(out)
            let activated = engine.makeMatrix(rows: out.rows, columns: out.columns, precision: .float32)
            engine.tanhForward(out: activated, x: out, dropout: dropout(index, probability, step))
            x = activated
        }
        preconditionFailure("a head has at least one layer")
    }

    /// Adds to the parameters' gradients and to `dPooled`, `[B, C]`.
    func backward(dOut: Matrix, tape: Tape, dPooled: Matrix, dropout probability: Float, step: TrainingStep?) {
        var gradient = dOut
        for (index, layer) in layers.enumerated().reversed() {
            let x = tape.inputs[index]
            engine.linearBackwardWeight(
                dWeight: layer.weight.gradient, dBias: layer.bias.gradient, dOut: gradient, x: x)
            guard index > 0 else {
                engine.linearBackwardInput(dx: dPooled, dOut: gradient, weight: layer.weight.value, accumulate: true)
                return
            }
            let dx = engine.makeMatrix(rows: x.rows, columns: x.columns, precision: .float32)
            engine.linearBackwardInput(dx: dx, dOut: gradient, weight: layer.weight.value, accumulate: false)
            engine.tanhBackward(
                dx: dx, dOut: dx, x: tape.preactivations[index - 1], dropout: dropout(index - 1, probability, step))
            gradient = dx
        }
    }

    private func dropout(_ index: Int, _ probability: Float, _ step: TrainingStep?) -> Dropout {
        step?.dropout("heads.\(dimension)", UInt64(index), probability: probability) ?? .none
    }
}
