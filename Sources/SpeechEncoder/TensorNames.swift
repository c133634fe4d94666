import Checkpoints

/// One tensor of an encoder: its name without the family's prefix, its shape, and how a fresh model draws it.
public struct TensorEntry: Sendable {
    public let name: String
    public let shape: [Int]
    let initial: RandomTensor.Distribution

    init(_ name: String, _ shape: [Int], _ initial: RandomTensor.Distribution) {
        self.name = name
        self.shape = shape
        self.initial = initial
    }
}

/// The names and shapes of an encoder's tensors, as Hugging Face has them without the family's prefix.
///
/// This is the one table that loading, hashing, `upper.safetensors` and random models follow.
/// - Source: the `_init_weights` of transformers 5 for the distributions, and what a freshly made model holds.
public struct TensorNames: Sendable {
    let configuration: EncoderConfiguration

    public init(_ configuration: EncoderConfiguration) { self.configuration = configuration }

    /// The embedding of relative positions' buckets, which every layer reads and layer 0 owns.
    package static let relativeTable = "encoder.layers.0.attention.rel_attn_embed.weight"

    private static let weight = RandomTensor.Distribution.normal(standardDeviation: 0.02)

    private func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [TensorEntry] {
        [
            TensorEntry("\(name).weight", [outputs, inputs], Self.weight),
            TensorEntry("\(name).bias", [outputs], .constant(0)),
        ]
    }

    private func norm(_ name: String, _ width: Int) -> [TensorEntry] {
        [
            TensorEntry("\(name).weight", [width], .constant(1)), TensorEntry("\(name).bias", [width], .constant(0)),
        ]
    }

    /// The CNN feature encoder. Kaiming's normal initialisation, √(2 / fan-in).
    var featureEncoder: [TensorEntry] {
        var entries: [TensorEntry] = []
        var inputs = 1
        for (index, convolution) in configuration.convolutions.enumerated() {
            let prefix = "feature_extractor.conv_layers.\(index)", fanIn = Double(inputs * convolution.kernel)
            entries.append(
                TensorEntry(
                    "\(prefix).conv.weight", [convolution.channels, inputs, convolution.kernel],
                    .normal(standardDeviation: (2 / fanIn).squareRoot())))
            if configuration.variants.convolutionsHaveBias {
                entries.append(
                    TensorEntry(
                        "\(prefix).conv.bias", [convolution.channels],
                        .uniform(centre: 0, bound: (1 / fanIn).squareRoot())))
            }
            if index == 0 || configuration.variants.convolutionNorm == .layer {
                entries += norm("\(prefix).layer_norm", convolution.channels)
            }
            inputs = convolution.channels
        }
        return entries
    }

    /// From the CNN's output to the input of the first transformer layer.
    var embedding: [TensorEntry] {
        let hidden = configuration.hiddenSize, inputs = configuration.width(at: .cnn)
        let bound = RandomTensor.Distribution.uniform(centre: 0, bound: (1 / Double(inputs)).squareRoot())
        return (configuration.variants.projectionHasNorm ? norm("feature_projection.layer_norm", inputs) : [])
            + [
                TensorEntry("feature_projection.projection.weight", [hidden, inputs], bound),
                TensorEntry("feature_projection.projection.bias", [hidden], bound),
            ] + positionalEmbedding
            + (configuration.variants.isPreNorm ? [] : norm("encoder.layer_norm", hidden))
    }

    /// transformers' own initialisation of weight norm's tensors is lost on their parametrisation: what remains is
    /// `Conv1d`'s default, uniform within 1/√fan-in.
    private var positionalEmbedding: [TensorEntry] {
        let hidden = configuration.hiddenSize, prefix = "encoder.pos_conv_embed"
        func uniform(_ kernel: Int, _ groups: Int) -> RandomTensor.Distribution {
            .uniform(centre: 0, bound: (1 / Double(hidden / groups * kernel)).squareRoot())
        }
        switch configuration.variants.positionalEmbedding {
        case .weightNormed(let kernel, let groups):
            let directions = "\(prefix).conv.weight_v"
            return [
                TensorEntry("\(prefix).conv.weight_g", [1, 1, kernel], .norms(of: directions)),
                TensorEntry(directions, [hidden, hidden / groups, kernel], uniform(kernel, groups)),
                TensorEntry("\(prefix).conv.bias", [hidden], .constant(0)),
            ]
        case .stacked(let count, let kernel, let groups):
            return (0..<count).flatMap { layer in
                [
                    TensorEntry(
                        "\(prefix).layers.\(layer).conv.weight", [hidden, hidden / groups, kernel],
                        uniform(kernel, groups)),
                    TensorEntry("\(prefix).layers.\(layer).conv.bias", [hidden], .constant(0)),
                ]
            }
        }
    }

    /// One transformer layer, counted from 0.
    func layer(_ index: Int) -> [TensorEntry] {
        let hidden = configuration.hiddenSize, intermediate = configuration.intermediateSize
        let prefix = "encoder.layers.\(index)", heads = configuration.headCount
        var entries = ["q_proj", "k_proj", "v_proj", "out_proj"].flatMap {
            linear("\(prefix).attention.\($0)", hidden, hidden)
        }
        if let relative = configuration.variants.relativePositions {
            entries += linear("\(prefix).attention.gru_rel_pos_linear", 8, hidden / heads)
            entries.append(TensorEntry("\(prefix).attention.gru_rel_pos_const", [1, heads, 1, 1], .constant(1)))
            if index == 0 {
                entries.append(
                    TensorEntry(
                        Self.relativeTable, [relative.bucketCount, heads], .normal(standardDeviation: 1)))
            }
        }
        return entries + norm("\(prefix).layer_norm", hidden)
            + linear("\(prefix).feed_forward.intermediate_dense", intermediate, hidden)
            + linear("\(prefix).feed_forward.output_dense", hidden, intermediate)
            + norm("\(prefix).final_layer_norm", hidden)
    }

    /// The norm after the last layer, which only pre-norm encoders have.
    private var encoderNorm: [TensorEntry] {
        configuration.variants.isPreNorm ? norm("encoder.layer_norm", configuration.hiddenSize) : []
    }

    /// What stage one computes with: everything up to the highest cut.
    public func lower(upTo cut: Cut) -> [TensorEntry] {
        guard cut > .cnn else { return featureEncoder }
        return featureEncoder + embedding + (0..<cut.layersBelow).flatMap(layer)
    }

    /// What training needs: everything above the lowest cut, and the table of relative positions.
    public func upper(above cut: Cut) -> [TensorEntry] {
        let layers = (cut.layersBelow..<configuration.layerCount).flatMap(layer)
        let table = cut.layersBelow > 0 ? layer(0).filter { $0.name == Self.relativeTable } : []
        return (cut == .cnn ? embedding : []) + table + layers + encoderNorm
    }

    /// Every tensor of the encoder.
    public var all: [TensorEntry] { upper(above: .cnn) + featureEncoder }

    /// What stands for masked frames in pretraining: part of every model, and of no computation here.
    package var masking: [TensorEntry] {
        [TensorEntry("masked_spec_embed", [configuration.hiddenSize], .uniform(centre: 0.5, bound: 0.5))]
    }

    public static func parameterCount(_ entries: [TensorEntry]) -> Int {
        entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }
}
