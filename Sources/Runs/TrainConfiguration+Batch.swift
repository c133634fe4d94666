extension TrainConfiguration {
    /// Which utterances make a batch, over all of which one exact loss is computed.
    public struct Batch: Sendable, Equatable {
        public enum Size: Sendable, Equatable {
            case utterances(Int)
            /// As many utterances as have at most so many frames together, and at least two.
            case frames(Int)
        }

        public var size = Size.utterances(32)
        /// Whether utterances of a batch are of like length: sorted within shuffled pools of some batches.
        public var isBucketed = false
        /// Whether what is left at the end of an epoch is left out of it, rather than make smaller batches.
        public var dropsLast = false

        public init() {}

        /// For people.
        public var summary: String {
            let size =
                switch size {
                case .utterances(let count): "\(count) utterances"
                case .frames(let count): "at most \(count) frames"
                }
            return size + (isBucketed ? ", bucketed by length" : "") + (dropsLast ? ", last dropped" : "")
        }

        mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
            try mapping.allowOnly(["utterances", "frames", "bucketed", "drop_last"])
            if mapping.contains("utterances") && mapping.contains("frames") {
                throw mapping.error(at: "frames", "'utterances' is given too; give one of the two")
            }
            // A CCC over one utterance is not defined.
            if let value = try mapping.integer("utterances", atLeast: 2) { size = .utterances(value) }
            if let value = try mapping.integer("frames", atLeast: 1) { size = .frames(value) }
            if let value = try mapping.boolean("bucketed") { isBucketed = value }
            if let value = try mapping.boolean("drop_last") { dropsLast = value }
        }

        var yaml: String {
            let size =
                switch size {
                case .utterances(let count): "utterances: \(count)"
                case .frames(let count): "frames: \(count)"
                }
            return "  \(size)\n  bucketed: \(isBucketed)\n  drop_last: \(dropsLast)"
        }
    }
}
