import Buffers
import Kernels

/// A linear map of the encoder, `y = x Wᵀ + b`, of which nothing, all, the bias, or low-rank adapters are trained.
struct LinearMap: Sendable {
    let weight: LinearWeight
    /// `[1, outputs]` float32.
    let bias: Matrix
    /// Where the gradients go; nil where the tensor is frozen.
    let trainedWeight: TrainedTensor?
    let trainedBias: TrainedTensor?
    let adapters: [LowRankAdapter]
    let engine: any Engine

    /// What the backward pass needs beside the input: each adapter's inner rows.
    typealias Tape = [LowRankAdapter.Tape]

    /// `activation(x Wᵀ + b)`, `[N, outputs]`, into `out` where there is one to be used again.
    func forward(_ x: Matrix, activation: Activation = .identity, into out: Matrix? = nil) -> Matrix {
        let out = out ?? engine.makeMatrix(rows: x.rows, columns: weight.outputs, precision: x.precision)
        let (weight, adapters) = merged ?? (self.weight, self.adapters)
        guard !adapters.isEmpty, activation == .gelu else {
            engine.linearForward(out: out, x: x, weight: weight, bias: bias, activation: activation)
            for adapter in adapters { _ = adapter.forward(addingTo: out, x: x, dropout: .none) }
            return out
        }
        // The adapters' part belongs before the activation.
        _ = forward(x, into: out)
        engine.geluForward(out: out, x: out, dropout: .none)
        return out
    }

    /// In float32, the adapters merged into the weight, and none left: libraries round a product as narrow as a rank differently
    /// with the number of rows, and an utterance's scores shall not depend on what it is batched with. Operands of less precision would
    /// lose the adapters in the weight's rounding.
    private var merged: (LinearWeight, [LowRankAdapter])? {
        guard !adapters.isEmpty, case .plain(let plain) = weight, plain.precision == .float32 else { return nil }
        let sum = engine.makeMatrix(rows: plain.rows, columns: plain.columns, precision: .float32)
        engine.convert(plain, to: sum)
        for adapter in adapters { adapter.merge(into: sum) }
        return (.plain(sum), [])
    }

    /// The same for training, without an activation.
    func forward(_ x: Matrix, into out: Matrix? = nil, step: TrainingStep) -> (Matrix, Tape) {
        let out = out ?? engine.makeMatrix(rows: x.rows, columns: weight.outputs, precision: x.precision)
        engine.linearForward(out: out, x: x, weight: weight, bias: bias, activation: .identity)
        return (out, adapters.map { $0.forward(addingTo: out, x: x, dropout: $0.dropout(step)) })
    }

    /// Adds to the gradients of what is trained, and gives that of the input.
    /// - Parameters:
    ///   - dx: `[N, inputs]`, overwritten or added to; nil if it is not wanted.
    ///   - dOut: `[N, outputs]` operands.
    ///   - x: what the forward pass read.
    func backward(dx: Matrix?, accumulate: Bool, dOut: Matrix, x: Matrix, tape: Tape = [], step: TrainingStep) {
        if trainedWeight != nil || trainedBias != nil {
            engine.linearBackwardWeight(
                dWeight: trainedWeight?.gradient, dBias: trainedBias?.gradient, dOut: dOut, x: x)
        }
        if let dx {
            guard case .plain(let matrix) = weight else {
                preconditionFailure("a map laid out for the forward pass has no backward pass")
            }
            engine.linearBackwardInput(dx: dx, dOut: dOut, weight: matrix, accumulate: accumulate)
        }
        for (adapter, taped) in zip(adapters, tape) {
            adapter.backward(addingTo: dx, dOut: dOut, x: x, tape: taped, dropout: adapter.dropout(step))
        }
    }
}
