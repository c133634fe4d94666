extension CacheDescription {
    /// How far the stored rows of a sample of utterances are from float32 compute and float32 storage.
    public struct Fidelity: Sendable, Equatable, Codable {
        public var utterances: Int
        /// Rows in each cut.
        public var frames: Int
        /// Of audio.
        public var seconds: Double
        /// True where every recording is too long to be computed again: the sample is the beginning of one, computed anew in the
        /// cache's precision and in float32, and no stored row was read. Nil otherwise.
        public var excerpt: Bool?
        /// Of all rows that the cache had when this was measured (`ShardReader.fingerprint`, in hexadecimal): with others it is to be
        /// measured again. Nil where it was measured before that was recorded.
        public var rowFingerprint: String?
        /// In the order of the cache's cuts.
        public var cuts: [Cut]
        /// The worst cut's.
        public var relativeError: Double
        /// Over all sampled rows of all cuts.
        public var cosineMean: Double
        public var cosineMinimum: Double
        /// Where the lowest cosine is: `utterance/cut/frame`.
        public var worstRow: String

        /// One cut's.
        public struct Cut: Sendable, Equatable, Codable {
            public var cut: String
            /// `‖stored − reference‖ / ‖reference‖` over all sampled rows; `‖stored‖` where the reference is zero.
            public var relativeError: Double
            /// Cosine between a stored row and its reference row.
            public var cosineMean: Double
            public var cosineMinimum: Double
            /// Where the lowest cosine is: `utterance/cut/frame`.
            public var worstRow: String

            public init(
                cut: String, relativeError: Double, cosineMean: Double, cosineMinimum: Double, worstRow: String
            ) {
                self.cut = cut
                self.relativeError = relativeError
                self.cosineMean = cosineMean
                self.cosineMinimum = cosineMinimum
                self.worstRow = worstRow
            }

            enum CodingKeys: String, CodingKey {
                case cut
                case relativeError = "relative_error"
                case cosineMean = "cosine_mean"
                case cosineMinimum = "cosine_minimum"
                case worstRow = "worst_row"
            }
        }

        /// - Parameters:
        ///   - utterances: in the sample.
        ///   - frames: rows in each cut.
        ///   - seconds: of audio.
        ///   - excerpt: true where the sample is the beginning of one recording, computed anew; nil otherwise.
        ///   - cuts: at least one; each has as many rows as the others, which makes the mean of the means that of all rows.
        public init(utterances: Int, frames: Int, seconds: Double, excerpt: Bool? = nil, cuts: [Cut]) {
            self.utterances = utterances
            self.excerpt = excerpt
            self.frames = frames
            self.seconds = seconds
            self.cuts = cuts
            relativeError = cuts.map(\.relativeError).max()!
            cosineMean = cuts.map(\.cosineMean).reduce(0, +) / Double(cuts.count)
            let worst = cuts.min { $0.cosineMinimum < $1.cosineMinimum }!
            cosineMinimum = worst.cosineMinimum
            worstRow = worst.worstRow
        }

        enum CodingKeys: String, CodingKey {
            case utterances, frames, seconds, excerpt, cuts
            case relativeError = "relative_error"
            case cosineMean = "cosine_mean"
            case cosineMinimum = "cosine_minimum"
            case worstRow = "worst_row"
            case rowFingerprint = "row_fingerprint"
        }
    }
}
