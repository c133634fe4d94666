import Kernels

/// A linear map `y = x Wᵀ + b` of the encoder, frozen or trained.
struct LinearMap: Sendable {
    let weight: LinearWeight
    /// `[1, outputs]` float32.
    let bias: Matrix
    /// Where the gradients go; nil where the map is frozen.
    let trained: (weight: TrainedTensor, bias: TrainedTensor)?
    let engine: any Engine

    /// `activation(x Wᵀ + b)`, `[N, outputs]`, into `out` where there is one to be used again.
    func forward(_ x: Matrix, activation: Activation = .identity, into out: Matrix? = nil) -> Matrix {
        let out = out ?? engine.makeMatrix(rows: x.rows, columns: weight.outputs, precision: x.precision)
        engine.linearForward(out: out, x: x, weight: weight, bias: bias, activation: activation)
        return out
    }

    /// Adds to the gradients of weight and bias, and gives that of the input.
    /// - Parameters:
    ///   - dx: `[N, inputs]`, overwritten or, in float32, added to; nil if it is not wanted.
    ///   - dOut: `[N, outputs]` operands.
    ///   - x: what the forward pass read.
    func backward(dx: Matrix?, accumulate: Bool, dOut: Matrix, x: Matrix) {
        guard let trained else { preconditionFailure("a frozen map has no backward pass") }
        engine.linearBackwardWeight(
            dWeight: trained.weight.gradient, dBias: trained.bias.gradient, dOut: dOut, x: x)
        guard let dx else { return }
        engine.linearBackwardInput(dx: dx, dOut: dOut, weight: trained.weight.operand, accumulate: accumulate)
    }
}
