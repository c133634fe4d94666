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
        let precision = x.operand.precision, rows = x.operand.rows
        let qkv = make(rows, weights.queryKeyValue.outputs, precision)
        engine.linearForward(
            out: qkv, x: x.operand, weight: weights.queryKeyValue, bias: weights.queryKeyValueBias,
            activation: .identity)
        let attended = make(rows, x.operand.columns, precision)
        engine.attentionForward(
            out: attended, logSumExp: nil, qkv: qkv, shape: attentionShape(offsets, attended), dropout: .none)
        let projected = make(rows, attended.columns, precision)
        engine.linearForward(
            out: projected, x: attended, weight: weights.attentionOutput, bias: weights.attentionOutputBias,
            activation: .identity)
        let middle = EncoderRows(rows: rows, columns: attended.columns, operand: precision, engine: engine)
        engine.layerNormForward(
            NormOutputs(out: middle.residual, operand: middle.separateOperand), x: x.residual, addend: projected,
            dropout: .none, parameters: weights.attentionNorm)
        let activation = make(rows, weights.intermediate.outputs, precision)
        engine.linearForward(
            out: activation, x: middle.operand, weight: weights.intermediate, bias: weights.intermediateBias,
            activation: .gelu)
        let output = projected
        engine.linearForward(
            out: output, x: activation, weight: weights.output, bias: weights.outputBias, activation: .identity)
        let out = EncoderRows(rows: rows, columns: attended.columns, operand: precision, engine: engine)
        engine.layerNormForward(
            NormOutputs(out: out.residual, operand: out.separateOperand), x: middle.residual, addend: output,
            dropout: .none, parameters: weights.finalNorm)
        return out
    }

    /// Training: what the backward pass needs is kept on the tape.
    func forward(_ x: EncoderRows, offsets: PackedOffsets, dropouts: LayerDropouts) -> (EncoderRows, LayerTape) {
        let precision = x.operand.precision, rows = x.operand.rows, columns = x.operand.columns
        let qkv = make(rows, weights.queryKeyValue.outputs, precision)
        engine.linearForward(
            out: qkv, x: x.operand, weight: weights.queryKeyValue, bias: weights.queryKeyValueBias,
            activation: .identity)
        let attended = make(rows, columns, precision)
        let logSumExp = make(heads, rows, .float32)
        engine.attentionForward(
            out: attended, logSumExp: logSumExp, qkv: qkv, shape: attentionShape(offsets, attended),
            dropout: dropouts.attention)
        let projected = make(rows, columns, precision)
        engine.linearForward(
            out: projected, x: attended, weight: weights.attentionOutput, bias: weights.attentionOutputBias,
            activation: .identity)
        let middle = EncoderRows(rows: rows, columns: columns, operand: precision, engine: engine)
        let attentionSum = make(rows, columns, .float32), attentionStatistics = make(rows, 2, .float32)
        engine.layerNormForward(
            NormOutputs(
                out: middle.residual, operand: middle.separateOperand, sum: attentionSum,
                statistics: attentionStatistics), x: x.residual, addend: projected, dropout: dropouts.attentionOutput,
            parameters: weights.attentionNorm)
        let preactivation = make(rows, weights.intermediate.outputs, precision)
        engine.linearForward(
            out: preactivation, x: middle.operand, weight: weights.intermediate, bias: weights.intermediateBias,
            activation: .identity)
        let activation = make(rows, preactivation.columns, precision)
        engine.geluForward(out: activation, x: preactivation, dropout: dropouts.intermediate)
        let output = projected
        engine.linearForward(
            out: output, x: activation, weight: weights.output, bias: weights.outputBias, activation: .identity)
        let out = EncoderRows(rows: rows, columns: columns, operand: precision, engine: engine)
        let outputSum = make(rows, columns, .float32), outputStatistics = make(rows, 2, .float32)
        engine.layerNormForward(
            NormOutputs(
                out: out.residual, operand: out.separateOperand, sum: outputSum, statistics: outputStatistics),
            x: middle.residual, addend: output, dropout: dropouts.output, parameters: weights.finalNorm)
        let tape = LayerTape(
            input: x.operand, queryKeyValue: qkv, logSumExp: logSumExp, attended: attended, attentionSum: attentionSum,
            attentionStatistics: attentionStatistics, middle: middle.operand, preactivation: preactivation,
            activation: activation, outputSum: outputSum, outputStatistics: outputStatistics)
        return (out, tape)
    }

    func attentionShape(_ offsets: PackedOffsets, _ rows: Matrix) -> AttentionShape {
        AttentionShape(offsets: offsets, heads: heads, width: rows.columns / heads)
    }

    func make(_ rows: Int, _ columns: Int, _ precision: Precision) -> Matrix {
        engine.makeMatrix(rows: rows, columns: columns, precision: precision)
    }
}
