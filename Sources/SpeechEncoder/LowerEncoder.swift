import Buffers
import Checkpoints
import Kernels

/// The frozen lower part of an encoder: from a waveform to the hidden states at the cuts.
///
/// One utterance at a time: its rows depend on nothing but its own samples, so they are the same bits whatever is computed
/// beside it. Safe to use from several threads at once.
public struct LowerEncoder: Sendable {
    public let configuration: EncoderConfiguration
    public let cuts: [Cut]
    private let engine: any Engine
    private let precision: Precision
    private let features: FeatureEncoder
    private let embedding: FrozenEmbedding?
    private let layers: [TransformerLayer]

    /// - Parameters:
    ///   - cuts: at least one; the highest decides how far the encoder is computed.
    ///   - precision: of the operands, float32 or bfloat16.
    /// - Throws: `CheckpointError` for a missing tensor or one of another shape, before any compute.
    public init(
        _ configuration: EncoderConfiguration, weights: any TensorSource, cuts: [Cut], precision: Precision,
        engine: any Engine
    ) throws(CheckpointError) {
        self.configuration = configuration
        self.cuts = Set(cuts).sorted()
        self.engine = engine
        self.precision = precision
        let highest = self.cuts[self.cuts.count - 1]
        let names = TensorNames(configuration)
        let loader = WeightLoader(weights, names: names.lower(upTo: highest), engine: engine)
        features = try FeatureEncoder(configuration, weights: loader, precision: precision, engine: engine)
        guard highest > .cnn else {
            embedding = nil
            layers = []
            return
        }
        embedding = try FrozenEmbedding(configuration, weights: loader, precision: precision, engine: engine)
        var layers: [TransformerLayer] = []
        for index in 0..<highest.layersBelow {
            let weights = try LayerWeights(
                frozen: index, weights: loader, configuration: configuration, precision: precision)
            layers.append(TransformerLayer(weights: weights, heads: configuration.headCount, engine: engine))
        }
        self.layers = layers
    }

    /// The hidden states of one utterance at each cut, `[T, C]` float32.
    /// - Parameter waveform: at the model's rate, normalised if its preprocessor says so; at least `minimumSamples`.
    public func hiddenStates(of waveform: [Float]) -> [Cut: Matrix] {
        precondition(
            waveform.count >= configuration.minimumSamples,
            "\(waveform.count) samples are fewer than one frame's \(configuration.minimumSamples)")
        var states: [Cut: Matrix] = [:]
        func keep(_ rows: Matrix, at cut: Cut) {
            if cuts.contains(cut) { states[cut] = rows }
        }
        let samples = engine.makeMatrix(waveform, rows: waveform.count, columns: 1)
        let convolved = features(samples)
        keep(convolved, at: .cnn)
        guard let embedding else { return states }
        let offsets = PackedOffsets(single: convolved.rows)
        var rows = embedding(convolved)
        keep(rows.residual, at: .layer(0))
        for (index, layer) in layers.enumerated() {
            rows = layer(rows, offsets: offsets)
            keep(rows.residual, at: .layer(index + 1))
        }
        return states
    }

    /// The same in host memory, row by row.
    public func downloadedHiddenStates(of waveform: [Float]) -> [Cut: [Float]] {
        hiddenStates(of: waveform).mapValues { engine.download($0) }
    }
}

/// From the CNN's output to the input of the first transformer layer: layer norm, projection, positional convolution, and
/// for post-norm encoders `encoder.layer_norm`.
struct FrozenEmbedding: Sendable {
    private let engine: any Engine
    private let precision: Precision
    private let projectionNorm: NormParameters
    private let projection: LinearWeight
    private let projectionBias: Matrix
    private let positional: Matrix
    private let positionalBias: Matrix
    private let kernel: Int
    private let groups: Int
    private let encoderNorm: NormParameters

    init(
        _ configuration: EncoderConfiguration, weights: WeightLoader, precision: Precision, engine: any Engine
    ) throws(CheckpointError) {
        self.engine = engine
        self.precision = precision
        kernel = configuration.positionalKernel
        groups = configuration.positionalGroups
        projectionNorm = try weights.norm("feature_projection.layer_norm", epsilon: configuration.layerNormEpsilon)
        projection = .frozen(
            engine.freeze(try weights.matrix("feature_projection.projection.weight"), precision: precision))
        projectionBias = try weights.row("feature_projection.projection.bias")
        let taps = try weights.weightNormed("encoder.pos_conv_embed.conv")
        if precision == .float32 {
            positional = taps
        } else {
            positional = engine.makeMatrix(rows: taps.rows, columns: taps.columns, precision: precision)
            engine.convert(taps, to: positional)
        }
        positionalBias = try weights.row("encoder.pos_conv_embed.conv.bias")
        encoderNorm = try weights.norm("encoder.layer_norm", epsilon: configuration.layerNormEpsilon)
    }

    func callAsFunction(_ features: Matrix) -> EncoderRows {
        let normed = EncoderRows(rows: features.rows, columns: features.columns, operand: precision, engine: engine)
        engine.layerNormForward(
            NormOutputs(out: normed.residual, operand: normed.separateOperand), x: features, addend: nil,
            dropout: .none, parameters: projectionNorm)
        let projected = engine.makeMatrix(rows: features.rows, columns: projection.outputs, precision: .float32)
        engine.linearForward(
            out: projected, x: normed.operand, weight: projection, bias: projectionBias, activation: .identity)
        let operands = EncoderRows(projected, operand: precision, engine: engine)
        let position = engine.makeMatrix(rows: features.rows, columns: projected.columns, precision: .float32)
        engine.positionalConvolutionForward(
            out: position, x: operands.operand, weight: positional, bias: positionalBias, kernel: kernel,
            groups: groups)
        let out = EncoderRows(rows: features.rows, columns: projected.columns, operand: precision, engine: engine)
        engine.layerNormForward(
            NormOutputs(out: out.residual, operand: out.separateOperand), x: projected, addend: position,
            dropout: .none, parameters: encoderNorm)
        return out
    }
}

extension LayerWeights {
    /// Layer `index` as the checkpoint has it, not to be trained. Q, K and V become one product.
    init(
        frozen index: Int, weights: WeightLoader, configuration: EncoderConfiguration, precision: Precision
    ) throws(CheckpointError) {
        let prefix = "encoder.layers.\(index)", engine = weights.engine, size = configuration.hiddenSize
        func frozen(_ name: String) throws(CheckpointError) -> LinearWeight {
            .frozen(engine.freeze(try weights.matrix("\(prefix).\(name).weight"), precision: precision))
        }
        var joined: [Float] = [], bias: [Float] = []
        for name in ["q_proj", "k_proj", "v_proj"] {
            joined += try weights.floats("\(prefix).attention.\(name).weight")
            bias += try weights.floats("\(prefix).attention.\(name).bias")
        }
        self.init(
            queryKeyValue: .frozen(
                engine.freeze(engine.makeMatrix(joined, rows: 3 * size, columns: size), precision: precision)),
            queryKeyValueBias: engine.makeRow(bias),
            attentionOutput: try frozen("attention.out_proj"),
            attentionOutputBias: try weights.row("\(prefix).attention.out_proj.bias"),
            attentionNorm: try weights.norm("\(prefix).layer_norm", epsilon: configuration.layerNormEpsilon),
            intermediate: try frozen("feed_forward.intermediate_dense"),
            intermediateBias: try weights.row("\(prefix).feed_forward.intermediate_dense.bias"),
            output: try frozen("feed_forward.output_dense"),
            outputBias: try weights.row("\(prefix).feed_forward.output_dense.bias"),
            finalNorm: try weights.norm("\(prefix).final_layer_norm", epsilon: configuration.layerNormEpsilon))
    }
}
