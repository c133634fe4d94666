extension TrainConfiguration {
    /// SpecAugment-style masking of the cached rows (Park et al. 2019), in training alone: spans of frames, and spans of
    /// channels, set to zero.
    public struct Mask: Sendable, Equatable {
        /// Spans along one axis of an utterance, with the meaning of transformers' `mask_time_prob`, `mask_time_length` and
        /// `mask_time_min_masks`.
        public struct Spans: Sendable, Equatable {
            /// The share of the axis that would be masked if no spans overlapped; 0: no masking.
            public var probability: Double
            /// Of each span: rows of the cache, or channels.
            public var length: Int
            /// The fewest spans of an utterance that has room for them.
            public var minimum: Int

            public init(probability: Double = 0, length: Int = 10, minimum: Int = 0) {
                self.probability = probability
                self.length = length
                self.minimum = minimum
            }
        }

        public var time = Spans(minimum: 2)
        public var channels = Spans()

        public init() {}
    }

    var maskYAML: String {
        """
        mask:
          time: \(mask.time.yaml)
          channels: \(mask.channels.yaml)
        """
    }
}

extension TrainConfiguration.Mask {
    mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(["time", "channels"])
        if let spans = try mapping.mapping("time") { try time.apply(spans) }
        if let spans = try mapping.mapping("channels") { try channels.apply(spans) }
    }
}

extension TrainConfiguration.Mask.Spans {
    fileprivate var yaml: String { "{probability: \(probability), length: \(length), minimum: \(minimum)}" }

    fileprivate mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(["probability", "length", "minimum"])
        if let value = try mapping.number("probability", in: 0...1, "0 to 1") { probability = value }
        if let value = try mapping.integer("length", atLeast: 1) { length = value }
        if let value = try mapping.integer("minimum", atLeast: 0) { minimum = value }
    }
}
