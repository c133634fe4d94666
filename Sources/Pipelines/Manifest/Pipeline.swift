import Files
import Foundation
import Runs

/// A pipeline manifest: one study from corpus to report, as a YAML file under `pipelines/` says it. `docs/pipelines.md` has
/// every key.
///
/// Read strictly: an unknown key, a wrong type, a value out of range or a combination that cannot be is a `ConfigurationError`
/// that names file, line and key.
public struct Pipeline: Sendable, Equatable {
    /// Names the folder under `build/`.
    public var name: String
    /// At least one, and at least one that is not only tested on.
    public var corpora: [PipelineCorpus]
    /// A folder in Hugging Face layout, or `random:…`.
    public var model: String
    public var cache = Cache()
    /// What every run has; its seed is one of `seeds`.
    public var train: TrainConfiguration
    /// Each is a run of its own, and so is each of a sweep's points with each of them.
    public var seeds: [UInt64]
    public var sweep: Sweep?
    public var study: Study?
    public var launcher = Launcher.local
    public var reportTitle: String?
    let places: Places

    /// Reads a manifest.
    /// - Parameters:
    ///   - path: of the manifest, a YAML file.
    ///   - corpus: takes the place of the manifest's `corpus` or `corpora`.
    ///   - model: takes the place of the manifest's `model`.
    public init(path: String, corpus: String? = nil, model: String? = nil) throws(ConfigurationError) {
        try self.init(yaml: Self.text(path), source: path, corpus: corpus, model: model)
    }

    /// The name alone, of a manifest whose corpus and model were given to make and are not known here.
    public static func name(path: String) throws(ConfigurationError) -> String {
        try name(in: StrictMapping(text: text(path), source: path))
    }

    private static func text(_ path: String) throws(ConfigurationError) -> String {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                source: path, problem: "no such file, or it cannot be read; give a pipeline, e.g. pipelines/demo.yaml",
                kind: .missingInput)
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw ConfigurationError(source: path, problem: "not UTF-8 text; save it as UTF-8", kind: .badInput)
        }
        return text
    }

    static let keys = [
        "name", "corpus", "corpora", "test_on", "labels", "model", "cache", "train", "seeds", "sweep", "study",
        "launcher", "report",
    ]

    /// All of them, dotted; of corpora and Slurm's parts, whose own keys are those of no other place, none.
    static let dottedKeys: [String] = {
        let parts: [(String, [String])] = [
            ("cache", Cache.keys), ("train", TrainConfiguration.dottedKeys.filter { $0 != "labels" && $0 != "seeds" }),
            ("sweep", Sweep.keys), ("sweep.halving", Halving.keys), ("study", Study.keys),
            ("launcher.slurm", SlurmSettings.keys), ("report", ["title"]),
        ]
        return keys + parts.flatMap { part, keys in keys.map { "\(part).\($0)" } }
    }()

    /// As `init(path:corpus:model:)`, from YAML text; `source` names it in errors.
    public init(
        yaml: String, source: String, corpus: String? = nil, model: String? = nil
    ) throws(ConfigurationError) {
        let top = try StrictMapping(text: yaml, source: source, known: Self.dottedKeys)
        try top.allowOnly(Self.keys)
        places = try Places(in: top)

        name = try Self.name(in: top)
        // Read even where it is replaced: a mistake in the file is one all the same.
        let ownModel = try top.string("model")
        guard let model = model ?? ownModel else {
            throw ConfigurationError(
                source: source,
                problem: "no 'model'; name a folder or random:wav2vec2-base?seed=0 here, or give MODEL= to make")
        }
        self.model = model

        train = try Self.train(in: top)
        corpora = try Self.corpora(in: top, labels: train.labels, replacement: corpus)
        if corpora.count > 1, !train.scoring.by.contains("corpus") { train.scoring.by.append("corpus") }
        seeds = try Self.seeds(in: top, train: train)
        train.seed = seeds[0]
        if let mapping = try top.mapping("cache") { try cache.apply(mapping) }
        if let mapping = try top.mapping("sweep") { sweep = try Sweep(mapping, train: train) }
        if let mapping = try top.mapping("study") {
            // What is explained, estimated and reported is one of the two.
            if top.contains("sweep") {
                throw top.error(
                    at: "study",
                    "'sweep' is given too; a pipeline has a study or a sweep: write another one for one of the two")
            }
            study = try Study(mapping, in: top)
        }
        if let mapping = try top.mapping("report") {
            try mapping.allowOnly(["title"])
            reportTitle = try mapping.string("title")
        }
        if let value = try Launcher(in: top, train: train) { launcher = value }
    }

    /// The one corpus; nil where there are several.
    var onlyCorpus: PipelineCorpus? { corpora.count == 1 ? corpora[0] : nil }

    private static func train(in top: StrictMapping) throws(ConfigurationError) -> TrainConfiguration {
        var train = TrainConfiguration()
        let mapping = try top.mapping("train")
        if let mapping {
            try train.apply(
                mapping,
                refused: [
                    "labels": "the labels belong at the top of a pipeline, beside 'corpus'",
                    "seeds": "several seeds belong at the top of a pipeline, beside 'train': each is a run of its own",
                ])
        }
        guard let labels = try TrainConfiguration.labels(in: top, key: "labels") else {
            throw ConfigurationError(
                source: top.source,
                problem: "no 'labels'; name the manifest's columns to learn, e.g. labels: [activation, valence]")
        }
        train.labels = labels
        do {
            try train.finish(source: top.source)
        } catch {
            throw error.located(in: mapping).below("train")
        }
        return train
    }

    private static func seeds(
        in top: StrictMapping, train: TrainConfiguration
    ) throws(ConfigurationError) -> [UInt64] {
        guard let items = try top.strings("seeds") else { return [train.seed] }
        if let mapping = try top.mapping("train"), mapping.contains("seed") {
            throw top.error(at: "seeds", "'train.seed' is given too; give one of the two")
        }
        return try top.seeds(items, at: "seeds", example: "[0, 1, 2]")
    }

    private static func name(in top: StrictMapping) throws(ConfigurationError) -> String {
        let name = try required("name", in: top, hint: "a word that names the folder under build/")
        guard isPlainWord(name) else {
            throw top.error(at: "name", "expected letters, digits, '-', '_' and '.', found '\(name)'")
        }
        return name
    }

    static func required(
        _ key: String, in mapping: StrictMapping, hint: String
    ) throws(ConfigurationError) -> String {
        if let value = try mapping.string(key) { return value }
        let place = mapping.path.isEmpty ? "" : " in '\(mapping.path)'"
        throw ConfigurationError(
            source: mapping.source, line: mapping.path.isEmpty ? nil : mapping.line,
            problem: "no '\(key)'\(place); give \(hint)")
    }

    /// Fit for a folder's name.
    static func isPlainWord(_ name: String) -> Bool {
        name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
            && name.first != "." && name.first != "-"
    }
}
