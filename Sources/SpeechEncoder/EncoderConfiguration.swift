import Checkpoints

/// The shape of a speech encoder, from a Hugging Face `config.json`.
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

        public init(hidden: Float, attention: Float, activation: Float) {
            self.hidden = hidden
            self.attention = attention
            self.activation = activation
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
    public let positionalKernel: Int
    public let positionalGroups: Int
    public let dropouts: Dropouts
    /// `final_dropout`, before what is put on top of the encoder.
    public let headDropout: Float

    /// Layer and group norms inside the CNN use torch's default, whatever `layer_norm_eps` says.
    public static let convolutionNormEpsilon: Float = 1e-5

    public init(_ file: ConfigurationFile) throws(CheckpointError) {
        family = try file.string("model_type")
        guard family == "wav2vec2" else { throw file.mistake("model_type", expected: "\"wav2vec2\"") }
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
        positionalKernel = try file.int("num_conv_pos_embeddings", default: 128)
        positionalGroups = try file.int("num_conv_pos_embedding_groups", default: 16)
        dropouts = Dropouts(
            hidden: try Self.probability("hidden_dropout", file),
            attention: try Self.probability("attention_dropout", file),
            activation: try Self.probability("activation_dropout", file))
        headDropout = try Self.probability("final_dropout", file)
        try Self.check(file, hiddenSize: hiddenSize, headCount: headCount, groups: positionalGroups)
        for (key, value) in [
            ("num_hidden_layers", layerCount), ("intermediate_size", intermediateSize),
            ("num_conv_pos_embeddings", positionalKernel),
        ] where value < 1 {
            throw file.mistake(key, expected: "a positive integer")
        }
    }

    private static func probability(_ key: String, _ file: ConfigurationFile) throws(CheckpointError) -> Float {
        let value = try file.double(key, default: 0.1)
        guard value >= 0, value < 1 else { throw file.mistake(key, expected: "a probability in 0 ..< 1") }
        return Float(value)
    }

    private static func check(
        _ file: ConfigurationFile, hiddenSize: Int, headCount: Int, groups: Int
    ) throws(CheckpointError) {
        guard headCount > 0, hiddenSize > 0, hiddenSize % headCount == 0 else {
            throw file.mistake("num_attention_heads", expected: "a divisor of hidden_size, \(hiddenSize)")
        }
        guard groups > 0, hiddenSize % groups == 0 else {
            throw file.mistake("num_conv_pos_embedding_groups", expected: "a divisor of hidden_size, \(hiddenSize)")
        }
        guard try file.string("feat_extract_norm", default: "group") == "group" else {
            throw file.mistake("feat_extract_norm", expected: "\"group\" (the base encoder's norm)")
        }
        guard try file.bool("do_stable_layer_norm", default: false) == false else {
            throw file.mistake("do_stable_layer_norm", expected: "false (the base encoder's post-norm layers)")
        }
        guard try file.bool("conv_bias", default: false) == false else {
            throw file.mistake("conv_bias", expected: "false")
        }
        for key in ["feat_extract_activation", "hidden_act"] {
            guard try file.string(key, default: "gelu") == "gelu" else { throw file.mistake(key, expected: "\"gelu\"") }
        }
        guard try file.bool("add_adapter", default: false) == false else {
            throw file.mistake("add_adapter", expected: "false")
        }
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
