import Foundation
import Runs

/// A pipeline manifest: one experiment from corpus to report, as a YAML file under `pipelines/` says it.
///
/// Read strictly: an unknown key, a wrong type or a value out of range is a `ConfigurationError` that names file,
/// line and key.
public struct Pipeline: Sendable, Equatable {
    public enum Store: String, Sendable, CaseIterable { case float16, float32, bfloat16, int8 }

    public struct Cache: Sendable, Equatable {
        /// `cnn`, or the number of the layer whose output is kept; several in one cache if wanted.
        public var cuts: [String] = ["9"]
        public var shards = 4
        public var store = Store.float16
        /// How many neighbouring frames are stored as their mean.
        public var pool = 1
        public var compute = TrainConfiguration.Compute.auto
        /// How many recordings may fail before the cache does: a number, or a share such as `1%`.
        public var maxRejects = "0"

        public init() {}
    }

    /// Names the folder under `build/`.
    public var name: String
    /// The manifest's path as Make sees it, that is, from the folder that Make runs in.
    public var corpus: String
    /// A folder in Hugging Face layout, or `random:…`.
    public var model: String
    public var cache = Cache()
    public var train: TrainConfiguration
    public var reportTitle: String?

    /// Reads a manifest.
    /// - Parameters:
    ///   - corpus: takes the place of the manifest's `corpus`.
    ///   - model: takes the place of the manifest's `model`.
    public init(path: String, corpus: String? = nil, model: String? = nil) throws(ConfigurationError) {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                source: path, problem: "no such file, or it cannot be read; give a pipeline, e.g. pipelines/demo.yaml",
                kind: .missingInput)
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw ConfigurationError(source: path, problem: "not UTF-8 text; save it as UTF-8", kind: .badInput)
        }
        try self.init(yaml: text, source: path, corpus: corpus, model: model)
    }

    /// As `init(path:corpus:model:)`, from YAML text; `source` names it in errors.
    public init(
        yaml: String, source: String, corpus: String? = nil, model: String? = nil
    ) throws(ConfigurationError) {
        let top = try StrictMapping(text: yaml, source: source)
        try top.allowOnly(
            ["name", "corpus", "labels", "model", "cache", "train", "launcher", "report"],
            refused: ["sweep": "sweeps are not available yet; write one pipeline per setting"])

        name = try Self.required("name", in: top, hint: "a word that names the folder under build/")
        let plain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
        guard plain, name.first != ".", name.first != "-" else {
            throw top.error(at: "name", "expected letters, digits, '-', '_' and '.', found '\(name)'")
        }
        // Read even where it is replaced: a mistake in the file is one all the same.
        let ownCorpus = try top.string("corpus")
        guard let corpus = corpus ?? ownCorpus else {
            throw ConfigurationError(
                source: source,
                problem: "no 'corpus'; name the manifest here, or give CORPUS=path/to/manifest.csv to make")
        }
        let ownModel = try top.string("model")
        guard let model = model ?? ownModel else {
            throw ConfigurationError(
                source: source,
                problem: "no 'model'; name a folder or random:wav2vec2-base?seed=0 here, or give MODEL= to make")
        }
        self.corpus = corpus
        self.model = model

        train = TrainConfiguration()
        if let mapping = try top.mapping("train") {
            try train.apply(
                mapping,
                refused: [
                    "labels": "the labels belong at the top of a pipeline, beside 'corpus'",
                    "seeds":
                        "a pipeline trains one seed; write one pipeline per seed, or give seeds to undertone-train",
                ])
        }
        guard let labels = try TrainConfiguration.labels(in: top, key: "labels") else {
            throw ConfigurationError(
                source: source,
                problem: "no 'labels'; name the manifest's columns to learn, e.g. labels: [activation, valence]")
        }
        train.labels = labels
        try train.check(source: source)
        if let mapping = try top.mapping("cache") { try cache.apply(mapping) }
        if let mapping = try top.mapping("report") {
            try mapping.allowOnly(["title"])
            reportTitle = try mapping.string("title")
        }
        if let launcher = try top.string("launcher"), launcher != "local" {
            let known = launcher == "slurm" ? "the slurm launcher is not available yet" : "no launcher '\(launcher)'"
            throw top.error(at: "launcher", "\(known); expected local")
        }
    }

    private static func required(
        _ key: String, in top: StrictMapping, hint: String
    ) throws(ConfigurationError) -> String {
        if let value = try top.string(key) { return value }
        throw ConfigurationError(source: top.source, problem: "no '\(key)'; give \(hint)")
    }
}

extension Pipeline.Cache {
    fileprivate mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(["cuts", "shards", "store", "pool", "compute", "max_rejects"])
        if let values = try mapping.strings("cuts") {
            for cut in values where cut != "cnn" && Int(cut).map({ $0 >= 0 }) != true {
                throw mapping.error(at: "cuts", "expected cnn or a layer's number, found '\(cut)'")
            }
            guard !values.isEmpty, Set(values).count == values.count else {
                throw mapping.error(
                    at: "cuts", "expected at least one cut and none twice, found [\(values.joined(separator: ", "))]")
            }
            cuts = values
        }
        if let value = try mapping.integer("shards", atLeast: 1) {
            guard value <= 100_000 else { throw mapping.error(at: "shards", "expected at most 100000, found \(value)") }
            shards = value
        }
        if let value = try mapping.choice("store", of: Pipeline.Store.self) { store = value }
        if let value = try mapping.integer("pool", atLeast: 1) {
            guard value <= 1000 else { throw mapping.error(at: "pool", "expected at most 1000, found \(value)") }
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
    }
}
