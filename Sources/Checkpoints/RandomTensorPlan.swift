/// Every tensor of a wav2vec2 encoder with its shape and the distribution it starts from.
///
/// - Source: `Wav2Vec2PreTrainedModel._init_weights` in Hugging Face transformers 5, and what a freshly made
///   `Wav2Vec2Model` holds.
struct RandomTensorPlan {
    enum Distribution: Equatable {
        case constant(Float)
        /// Mean 0.
        case normal(standardDeviation: Double)
        /// From `centre − bound` to `centre + bound`.
        case uniform(centre: Float, bound: Double)
        /// Weight norm's magnitudes, one per last index: the norm of that slice of another tensor, so that the product
        /// is that tensor.
        case norms(of: String)
    }

    struct Tensor {
        var shape: [Int]
        var distribution: Distribution
    }

    private(set) var tensors: [String: Tensor] = [:]

    init(_ configuration: ConfigurationFile) throws(CheckpointError) {
        let hidden = try configuration.int("hidden_size")
        let intermediate = try configuration.int("intermediate_size")
        let linear = Distribution.normal(standardDeviation: try configuration.double("initializer_range"))
        let widths = try configuration.ints("conv_dim")
        try addConvolutions(widths, kernels: configuration.ints("conv_kernel"))
        let features = widths[widths.count - 1]
        let bound = (1 / Double(features)).squareRoot()
        addNorm("feature_projection.layer_norm", features)
        add("feature_projection.projection.weight", [hidden, features], .uniform(centre: 0, bound: bound))
        add("feature_projection.projection.bias", [hidden], .uniform(centre: 0, bound: bound))
        add("masked_spec_embed", [hidden], .uniform(centre: 0.5, bound: 0.5))
        try addPositions(
            hidden, taps: configuration.int("num_conv_pos_embeddings"),
            groups: configuration.int("num_conv_pos_embedding_groups"))
        addNorm("encoder.layer_norm", hidden)
        for layer in 0..<(try configuration.int("num_hidden_layers")) {
            let prefix = "encoder.layers.\(layer)"
            for projection in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                addLinear("\(prefix).attention.\(projection)", hidden, hidden, linear)
            }
            addNorm("\(prefix).layer_norm", hidden)
            addLinear("\(prefix).feed_forward.intermediate_dense", intermediate, hidden, linear)
            addLinear("\(prefix).feed_forward.output_dense", hidden, intermediate, linear)
            addNorm("\(prefix).final_layer_norm", hidden)
        }
    }

    private mutating func add(_ name: String, _ shape: [Int], _ distribution: Distribution) {
        tensors[name] = Tensor(shape: shape, distribution: distribution)
    }

    private mutating func addLinear(_ name: String, _ outputs: Int, _ inputs: Int, _ weight: Distribution) {
        add("\(name).weight", [outputs, inputs], weight)
        add("\(name).bias", [outputs], .constant(0))
    }

    private mutating func addNorm(_ name: String, _ width: Int) {
        add("\(name).weight", [width], .constant(1))
        add("\(name).bias", [width], .constant(0))
    }

    /// Kaiming's normal initialisation, √(2 / fan-in); the first layer alone has a (group) norm.
    private mutating func addConvolutions(_ widths: [Int], kernels: [Int]) {
        var inputs = 1
        for (layer, (width, taps)) in zip(widths, kernels).enumerated() {
            let deviation = (2 / Double(inputs * taps)).squareRoot()
            let prefix = "feature_extractor.conv_layers.\(layer)"
            add("\(prefix).conv.weight", [width, inputs, taps], .normal(standardDeviation: deviation))
            if layer == 0 { addNorm("\(prefix).layer_norm", width) }
            inputs = width
        }
    }

    /// transformers' own initialisation of this weight is lost on weight norm's parametrisation: what remains is
    /// `Conv1d`'s default, uniform within 1/√fan-in.
    private mutating func addPositions(_ hidden: Int, taps: Int, groups: Int) {
        let inputs = hidden / groups
        let bound = (1 / Double(inputs * taps)).squareRoot()
        let name = "encoder.pos_conv_embed.conv"
        add("\(name).weight_v", [hidden, inputs, taps], .uniform(centre: 0, bound: bound))
        add("\(name).weight_g", [1, 1, taps], .norms(of: "\(name).weight_v"))
        add("\(name).bias", [hidden], .constant(0))
    }
}
