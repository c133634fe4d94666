import Kernels

/// A layer norm of the encoder, frozen or trained.
struct LayerNorm: Sendable {
    let parameters: NormParameters
    /// Where the gradients go; nil where the tensor is frozen.
    let trainedGamma: TrainedTensor?
    let trainedBeta: TrainedTensor?
    let engine: any Engine

    /// What the backward pass needs of a norm's input, `[N, C]` and `[N, 2]` float32.
    struct Tape: Sendable {
        let sum: Matrix
        let statistics: Matrix
    }

    /// `sum = x + dropout(addend)`, `out = LN(sum)`.
    /// - Parameters:
    ///   - out: `[N, C]` float32, nil where only the operands are wanted.
    ///   - operand: the same as operands of the next product, nil where those are float32.
    ///   - sum: `[N, C]` float32, written if it is there.
    ///   - statistics: likewise, `[N, 2]`.
    func forward(
        out: Matrix?, operand: Matrix?, sum: Matrix? = nil, statistics: Matrix? = nil, x: Matrix, addend: Matrix? = nil,
        dropout: Dropout = .none
    ) {
        engine.layerNormForward(
            NormOutputs(out: out, operand: operand, sum: sum, statistics: statistics), x: x, addend: addend,
            dropout: dropout, parameters: parameters)
    }

    /// Adds to the gradients of γ and β, and gives that of the sum and, through its dropout, of the addend.
    /// - Parameters: as for `Engine.layerNormBackward`.
    func backward(
        dx: Matrix, accumulate: Bool, dAddend: Matrix?, dOut: Matrix, tape: Tape, dropout: Dropout = .none
    ) {
        engine.layerNormBackward(
            dx: dx, accumulate: accumulate, dAddend: dAddend, dGamma: trainedGamma?.gradient,
            dBeta: trainedBeta?.gradient, dOut: dOut, sum: tape.sum, statistics: tape.statistics, dropout: dropout,
            parameters: parameters)
    }
}
