import Runs

extension Pipeline {
    /// What stage one keeps, and how.
    public struct Cache: Sendable, Equatable {
        public enum Store: String, Sendable, CaseIterable { case float16, float32, bfloat16, int8 }

        /// Of so many neighbouring frames, at most, `undertone-cache` stores the mean.
        static let largestPool = 1000

        /// `cnn`, or the number of the layer whose output is kept; several in one cache if wanted.
        public var cuts: [String] = ["9"]
        public var shards = 4
        public var store = Store.float16
        /// How many neighbouring frames are stored as their mean.
        public var pool = 1
        public var compute = TrainConfiguration.Compute.auto
        /// How many recordings may fail before the cache does: a number, or a share such as `1%`.
        public var maxRejects = "0"
        /// Whether the names of audio files stay out of the cache, of runs without one and of messages.
        public var noPaths = false

        public init() {}

        /// What goes for a cache without making it another one, as it stands in the files of settings: lines that end.
        var tolerances: String { "max_rejects: \(maxRejects)\n" + (noPaths ? "no_paths: true\n" : "") }
        /// Of `undertone-cache`, and of `undertone-train --audio`, where paths are kept out.
        var pathArguments: [String] { noPaths ? ["--no-paths"] : [] }
    }
}

extension Pipeline.Cache {
    static let keys = ["cuts", "shards", "store", "pool", "compute", "max_rejects", "no_paths"]

    mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(Self.keys)
        if let values = try mapping.strings("cuts") {
            for cut in values where cut != "cnn" && Int(cut).map({ $0 >= 0 && "\($0)" == cut }) != true {
                throw mapping.error(at: "cuts", "expected cnn or a layer's number, found '\(cut)'")
            }
            guard !values.isEmpty, Set(values).count == values.count else {
                throw mapping.error(
                    at: "cuts", "expected at least one cut and none twice, found [\(values.joined(separator: ", "))]")
            }
            cuts = values
        }
        if let value = try mapping.integer("shards", atLeast: 1) {
            guard value <= 99_999 else { throw mapping.error(at: "shards", "expected at most 99999, found \(value)") }
            shards = value
        }
        if let value = try mapping.choice("store", of: Store.self) { store = value }
        if let value = try mapping.integer("pool", atLeast: 1) {
            guard value <= Self.largestPool else {
                throw mapping.error(at: "pool", "expected at most \(Self.largestPool), found \(value)")
            }
            pool = value
        }
        if let value = try mapping.choice("compute", of: TrainConfiguration.Compute.self) { compute = value }
        if let value = try mapping.string("max_rejects") {
            let share = value.hasSuffix("%") ? Double(value.dropLast()) : nil
            guard Int(value).map({ $0 >= 0 }) ?? share.map({ (0...100).contains($0) }) ?? false else {
                throw mapping.error(
                    at: "max_rejects", "expected a number such as 3, or a share such as 1%, found '\(value)'")
            }
            maxRejects = value
        }
        if let value = try mapping.boolean("no_paths") { noPaths = value }
    }
}
