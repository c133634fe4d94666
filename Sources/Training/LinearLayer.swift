import Buffers
import Kernels
import SpeechEncoder

/// A trained linear map on top of the encoder, `y = x Wᵀ + b`, float32.
///
/// Parameters are `<name>.weight` and `<name>.bias`.
struct LinearLayer: Sendable {
    let parameters: [Parameter]
    let outputs: Int
    private let weight: TrainedTensor
    private let bias: TrainedTensor?
    private let engine: any Engine

    /// Weights are uniform in ±1/√inputs as torch.nn.Linear's are, biases zero.
    init(_ name: String, inputs: Int, outputs: Int, hasBias: Bool = true, stream: RandomStream, engine: any Engine) {
        var stream = stream
        let bound = 1 / Float(inputs).squareRoot()
        let values = (0..<outputs * inputs).map { _ in bound * (2 * stream.uniform() - 1) }
        weight = TrainedTensor(values, rows: outputs, columns: inputs, operand: .float32, engine: engine)
        bias =
            hasBias
            ? TrainedTensor(
                [Float](repeating: 0, count: outputs), rows: 1, columns: outputs, operand: .float32, engine: engine)
            : nil
        parameters =
            [weight.parameter("\(name).weight", shape: [outputs, inputs], role: .weight)]
            + (bias.map { [$0.parameter("\(name).bias", shape: [outputs], role: .bias)] } ?? [])
        self.outputs = outputs
        self.engine = engine
    }

    /// `[N, outputs]` from `[N, inputs]`.
    func forward(_ x: Matrix) -> Matrix {
        let out = engine.makeMatrix(rows: x.rows, columns: outputs, precision: .float32)
        engine.linearForward(out: out, x: x, weight: .plain(weight.value), bias: bias?.value, activation: .identity)
        return out
    }

    /// Adds to the parameters' gradients; `dx` is overwritten, or added to when `accumulate`.
    func backward(dx: Matrix, accumulate: Bool = false, dOut: Matrix, x: Matrix) {
        engine.linearBackwardWeight(dWeight: weight.gradient, dBias: bias?.gradient, dOut: dOut, x: x)
        engine.linearBackwardInput(dx: dx, dOut: dOut, weight: weight.value, accumulate: accumulate)
    }
}
