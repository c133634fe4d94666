import Buffers
import Checkpoints
import Kernels

/// From the CNN's output to the input of the first transformer layer: layer norm, projection, positional convolutions, and for
/// post-norm encoders `encoder.layer_norm`. Frozen.
struct Embedding: Sendable {
    private let engine: any Engine
    private let precision: Precision
    private let projectionNorm: LayerNorm?
    private let projection: LinearMap
    private let positions: PositionalEmbedding
    /// Nil for pre-norm encoders.
    private let encoderNorm: LayerNorm?

    init(
        _ configuration: EncoderConfiguration, weights: WeightLoader, precision: Precision
    ) throws(CheckpointError) {
        engine = weights.engine
        self.precision = precision
        var parts = PartBuilder(weights: weights, precision: precision, isTrained: false)
        let variants = configuration.variants, epsilon = configuration.layerNormEpsilon
        projectionNorm =
            variants.projectionHasNorm ? try parts.norm("feature_projection.layer_norm", epsilon: epsilon) : nil
        projection = try parts.linear("feature_projection.projection")
        positions = try PositionalEmbedding(
            variants.positionalEmbedding, width: configuration.hiddenSize, weights: weights, precision: precision)
        encoderNorm = variants.isPreNorm ? nil : try parts.norm("encoder.layer_norm", epsilon: epsilon)
    }

    /// `[N, C]` from the CNN's output, `[N, channels]` float32.
    func callAsFunction(_ features: Matrix, offsets: PackedOffsets) -> EncoderRows {
        let input: Matrix
        if let projectionNorm {
            input = engine.makeMatrix(rows: features.rows, columns: features.columns, precision: precision)
            projectionNorm.forward(input, x: features)
        } else {
            input = EncoderRows(features, operand: precision, engine: engine).operands
        }
        let projected = engine.makeMatrix(
            rows: features.rows, columns: projection.weight.outputs, precision: .float32)
        _ = projection.forward(input, into: projected)
        let position = positions(projected, offsets: offsets)
        guard let encoderNorm else {
            engine.addForward(out: projected, x: projected, addend: position, dropout: .none)
            return EncoderRows(residual: projected, operand: nil)
        }
        let out = EncoderRows(rows: projected.rows, columns: projected.columns, operand: precision, engine: engine)
        encoderNorm.forward(out: out.residual, operand: out.separateOperand, x: projected, addend: position)
        return out
    }
}

/// Convolutions over the projected frames whose output is added to them, in one of two forms.
struct PositionalEmbedding: Sendable {
    private struct Convolution: Sendable {
        /// `[C, kernel·C/groups]` operands, each output's taps in order.
        let weight: Matrix
        let bias: Matrix
    }
    private let convolutions: [Convolution]
    /// Between a convolution and its GELU, in the stacked form: without parameters, so γ = 1 and β = 0.
    private let norm: NormParameters?
    private let kernel: Int
    private let groups: Int
    private let precision: Precision
    private let engine: any Engine

    init(
        _ form: EncoderVariants.PositionalEmbedding, width: Int, weights: WeightLoader, precision: Precision
    ) throws(CheckpointError) {
        self.precision = precision
        engine = weights.engine
        let prefix = "encoder.pos_conv_embed"
        switch form {
        case .weightNormed(let kernel, let groups):
            (self.kernel, self.groups) = (kernel, groups)
            norm = nil
            convolutions = [
                Convolution(
                    weight: try weights.weightNormed("\(prefix).conv", precision: precision),
                    bias: try weights.row("\(prefix).conv.bias"))
            ]
        case .stacked(let count, let kernel, let groups):
            (self.kernel, self.groups) = (kernel, groups)
            norm = NormParameters(
                gamma: engine.makeRow([Float](repeating: 1, count: width)),
                beta: engine.makeRow([Float](repeating: 0, count: width)),
                epsilon: EncoderConfiguration.convolutionNormEpsilon)
            var convolutions: [Convolution] = []
            for layer in 0..<count {
                convolutions.append(
                    Convolution(
                        weight: try weights.tapMajor("\(prefix).layers.\(layer).conv.weight", precision: precision),
                        bias: try weights.row("\(prefix).layers.\(layer).conv.bias")))
            }
            self.convolutions = convolutions
        }
    }

    /// `[N, C]` float32 from `[N, C]` float32.
    func callAsFunction(_ rows: Matrix, offsets: PackedOffsets) -> Matrix {
        var x = rows
        for convolution in convolutions {
            let operands = EncoderRows(x, operand: precision, engine: engine).operands
            let out = engine.makeMatrix(rows: x.rows, columns: x.columns, precision: .float32)
            for utterance in 0..<offsets.utteranceCount {
                let range = offsets[utterance]
                engine.positionalConvolutionForward(
                    out: out.rows(range), x: operands.rows(range), weight: convolution.weight, bias: convolution.bias,
                    kernel: kernel, groups: groups, activation: norm == nil ? .gelu : .identity)
            }
            if let norm { engine.layerNormGeluForward(out: out, x: out, parameters: norm) }
            x = out
        }
        return x
    }
}
