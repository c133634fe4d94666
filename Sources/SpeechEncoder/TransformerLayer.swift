import Buffers
import Checkpoints
import Kernels

/// The dropout masks of one layer in one training step.
struct LayerDropouts: Sendable {
    let attention: Dropout
    let attentionOutput: Dropout
    let intermediate: Dropout
    let output: Dropout
}

/// A transformer layer, frozen, trained or adapted. Post-norm, as in the base encoders:
///
///     h = LN₁(x + drop(attention(x)))        out = LN₂(h + drop(W₂ drop(gelu(W₁ h + b₁)) + b₂))
///
/// or pre-norm, as in the large ones (`do_stable_layer_norm`):
///
///     h = x + drop(attention(LN₁(x)))        out = h + drop(W₂ drop(gelu(W₁ LN₂(h) + b₁)) + b₂)
///
/// - Source: Vaswani et al. 2017; Xiong et al. 2020 for pre-norm; `Wav2Vec2EncoderLayer` and
///   `Wav2Vec2EncoderLayerStableLayerNorm` for where the dropouts sit.
struct TransformerLayer: Sendable {
    /// Of what is trained.
    let parameters: [Parameter]
    let queryKeyValue: LinearMap
    let attentionOutput: LinearMap
    /// `layer_norm`.
    let attentionNorm: LayerNorm
    let intermediate: LinearMap
    let output: LinearMap
    /// `final_layer_norm`.
    let finalNorm: LayerNorm
    let gate: PositionGate?
    let isPreNorm: Bool
    let heads: Int
    let precision: Precision
    let engine: any Engine
    /// Counted from 0; names the layer's dropout masks.
    let index: UInt64

    init(
        _ index: Int, weights: WeightLoader, configuration: EncoderConfiguration, precision: Precision,
        tuning: Tuning? = nil, learns: Bool = true, seed: UInt64 = 0
    ) throws(CheckpointError) {
        let prefix = "encoder.layers.\(index)", epsilon = configuration.layerNormEpsilon
        var parts = PartBuilder(weights: weights, precision: precision, tuning: tuning, learns: learns, seed: seed)
        queryKeyValue = try parts.linear(
            "\(prefix).attention.q_proj", "\(prefix).attention.k_proj", "\(prefix).attention.v_proj")
        gate =
            configuration.variants.relativePositions == nil
            ? nil : try PositionGate("\(prefix).attention", from: &parts)
        attentionOutput = try parts.linear("\(prefix).attention.out_proj")
        attentionNorm = try parts.norm("\(prefix).layer_norm", epsilon: epsilon)
        intermediate = try parts.linear("\(prefix).feed_forward.intermediate_dense")
        output = try parts.linear("\(prefix).feed_forward.output_dense")
        finalNorm = try parts.norm("\(prefix).final_layer_norm", epsilon: epsilon)
        parameters = parts.parameters
        isPreNorm = configuration.variants.isPreNorm
        heads = configuration.headCount
        self.precision = precision
        engine = weights.engine
        self.index = UInt64(index)
    }

    // MARK: Inference: nothing is kept

    func callAsFunction(_ x: EncoderRows, _ sequence: PackedSequence) -> EncoderRows {
        isPreNorm ? preNorm(x, sequence) : postNorm(x, sequence)
    }

    private func postNorm(_ x: EncoderRows, _ sequence: PackedSequence) -> EncoderRows {
        let branch = attention(x.operands, sequence)
        let middle = EncoderRows(
            rows: branch.rows, columns: branch.columns, operand: precision, engine: engine)
        attentionNorm.forward(
            out: middle.residual, operand: middle.separateOperand, x: x.residual, addend: branch)
        feedForward(middle.operands, into: branch)
        let out = EncoderRows(rows: branch.rows, columns: branch.columns, operand: precision, engine: engine)
        finalNorm.forward(out: out.residual, operand: out.separateOperand, x: middle.residual, addend: branch)
        return out
    }

    private func preNorm(_ x: EncoderRows, _ sequence: PackedSequence) -> EncoderRows {
        let normed = makeOperands(like: x.residual)
        attentionNorm.forward(normed, x: x.residual)
        let branch = attention(normed, sequence)
        let residual = make(x.residual.rows, x.residual.columns, .float32)
        finalNorm.forward(normed, sum: residual, x: x.residual, addend: branch)
        feedForward(normed, into: branch)
        engine.addForward(out: residual, x: residual, addend: branch, dropout: .none)
        return EncoderRows(residual: residual, operand: nil)
    }

    /// The attention branch, from what the queries, keys and values read.
    private func attention(_ x: Matrix, _ sequence: PackedSequence) -> Matrix {
        let qkv = queryKeyValue.forward(x)
        let gated = positionGate(x, sequence)
        let attended = make(x.rows, x.columns, precision)
        engine.attentionForward(
            out: attended, logSumExp: nil, qkv: qkv, shape: shape(sequence, x), positions: gated?.positions,
            dropout: .none)
        return attentionOutput.forward(attended)
    }

    /// The feed-forward branch. Long recordings go through in pieces, whose rows do not depend on each other: the activation is the
    /// widest matrix of a layer.
    private func feedForward(_ x: Matrix, into out: Matrix) {
        let height = 4096
        for begin in stride(from: 0, to: x.rows, by: height) {
            let rows = begin..<min(x.rows, begin + height)
            let activation = intermediate.forward(x.rows(rows), activation: .gelu)
            _ = output.forward(activation, into: out.rows(rows))
        }
    }

    // MARK: What both passes use

    func positionGate(_ x: Matrix, _ sequence: PackedSequence) -> PositionGate.Tape? {
        guard let gate else { return nil }
        guard let biases = sequence.positionBiases else { preconditionFailure("no relative positions for the gate") }
        return gate.forward(x, biases: biases)
    }

    func shape(_ sequence: PackedSequence, _ rows: Matrix) -> AttentionShape {
        AttentionShape(offsets: sequence.offsets, heads: heads, width: rows.columns / heads)
    }

    func make(_ rows: Int, _ columns: Int, _ precision: Precision) -> Matrix {
        engine.makeMatrix(rows: rows, columns: columns, precision: precision)
    }

    func makeOperands(like rows: Matrix) -> Matrix { make(rows.rows, rows.columns, precision) }
}

extension LayerNorm {
    /// As operands of the next product alone, whatever their precision.
    func forward(
        _ operands: Matrix, sum: Matrix? = nil, statistics: Matrix? = nil, x: Matrix, addend: Matrix? = nil,
        dropout: Dropout = .none
    ) {
        let isWide = operands.precision == .float32
        forward(
            out: isWide ? operands : nil, operand: isWide ? nil : operands, sum: sum, statistics: statistics, x: x,
            addend: addend, dropout: dropout)
    }
}
