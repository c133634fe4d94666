import Buffers
import Kernels

/// The weights of one post-norm transformer layer, frozen or trained.
struct LayerWeights: Sendable {
    let queryKeyValue: LinearWeight
    let queryKeyValueBias: Matrix
    let attentionOutput: LinearWeight
    let attentionOutputBias: Matrix
    let attentionNorm: NormParameters
    let intermediate: LinearWeight
    let intermediateBias: Matrix
    let output: LinearWeight
    let outputBias: Matrix
    let finalNorm: NormParameters
}

/// The dropout masks of one layer in one training step.
struct LayerDropouts: Sendable {
    let attention: Dropout
    let attentionOutput: Dropout
    let intermediate: Dropout
    let output: Dropout

    static let none = LayerDropouts(attention: .none, attentionOutput: .none, intermediate: .none, output: .none)
}

/// What a layer's backward pass needs of its forward pass.
struct LayerTape: Sendable {
    let input: Matrix
    let queryKeyValue: Matrix
    let logSumExp: Matrix
    let attended: Matrix
    let attentionSum: Matrix
    let attentionStatistics: Matrix
    let middle: Matrix
    let preactivation: Matrix
    let activation: Matrix
    let outputSum: Matrix
    let outputStatistics: Matrix
}

/// A post-norm transformer layer, as in Wav2Vec 2.0 and HuBERT base:
///
///     h = LN(x + drop(attention(x)))        out = LN(h + drop(W₂ drop(gelu(W₁ h + b₁)) + b₂))
///
/// - Source: Vaswani et al. 2017; `Wav2Vec2EncoderLayer` for where the dropouts sit.
struct TransformerLayer: Sendable {
    let weights: LayerWeights
    let heads: Int
    let engine: any Engine

    /// Inference: nothing is kept.
    func callAsFunction(_ x: EncoderRows, offsets: PackedOffsets) -> EncoderRows {
        let attended = attend(
            linear(x.operand, weights.queryKeyValue, weights.queryKeyValueBias), offsets: offsets, logSumExp: nil,
            dropout: .none)
        let projected = linear(attended, weights.attentionOutput, weights.attentionOutputBias)
        let middle = addAndNormalise(x, projected, weights.attentionNorm, dropout: .none, kept: nil)
        let activation = linear(middle.operand, weights.intermediate, weights.intermediateBias, activation: .gelu)
        let output = linear(activation, weights.output, weights.outputBias, into: projected)
        return addAndNormalise(middle, output, weights.finalNorm, dropout: .none, kept: nil)
    }

    /// Training: what the backward pass needs is kept on the tape, and GELU is a step of its own, since it is the sum
    /// before it that the backward pass needs.
    func forward(_ x: EncoderRows, offsets: PackedOffsets, dropouts: LayerDropouts) -> (EncoderRows, LayerTape) {
        let rows = x.operand.rows
        let qkv = linear(x.operand, weights.queryKeyValue, weights.queryKeyValueBias)
        let logSumExp = make(heads, rows, .float32)
        let attended = attend(qkv, offsets: offsets, logSumExp: logSumExp, dropout: dropouts.attention)
        let projected = linear(attended, weights.attentionOutput, weights.attentionOutputBias)
        let attentionNorm = keptOfNorm(x)
        let middle = addAndNormalise(
            x, projected, weights.attentionNorm, dropout: dropouts.attentionOutput, kept: attentionNorm)
        let preactivation = linear(middle.operand, weights.intermediate, weights.intermediateBias)
        let activation = make(rows, preactivation.columns, preactivation.precision)
        engine.geluForward(out: activation, x: preactivation, dropout: dropouts.intermediate)
        let output = linear(activation, weights.output, weights.outputBias, into: projected)
        let outputNorm = keptOfNorm(x)
        let out = addAndNormalise(middle, output, weights.finalNorm, dropout: dropouts.output, kept: outputNorm)
        let tape = LayerTape(
            input: x.operand, queryKeyValue: qkv, logSumExp: logSumExp, attended: attended,
            attentionSum: attentionNorm.sum, attentionStatistics: attentionNorm.statistics, middle: middle.operand,
            preactivation: preactivation, activation: activation, outputSum: outputNorm.sum,
            outputStatistics: outputNorm.statistics)
        return (out, tape)
    }

    // MARK: The steps of both passes

    /// `activation(x Wᵀ + b)`, into `out` where there is one to be used again.
    private func linear(
        _ x: Matrix, _ weight: LinearWeight, _ bias: Matrix, activation: Activation = .identity, into out: Matrix? = nil
    ) -> Matrix {
        let out = out ?? make(x.rows, weight.outputs, x.precision)
        engine.linearForward(out: out, x: x, weight: weight, bias: bias, activation: activation)
        return out
    }

    private func attend(_ qkv: Matrix, offsets: PackedOffsets, logSumExp: Matrix?, dropout: Dropout) -> Matrix {
        let out = make(qkv.rows, qkv.columns / 3, qkv.precision)
        engine.attentionForward(
            out: out, logSumExp: logSumExp, qkv: qkv, shape: attentionShape(offsets, out), dropout: dropout)
        return out
    }

    /// `LN(x + drop(addend))`.
    private func addAndNormalise(
        _ x: EncoderRows, _ addend: Matrix, _ parameters: NormParameters, dropout: Dropout,
        kept: (sum: Matrix, statistics: Matrix)?
    ) -> EncoderRows {
        let out = EncoderRows(
            rows: addend.rows, columns: addend.columns, operand: x.operand.precision, engine: engine)
        engine.layerNormForward(
            NormOutputs(
                out: out.residual, operand: out.separateOperand, sum: kept?.sum, statistics: kept?.statistics),
            x: x.residual, addend: addend, dropout: dropout, parameters: parameters)
        return out
    }

    private func keptOfNorm(_ x: EncoderRows) -> (sum: Matrix, statistics: Matrix) {
        (make(x.operand.rows, x.operand.columns, .float32), make(x.operand.rows, 2, .float32))
    }

    func attentionShape(_ offsets: PackedOffsets, _ rows: Matrix) -> AttentionShape {
        AttentionShape(offsets: offsets, heads: heads, width: rows.columns / heads)
    }

    func make(_ rows: Int, _ columns: Int, _ precision: Precision) -> Matrix {
        engine.makeMatrix(rows: rows, columns: columns, precision: precision)
    }
}
