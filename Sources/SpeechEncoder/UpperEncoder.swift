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

/// The upper part of an encoder: the layers above a cut, of which the topmost are trained.
public struct UpperEncoder: Sendable {
    public let configuration: EncoderConfiguration
    public let cut: Cut
    public let precision: Precision
    private let frozen: [TransformerLayer]
    private let trained: [TrainedLayer]
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
        var frozen: [TransformerLayer] = [], trained: [TrainedLayer] = []
        for index in cut.layersBelow..<first {
            let weights = try LayerWeights(
                frozen: index, weights: loader, configuration: configuration, precision: precision)
            frozen.append(TransformerLayer(weights: weights, heads: configuration.headCount, engine: engine))
        }
        for index in first..<configuration.layerCount {
            trained.append(
                try TrainedLayer(index, weights: loader, configuration: configuration, precision: precision))
        }
        self.frozen = frozen
        self.trained = trained
    }

    public var parameters: [Parameter] { trained.flatMap(\.parameters) }

    /// The last layer's output, `[N, C]` float32, without dropout.
    public func callAsFunction(_ rows: Matrix, offsets: PackedOffsets) -> Matrix {
        var x = EncoderRows(rows, operand: precision, engine: engine)
        for layer in frozen { x = layer(x, offsets: offsets) }
        for layer in trained { x = layer(x, offsets: offsets) }
        return x.residual
    }

    /// What `backward` needs of `forward`.
    public struct Tape: Sendable {
        let layers: [LayerTape]
    }

    /// The last layer's output, `[N, C]` float32, and what the backward pass needs.
    public func forward(_ rows: Matrix, offsets: PackedOffsets, step: TrainingStep) -> (Matrix, Tape) {
        var x = EncoderRows(rows, operand: precision, engine: engine)
        for layer in frozen { x = layer(x, offsets: offsets) }
        var tapes: [LayerTape] = []
        for layer in trained {
            let (out, tape) = layer.forward(x, offsets: offsets, step: step)
            x = out
            tapes.append(tape)
        }
        return (x.residual, Tape(layers: tapes))
    }

    /// Adds to the gradient of every parameter.
    ///
    /// - Parameters:
    ///   - dOut: `[N, C]` float32; overwritten.
    ///   - needsInput: whether the gradient with respect to the rows is wanted, which only a check does.
    @discardableResult
    public func backward(
        dOut: Matrix, tape: Tape, offsets: PackedOffsets, step: TrainingStep, needsInput: Bool = false
    ) -> Matrix? {
        var gradient: Matrix? = dOut
        for (index, layer) in trained.enumerated().reversed() {
            guard let dLayer = gradient else { break }
            gradient = layer.backward(
                dOut: dLayer, tape: tape.layers[index], offsets: offsets, step: step,
                needsInput: needsInput || index > 0)
        }
        return gradient
    }
}
