import Files
import Foundation

/// `cache.json`: what a cache is, in words that a person and a program can read.
public struct CacheDescription: Sendable, Equatable, Codable {
    public static let fileName = "cache.json"
    /// Stands in `arithmetic` for what was computed before shards recorded theirs.
    public static let unknownArithmetic = "an unknown machine"

    /// Version of the cache's file formats, `ShardLayout.schema`.
    public var schema: Int
    /// `CacheKey.hex` and what it was made from.
    public var cacheKey: String
    public var keyComponents: [String: String]
    public var cuts: [CutLayout]
    /// SHA-256 over the weights below the highest cut.
    public var frozenWeightsSHA256: String
    /// SHA-256 of the file `upper.safetensors`; nil in a cache of before it was recorded.
    public var upperSHA256: String?
    /// The model's `config.json`, whole.
    public var model: JSONValue
    /// Where the model came from, as the user named it: a folder, a name on the Hugging Face hub, or
    /// `random:wav2vec2-base?seed=0`. Of a folder only its last component, where paths are withheld.
    public var modelSource: String
    public var preprocessing: Preprocessing
    public var storage: StorageFormat
    /// How many neighbouring frames of the encoder each row is the mean of.
    public var pool: Int
    /// `float32` or `bfloat16`: how the frozen layers were computed.
    public var compute: String
    public var shards: [Shard]
    public var totals: Totals
    /// True if no file of the cache names an audio file; nil in a cache that does.
    public var pathsWithheld: Bool?
    /// Nil if no reference was computed.
    public var fidelity: Fidelity?
    /// What the products of its rows ran on, in words, each once: rows of different ones may differ in their last bits. Nil in a cache
    /// of before it was recorded.
    public var arithmetic: [String]?
    /// Name of the software or library to its version.
    public var versions: [String: String]

    public struct Preprocessing: Sendable, Equatable, Codable {
        public var sampleRateHz: Int
        /// Samples between the starts of two rows: the encoder's own hop times `pool`.
        public var hopSamples: Int
        /// Recordings with fewer samples are rejected.
        public var minimumSamples: Int
        /// Whether each waveform was shifted and scaled to zero mean and unit variance (`do_normalize`).
        public var normalise: Bool

        public init(sampleRateHz: Int, hopSamples: Int, minimumSamples: Int, normalise: Bool) {
            self.sampleRateHz = sampleRateHz
            self.hopSamples = hopSamples
            self.minimumSamples = minimumSamples
            self.normalise = normalise
        }

        enum CodingKeys: String, CodingKey {
            case sampleRateHz = "sample_rate_hz"
            case hopSamples = "hop_samples"
            case minimumSamples = "minimum_samples"
            case normalise
        }
    }

    public struct Shard: Sendable, Equatable, Codable {
        public var file: String
        public var utterances: Int
        public var frames: Int
        public var bytes: Int

        public init(file: String, utterances: Int, frames: Int, bytes: Int) {
            self.file = file
            self.utterances = utterances
            self.frames = frames
            self.bytes = bytes
        }
    }

    public struct Totals: Sendable, Equatable, Codable {
        public var utterances: Int
        public var frames: Int
        /// Of audio.
        public var seconds: Double
        /// Of all shard files.
        public var bytes: Int

        public init(utterances: Int, frames: Int, seconds: Double, bytes: Int) {
            self.utterances = utterances
            self.frames = frames
            self.seconds = seconds
            self.bytes = bytes
        }
    }

    public init(
        key: CacheKey, cuts: [CutLayout], frozenWeightsSHA256: String, upperSHA256: String? = nil, model: JSONValue,
        modelSource: String, preprocessing: Preprocessing, storage: StorageFormat, pool: Int = 1, compute: String,
        shards: [Shard], totals: Totals, pathsWithheld: Bool? = nil, fidelity: Fidelity?, arithmetic: [String]? = nil,
        versions: [String: String]
    ) {
        schema = ShardLayout.schema
        cacheKey = key.hex
        keyComponents = key.components
        self.cuts = cuts
        self.frozenWeightsSHA256 = frozenWeightsSHA256
        self.upperSHA256 = upperSHA256
        self.model = model
        self.modelSource = modelSource
        self.preprocessing = preprocessing
        self.storage = storage
        self.pool = pool
        self.compute = compute
        self.shards = shards
        self.totals = totals
        self.pathsWithheld = pathsWithheld
        self.fidelity = fidelity
        self.arithmetic = arithmetic
        self.versions = versions
    }

    enum CodingKeys: String, CodingKey {
        case schema, cuts, model, preprocessing, storage, pool, compute, shards, totals, fidelity, arithmetic, versions
        case cacheKey = "cache_key"
        case keyComponents = "key_components"
        case modelSource = "model_source"
        case frozenWeightsSHA256 = "frozen_weights_sha256"
        case upperSHA256 = "upper_sha256"
        case pathsWithheld = "paths_withheld"
    }
}

extension CacheDescription {
    public var key: CacheKey { CacheKey(components: keyComponents) }

    /// Writes `cache.json` into `directory`, pretty, keys sorted, whole or not at all.
    ///
    /// - Throws: `StoreError.cannotWrite`.
    public func write(directory: String) throws(StoreError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let path = (directory as NSString).appendingPathComponent(CacheDescription.fileName)
        let data: Data
        do {
            data = try encoder.encode(self) + Data("\n".utf8)
        } catch {
            throw .description(path: path, key: "totals", detail: "a number is not finite")
        }
        try writing(as: StoreError.self) { () throws(WriteFailure) in try AtomicFile.write(data, to: path) }
    }

    /// Reads `cache.json` of `directory`.
    ///
    /// - Throws: `StoreError.missing`; `.wrongSchema`; `.description` naming the key that is absent or wrong.
    public static func read(directory: String) throws(StoreError) -> CacheDescription {
        let path = (directory as NSString).appendingPathComponent(fileName)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path, detail: access(path, R_OK) == 0 ? "not a file" : lastSystemError())
        }
        // The schema first: another version's file may lack any other key.
        struct Version: Decodable { var schema: Int }
        let version: Int = try decode(Version.self, data, path).schema
        guard version == ShardLayout.schema else {
            throw .wrongSchema(path: path, found: version, expected: ShardLayout.schema)
        }
        let description = try decode(CacheDescription.self, data, path)
        guard description.pool > 0 else {
            throw .description(path: path, key: "pool", detail: "is \(description.pool), expected 1 or more")
        }
        guard description.key.hex == description.cacheKey else {
            throw .description(path: path, key: "cache_key", detail: "is not the hash of key_components")
        }
        return description
    }

    private static func decode<Value: Decodable>(
        _: Value.Type, _ data: Data, _ path: String
    ) throws(StoreError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            let mistake = JSONMistake(error)
            guard let key = mistake.key else { throw .damaged(path: path, detail: mistake.problem) }
            throw .description(path: path, key: key, detail: mistake.problem)
        }
    }
}
