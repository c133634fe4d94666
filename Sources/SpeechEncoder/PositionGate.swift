import Buffers
import Checkpoints
import Kernels

/// What a batch's rows are to attention, beside their values.
struct PackedSequence: Sendable {
    let offsets: PackedOffsets
    /// Relative positions' biases by head and distance, `[H, 2R − 1]` float32, for encoders that have them.
    let positionBiases: Matrix?
    /// Where their gradient is added up; nil where they are not trained.
    var dPositionBiases: Matrix? = nil
}

/// WavLM's gate of a layer: how much each head at each frame heeds relative positions, from what the attention reads.
/// - Source: Chen et al. 2022, eq. 4 to 8.
struct PositionGate: Sendable {
    /// From a head's part of a frame, `D`, to 8.
    let projection: LinearMap
    /// `[1, H]` float32.
    let constant: Matrix
    let trainedConstant: TrainedTensor?
    let engine: any Engine

    init(_ prefix: String, from parts: inout PartBuilder) throws(CheckpointError) {
        projection = try parts.linear("\(prefix).gru_rel_pos_linear")
        (constant, trainedConstant) = try parts.vector("\(prefix).gru_rel_pos_const", role: .gain)
        engine = parts.weights.engine
    }

    /// What the backward pass needs: the projections, `[N·H, 8]` operands.
    struct Tape: Sendable {
        let projected: Matrix
        let positions: AttentionPositions
    }

    /// - Parameter x: what the attention reads, `[N, H·D]` operands.
    func forward(_ x: Matrix, biases: Matrix) -> Tape {
        let projected = projection.forward(x.reshaped(columns: projection.weight.inputs))
        let gate = engine.makeMatrix(rows: x.rows, columns: constant.columns, precision: .float32)
        engine.positionGatesForward(out: gate, x: projected, constant: constant)
        return Tape(projected: projected, positions: AttentionPositions(gate: gate, bias: biases))
    }

    /// Adds to the gradients of the gate's parameters and to `dx`, `[N, H·D]` float32, if it is wanted.
    func backward(dx: Matrix?, dGate: Matrix, tape: Tape, x: Matrix, step: TrainingStep) {
        let dProjected = engine.makeMatrix(
            rows: tape.projected.rows, columns: tape.projected.columns, precision: tape.projected.precision)
        engine.positionGatesBackward(
            dx: dProjected, dConstant: trainedConstant?.gradient, dOut: dGate, x: tape.projected, constant: constant)
        let width = projection.weight.inputs
        projection.backward(
            dx: dx?.reshaped(columns: width), accumulate: true, dOut: dProjected, x: x.reshaped(columns: width),
            step: step)
    }
}
