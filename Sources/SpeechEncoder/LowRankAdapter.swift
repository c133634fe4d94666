import Buffers
import Kernels

/// A low-rank adapter of some outputs of a linear map: `y += s · B (A dropout(x))`.
/// - Source: Hu et al. 2022 (LoRA), section 4.1; Kalajdzievski 2023 for the rank-stabilised scale; peft for where the dropout sits.
struct LowRankAdapter: Sendable {
    /// `[rank, inputs]`.
    let down: TrainedTensor
    /// `[outputs, rank]`.
    let up: TrainedTensor
    /// Which of the map's outputs.
    let outputs: Range<Int>
    /// `s`, as a row of `rank` equal values.
    let scale: Matrix
    let dropoutProbability: Float
    /// Names the dropout masks.
    let name: String
    let engine: any Engine

    /// `s · A dropout(x)`, `[N, rank]` operands.
    struct Tape: Sendable {
        let inner: Matrix
    }

    func dropout(_ step: TrainingStep) -> Dropout { step.dropout(name, 0, probability: dropoutProbability) }

    func forward(addingTo out: Matrix, x: Matrix, dropout: Dropout) -> Tape {
        let inner = scaled(x.rows, precision: x.precision) { rows in
            engine.linearForward(
                out: rows, x: dropped(x, dropout), weight: .plain(down.operand), bias: nil, activation: .identity)
        }
        engine.linearForward(
            out: out.columns(outputs), x: inner, weight: .plain(up.operand), bias: nil, activation: .identity,
            accumulate: true)
        return Tape(inner: inner)
    }

    /// `W += s · B A`, on the rows of `weight` that are the adapter's outputs.
    func merge(into weight: Matrix) {
        let scaled = engine.makeMatrix(rows: up.value.rows, columns: up.value.columns, precision: .float32)
        engine.standardise(out: scaled, x: up.value, shift: nil, scale: scale)
        // The product of an input's gradient, `[outputs, rank] · [rank, inputs]`, is the one that is needed.
        engine.linearBackwardInput(dx: weight.rows(outputs), dOut: scaled, weight: down.value, accumulate: true)
    }

    /// Adds to the adapter's gradients and to that of the input, if it is wanted.
    func backward(addingTo dx: Matrix?, dOut: Matrix, x: Matrix, tape: Tape, dropout: Dropout) {
        let own = dOut.columns(outputs)
        engine.linearBackwardWeight(dWeight: up.gradient, dBias: nil, dOut: own, x: tape.inner)
        let dInner = scaled(x.rows, precision: x.precision) { rows in
            engine.linearBackwardInput(dx: rows, dOut: own, weight: up.operand, accumulate: false)
        }
        engine.linearBackwardWeight(dWeight: down.gradient, dBias: nil, dOut: dInner, x: dropped(x, dropout))
        guard let dx else { return }
        guard dropout.probability > 0 else {
            engine.linearBackwardInput(dx: dx, dOut: dInner, weight: down.operand, accumulate: true)
            return
        }
        let through = engine.makeMatrix(rows: dx.rows, columns: dx.columns, precision: .float32)
        engine.linearBackwardInput(dx: through, dOut: dInner, weight: down.operand, accumulate: false)
        engine.addForward(out: dx, x: dx, addend: through, dropout: dropout)
    }

    private func dropped(_ x: Matrix, _ dropout: Dropout) -> Matrix {
        guard dropout.probability > 0 else { return x }
        let out = engine.makeMatrix(rows: x.rows, columns: x.columns, precision: x.precision)
        engine.dropoutForward(out: out, x: x, dropout: dropout)
        return out
    }

    /// Rows of the rank's width that `fill` writes in float32, times the scale, as operands.
    private func scaled(_ rows: Int, precision: Precision, _ fill: (Matrix) -> Void) -> Matrix {
        let inner = engine.makeMatrix(rows: rows, columns: scale.columns, precision: .float32)
        fill(inner)
        engine.standardise(out: inner, x: inner, shift: nil, scale: scale)
        guard precision != .float32 else { return inner }
        let operands = engine.makeMatrix(rows: rows, columns: scale.columns, precision: precision)
        engine.convert(inner, to: operands)
        return operands
    }
}
