/// What stands on the encoder: how frames become one row per utterance, and what regresses from it.
extension TrainConfiguration {
    /// How the frames of an utterance become one row.
    public enum Pooling: String, Sendable, CaseIterable {
        case mean
        /// Mean and standard deviation, side by side.
        case meanDeviation = "mean_std"
        /// The same, weighted by an attention over the frames.
        case attentive
    }

    /// Of attentive pooling.
    public struct Attention: Sendable, Equatable {
        /// Width of the hidden layer that scores a frame.
        public var hidden = 128

        public init() {}
    }

    public struct Head: Sendable, Equatable {
        public enum Form: String, Sendable, CaseIterable {
            /// Hidden layers with tanh and dropout, then linear; per dimension or shared.
            case mlp
            /// `projector` and `classifier` of transformers' `…ForSequenceClassification`.
            case huggingFace = "hf"
            /// `classifier.dense`, tanh, `classifier.out_proj` of audEERING's published model.
            case audEERING = "audeering"

            /// Whether pooled features are standardised unless the configuration says otherwise: the published classes do not.
            public var standardises: Bool { self == .mlp }
        }

        public var form = Form.mlp
        /// Width of each hidden layer; with `hf`, of the projection (`classifier_proj_size`). `audeering` is as wide as its input.
        public var hidden = 256
        /// Of `mlp`: hidden layers before the linear output; 0: a linear head.
        public var layers = 1
        /// Of `mlp`: one trunk with an output per dimension, rather than a head per dimension.
        public var shared = false

        public init() {}

        /// The keys that a form knows beside `form`.
        static func keys(of form: Form) -> [String] {
            switch form {
            case .mlp: ["hidden", "layers", "shared"]
            case .huggingFace: ["hidden"]
            case .audEERING: []
            }
        }
    }
}

extension TrainConfiguration.Head {
    /// A key that the form does not have is refused; what another form left behind is dropped.
    mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        let before = form
        form = try mapping.choice("form", of: Form.self) ?? form
        let own = Self.keys(of: form)
        var refused: [String: String] = [:]
        for key in Self.keys(of: .mlp) where !own.contains(key) {
            refused[key] = "the head form '\(form.rawValue)' has no such key; leave it out, or give form: mlp"
        }
        try mapping.allowOnly(["form"] + own, refused: refused)
        if form != before {
            let defaults = Self()
            if !own.contains("hidden") { hidden = defaults.hidden }
            if !own.contains("layers") { layers = defaults.layers }
            if !own.contains("shared") { shared = defaults.shared }
        }
        if let value = try mapping.integer("hidden", atLeast: 1) { hidden = value }
        if let value = try mapping.integer("layers", atLeast: 0) { layers = value }
        if let value = try mapping.boolean("shared") { shared = value }
    }

    /// The lines under `head:`, those of the form.
    var yamlLines: [String] {
        let values = ["hidden": "\(hidden)", "layers": "\(layers)", "shared": "\(shared)"]
        return ["form: \(form.rawValue)"] + Self.keys(of: form).map { "\($0): \(values[$0] ?? "null")" }
    }
}

extension TrainConfiguration {
    /// `pooling`, and `attention` where pooling has one.
    mutating func applyPooling(_ top: StrictMapping) throws(ConfigurationError) {
        if let value = try top.choice("pooling", of: Pooling.self) { pooling = value }
        if pooling != .attentive { attention = Attention() }
        guard let mapping = try top.mapping("attention") else { return }
        guard pooling == .attentive else {
            throw top.error(
                at: "attention",
                "pooling is '\(pooling.rawValue)', which has no attention; leave it out, or give pooling: attentive first"
            )
        }
        try mapping.allowOnly(["hidden"])
        if let value = try mapping.integer("hidden", atLeast: 1) { attention.hidden = value }
    }

    var poolingLines: [String] {
        ["pooling: \(pooling.rawValue)"]
            + (pooling == .attentive ? ["attention:", "  hidden: \(attention.hidden)"] : [])
    }
}
