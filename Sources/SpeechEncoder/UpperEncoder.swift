import Buffers
import Checkpoints
import Kernels

/// What distinguishes one training step's randomness from another's.
public struct TrainingStep: Sendable {
    public let dropoutProbabilities: EncoderConfiguration.Dropouts
    public let seed: UInt64
    /// Counted over the whole run, so that a resumed run draws the same masks.
    public let number: UInt64

    public init(dropouts: EncoderConfiguration.Dropouts, seed: UInt64, number: UInt64) {
        dropoutProbabilities = dropouts
        self.seed = seed
        self.number = number
    }

    /// Dropout at a place of the model named by `site` and `index`.
    public func dropout(_ site: String, _ index: UInt64, probability: Float) -> Dropout {
        guard probability > 0 else { return .none }
        return Dropout(probability: probability, key: RandomStream(seed: seed, site, index, number).key)
    }

    func dropouts(layer: UInt64) -> LayerDropouts {
        LayerDropouts(
            attention: dropout("attention", layer, probability: dropoutProbabilities.attention),
            attentionOutput: dropout("attention output", layer, probability: dropoutProbabilities.hidden),
            intermediate: dropout("intermediate", layer, probability: dropoutProbabilities.activation),
            output: dropout("output", layer, probability: dropoutProbabilities.hidden))
    }
}

/// The upper part of an encoder: the layers above a cut, of which the topmost are trained, and for pre-norm encoders the norm
/// after the last.
public struct UpperEncoder: Sendable {
    public let configuration: EncoderConfiguration
    public let cut: Cut
    public let precision: Precision
    private let frozen: [TransformerLayer]
    private let trained: [TransformerLayer]
    /// Trained whenever a layer is.
    private let encoderNorm: LayerNorm?
    private let encoderNormParameters: [Parameter]
    /// Layer 0's embedding of relative positions, `[buckets, H]`, for the encoders that have one; frozen.
    private let relativeTable: [Float]
    private let engine: any Engine

    /// - Parameters:
    ///   - weights: must hold the tensors above the cut, as `upper.safetensors` does.
    ///   - trainedLayers: how many of the topmost layers are trained; those between the cut and them stay as they are.
    public init(
        _ configuration: EncoderConfiguration, weights: any TensorSource, cut: Cut, trainedLayers: Int,
        precision: Precision, engine: any Engine
    ) throws(CheckpointError) {
        precondition(cut > .cnn, "training from the CNN's output needs the embedding, which is not trained here")
        let first = configuration.layerCount - trainedLayers
        precondition(first >= cut.layersBelow && trainedLayers >= 0, "layers below the cut cannot be trained")
        self.configuration = configuration
        self.cut = cut
        self.precision = precision
        self.engine = engine
        let loader = WeightLoader(weights, names: TensorNames(configuration).upper(above: cut), engine: engine)
        var layers: [TransformerLayer] = []
        for index in cut.layersBelow..<configuration.layerCount {
            layers.append(
                try TransformerLayer(
                    index, weights: loader, configuration: configuration, precision: precision,
                    isTrained: index >= first))
        }
        frozen = Array(layers.prefix(first - cut.layersBelow))
        trained = Array(layers.dropFirst(frozen.count))
        var parts = PartBuilder(weights: loader, precision: precision, isTrained: trainedLayers > 0)
        encoderNorm =
            configuration.variants.isPreNorm
            ? try parts.norm("encoder.layer_norm", epsilon: configuration.layerNormEpsilon) : nil
        encoderNormParameters = parts.parameters
        let isRelative = configuration.variants.relativePositions != nil && !layers.isEmpty
        relativeTable = isRelative ? try loader.floats(TensorNames.relativeTable) : []
    }

    public var parameters: [Parameter] { trained.flatMap(\.parameters) + encoderNormParameters }

    private func sequence(_ offsets: PackedOffsets) -> PackedSequence {
        guard let relative = configuration.variants.relativePositions, !relativeTable.isEmpty else {
            return PackedSequence(offsets: offsets)
        }
        let reach = (0..<offsets.utteranceCount).map { offsets[$0].count }.max() ?? 1
        return PackedSequence(
            offsets: offsets,
            positionBiases: relative.biases(
                table: relativeTable, heads: configuration.headCount, reach: reach, engine: engine))
    }

    /// The last layer's output, normed where the encoder has a last norm, `[N, C]` float32, without dropout.
    public func callAsFunction(_ rows: Matrix, offsets: PackedOffsets) -> Matrix {
        let sequence = sequence(offsets)
        var x = EncoderRows(rows, operand: precision, engine: engine)
        for layer in frozen + trained { x = layer(x, sequence) }
        guard let encoderNorm else { return x.residual }
        let out = engine.makeMatrix(rows: rows.rows, columns: x.residual.columns, precision: .float32)
        encoderNorm.forward(out, x: x.residual)
        return out
    }

    /// What `backward` needs of `forward`.
    public struct Tape: Sendable {
        let sequence: PackedSequence
        let layers: [LayerTape]
        let encoderNorm: LayerNorm.Tape?
    }

    /// The output as above, with dropout, and what the backward pass needs.
    public func forward(_ rows: Matrix, offsets: PackedOffsets, step: TrainingStep) -> (Matrix, Tape) {
        let sequence = sequence(offsets)
        var x = EncoderRows(rows, operand: precision, engine: engine)
        for layer in frozen { x = layer(x, sequence) }
        var tapes: [LayerTape] = []
        for layer in trained {
            let (out, tape) = layer.forward(x, sequence, dropouts: step.dropouts(layer: layer.index))
            x = out
            tapes.append(tape)
        }
        guard let encoderNorm else {
            return (x.residual, Tape(sequence: sequence, layers: tapes, encoderNorm: nil))
        }
        let out = engine.makeMatrix(rows: rows.rows, columns: x.residual.columns, precision: .float32)
        let statistics = engine.makeMatrix(rows: rows.rows, columns: 2, precision: .float32)
        encoderNorm.forward(out, statistics: statistics, x: x.residual)
        return (
            out,
            Tape(
                sequence: sequence, layers: tapes,
                encoderNorm: LayerNorm.Tape(sum: x.residual, statistics: statistics))
        )
    }

    /// Adds to the gradient of every parameter.
    ///
    /// - Parameters:
    ///   - dOut: `[N, C]` float32; overwritten.
    ///   - needsInput: whether the gradient with respect to the rows is wanted, which only a check does.
    @discardableResult
    public func backward(dOut: Matrix, tape: Tape, step: TrainingStep, needsInput: Bool = false) -> Matrix? {
        guard !trained.isEmpty else { return dOut }
        if let encoderNorm, let taped = tape.encoderNorm {
            encoderNorm.backward(dx: dOut, accumulate: false, dAddend: nil, dOut: dOut, tape: taped)
        }
        var gradient: Matrix? = dOut
        for (index, layer) in trained.enumerated().reversed() {
            guard let dLayer = gradient else { break }
            gradient = layer.backward(
                dOut: dLayer, tape: tape.layers[index], tape.sequence, dropouts: step.dropouts(layer: layer.index),
                needsInput: needsInput || index > 0)
        }
        return gradient
    }
}
