/// The names and shapes of an encoder's tensors, as Hugging Face has them without the family's prefix.
///
/// This is the one table that loading, hashing and `upper.safetensors` follow.
public struct TensorNames: Sendable {
    public typealias Entry = (name: String, shape: [Int])
    let configuration: EncoderConfiguration

    public init(_ configuration: EncoderConfiguration) { self.configuration = configuration }

    /// The CNN feature encoder.
    var featureEncoder: [Entry] {
        var entries: [Entry] = []
        var inputs = 1
        for (index, convolution) in configuration.convolutions.enumerated() {
            let prefix = "feature_extractor.conv_layers.\(index)"
            entries.append(("\(prefix).conv.weight", [convolution.channels, inputs, convolution.kernel]))
            if index == 0 {
                entries.append(("\(prefix).layer_norm.weight", [convolution.channels]))
                entries.append(("\(prefix).layer_norm.bias", [convolution.channels]))
            }
            inputs = convolution.channels
        }
        return entries
    }

    /// From the CNN's output to the input of the first transformer layer.
    var embedding: [Entry] {
        let hidden = configuration.hiddenSize, kernel = configuration.positionalKernel
        let inputs = configuration.width(at: .cnn)
        return [
            ("feature_projection.layer_norm.weight", [inputs]), ("feature_projection.layer_norm.bias", [inputs]),
            ("feature_projection.projection.weight", [hidden, inputs]),
            ("feature_projection.projection.bias", [hidden]),
            ("encoder.pos_conv_embed.conv.weight_g", [1, 1, kernel]),
            ("encoder.pos_conv_embed.conv.weight_v", [hidden, hidden / configuration.positionalGroups, kernel]),
            ("encoder.pos_conv_embed.conv.bias", [hidden]),
            ("encoder.layer_norm.weight", [hidden]), ("encoder.layer_norm.bias", [hidden]),
        ]
    }

    /// One transformer layer, counted from 0.
    func layer(_ index: Int) -> [Entry] {
        let hidden = configuration.hiddenSize, intermediate = configuration.intermediateSize
        let prefix = "encoder.layers.\(index)"
        func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [Entry] {
            [("\(prefix).\(name).weight", [outputs, inputs]), ("\(prefix).\(name).bias", [outputs])]
        }
        func norm(_ name: String) -> [Entry] {
            [("\(prefix).\(name).weight", [hidden]), ("\(prefix).\(name).bias", [hidden])]
        }
        return ["q_proj", "k_proj", "v_proj", "out_proj"].flatMap { linear("attention.\($0)", hidden, hidden) }
            + norm("layer_norm") + linear("feed_forward.intermediate_dense", intermediate, hidden)
            + linear("feed_forward.output_dense", hidden, intermediate) + norm("final_layer_norm")
    }

    /// What stage one computes with: everything up to the highest cut.
    public func lower(upTo cut: Cut) -> [Entry] {
        guard cut > .cnn else { return featureEncoder }
        return featureEncoder + embedding + (0..<cut.layersBelow).flatMap(layer)
    }

    /// What training needs: everything above the lowest cut.
    public func upper(above cut: Cut) -> [Entry] {
        (cut == .cnn ? embedding : []) + (cut.layersBelow..<configuration.layerCount).flatMap(layer)
    }

    public var all: [Entry] { upper(above: .cnn) + featureEncoder }

    public static func parameterCount(_ entries: [Entry]) -> Int {
        entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }
}
