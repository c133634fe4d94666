import Checkpoints

/// The shape of a speech encoder, from a Hugging Face `config.json`; what families differ in is in `variants`.
public struct EncoderConfiguration: Sendable, Equatable {
    public struct Convolution: Sendable, Equatable {
        public let channels: Int
        public let kernel: Int
        public let stride: Int
    }

    /// Dropout probabilities that training applies unless it is told otherwise.
    public struct Dropouts: Sendable, Equatable {
        /// After attention's output projection and after the feed-forward block.
        public var hidden: Float
        /// On attention's probabilities.
        public var attention: Float
        /// Inside the feed-forward block.
        public var activation: Float
        /// After the projection of the CNN's output.
        public var featureProjection: Float
        /// Of a whole layer (Fan et al. 2020, LayerDrop).
        public var layer: Float

        public init(
            hidden: Float, attention: Float, activation: Float, featureProjection: Float = 0, layer: Float = 0
        ) {
            self.hidden = hidden
            self.attention = attention
            self.activation = activation
            self.featureProjection = featureProjection
            self.layer = layer
        }

        public static let none = Dropouts(hidden: 0, attention: 0, activation: 0)
    }

    /// `model_type`: the family.
    public let family: String
    /// `C`.
    public let hiddenSize: Int
    public let layerCount: Int
    /// `H`.
    public let headCount: Int
    /// Width of the feed-forward block.
    public let intermediateSize: Int
    public let layerNormEpsilon: Float
    /// The CNN feature encoder, from the waveform up.
    public let convolutions: [Convolution]
    package let variants: EncoderVariants
    public let dropouts: Dropouts
    /// `final_dropout`, before what is put on top of the encoder.
    public let headDropout: Float

    /// Norms inside the CNN and the stacked positional convolutions use torch's default, whatever `layer_norm_eps` says.
    package static let convolutionNormEpsilon: Float = 1e-5

    public init(_ file: ConfigurationFile) throws(CheckpointError) {
        let family = try EncoderFamily.named(by: file)
        self.family = family.modelType
        variants = try family.variants(file)
        hiddenSize = try file.int("hidden_size")
        layerCount = try file.int("num_hidden_layers")
        headCount = try file.int("num_attention_heads")
        intermediateSize = try file.int("intermediate_size")
        layerNormEpsilon = Float(try file.double("layer_norm_eps", default: 1e-5))
        let channels = try file.ints("conv_dim"), kernels = try file.ints("conv_kernel")
        let strides = try file.ints("conv_stride")
        guard !channels.isEmpty, channels.allSatisfy({ $0 > 0 }) else {
            throw file.mistake("conv_dim", expected: "a list of positive integers")
        }
        guard kernels.count == channels.count, kernels.allSatisfy({ $0 > 0 }) else {
            throw file.mistake("conv_kernel", expected: "\(channels.count) positive integers, as many as conv_dim")
        }
        guard strides.count == channels.count, strides.allSatisfy({ $0 > 0 }) else {
            throw file.mistake("conv_stride", expected: "\(channels.count) positive integers, as many as conv_dim")
        }
        convolutions = zip(channels, zip(kernels, strides)).map {
            Convolution(channels: $0, kernel: $1.0, stride: $1.1)
        }
        dropouts = Dropouts(
            hidden: try Self.probability("hidden_dropout", file),
            attention: try Self.probability("attention_dropout", file),
            activation: try Self.probability("activation_dropout", file),
            featureProjection: try Self.probability("feat_proj_dropout", file, default: 0),
            layer: try Self.probability("layerdrop", file))
        headDropout = try Self.probability("final_dropout", file)
        guard headCount > 0, hiddenSize > 0, hiddenSize % headCount == 0 else {
            throw file.mistake("num_attention_heads", expected: "a divisor of hidden_size, \(hiddenSize)")
        }
        try Self.check(file, variants.positionalEmbedding, hiddenSize: hiddenSize)
        for (key, value) in [("num_hidden_layers", layerCount), ("intermediate_size", intermediateSize)]
        where value < 1 {
            throw file.mistake(key, expected: "a positive integer")
        }
        for (key, widths) in [("conv_dim", channels), ("hidden_size", [hiddenSize])]
        where widths.contains(where: { $0 > 4096 }) {
            throw file.mistake(key, expected: "at most 4096 channels")
        }
        for key in ["feat_extract_activation", "hidden_act"] {
            guard try file.string(key, default: "gelu") == "gelu" else { throw file.mistake(key, expected: "\"gelu\"") }
        }
    }

    private static func probability(
        _ key: String, _ file: ConfigurationFile, default fallback: Double = 0.1
    ) throws(CheckpointError) -> Float {
        let value = try file.double(key, default: fallback)
        guard value >= 0, value < 1 else { throw file.mistake(key, expected: "a probability in 0 ..< 1") }
        return Float(value)
    }

    private static func check(
        _ file: ConfigurationFile, _ embedding: EncoderVariants.PositionalEmbedding, hiddenSize: Int
    ) throws(CheckpointError) {
        let kernel: Int, groups: Int, key: String
        switch embedding {
        case .weightNormed(let taps, let parts): (kernel, groups, key) = (taps, parts, "num_conv_pos_embeddings")
        case .stacked(let count, let taps, let parts):
            (kernel, groups, key) = (taps, parts, "conv_pos_kernel_size")
            guard count > 0 else { throw file.mistake("num_conv_pos_embeddings", expected: "a positive integer") }
        }
        guard kernel > 0 else { throw file.mistake(key, expected: "a positive integer") }
        guard groups > 0, hiddenSize % groups == 0 else {
            throw file.mistake("num_conv_pos_embedding_groups", expected: "a divisor of hidden_size, \(hiddenSize)")
        }
    }

    /// All that the features depend on beside the weights, in words: one component of a cache's key.
    public var summary: String {
        let shapes = convolutions.map { "\($0.channels)x\($0.kernel)/\($0.stride)" }.joined(separator: " ")
        var parts = [
            family, "hidden \(hiddenSize)", "heads \(headCount)", "intermediate \(intermediateSize)",
            "epsilon \(layerNormEpsilon)", "convolutions \(shapes)", "\(variants.convolutionNorm.rawValue) norm",
        ]
        switch variants.positionalEmbedding {
        case .weightNormed(let kernel, let groups): parts.append("positional \(kernel)/\(groups)")
        case .stacked(let count, let kernel, let groups): parts.append("positional \(count)x\(kernel)/\(groups)")
        }
        parts.append(variants.isPreNorm ? "pre-norm" : "post-norm")
        if let relative = variants.relativePositions {
            parts.append("relative \(relative.bucketCount)/\(relative.maximumDistance)")
        }
        return parts.joined(separator: ", ")
    }

    /// Columns of the rows at a cut.
    public func width(at cut: Cut) -> Int {
        switch cut {
        case .cnn: convolutions[convolutions.count - 1].channels
        case .layer: hiddenSize
        }
    }

    /// Frames that `samples` samples give; 0 when they are too few for one.
    public func frameCount(samples: Int) -> Int {
        var length = samples
        for convolution in convolutions {
            guard length >= convolution.kernel else { return 0 }
            length = (length - convolution.kernel) / convolution.stride + 1
        }
        return length
    }

    /// The fewest samples that give a frame: 400 for every published encoder.
    public var minimumSamples: Int {
        convolutions.reversed().reduce(1) { ($0 - 1) * $1.stride + $1.kernel }
    }

    /// Samples from one frame to the next: 320 for every published encoder.
    public var hop: Int { convolutions.reduce(1) { $0 * $1.stride } }
}
