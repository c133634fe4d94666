import FeatureStore
import SpeechEncoder

/// What a cache takes, in units that no machine decides.
public struct CacheWork: Sendable, Equatable {
    public var name: String
    public var cuts: [Cut]
    public var store: StorageFormat
    /// Of the products.
    public var precision: String
    public var shardCount: Int
    /// Processes that work on it one after another, or on as many nodes as there are shards: one for each shard and one that completes
    /// the cache, or a single one.
    public var processes: Int
    public var utterances: Int
    public var speechSeconds: Double
    /// Rows stored.
    public var rows: Int
    /// Of the frozen layers.
    public var operations: Double
    /// Of measuring the error against float32 on a sample.
    public var fidelityOperations: Double
    public var shardBytes: Int
    /// `upper.safetensors`.
    public var upperBytes: Int
    /// `corpus.csv`, `cache.json`, `rejects.csv`.
    public var listBytes: Int

    public var bytes: Int { shardBytes + upperBytes + listBytes }
    /// Shards, `cache.json`, `corpus.csv`, `rejects.csv`, `upper.safetensors`.
    public var files: Int { shardCount + 4 }
    public var gigaflopsPerSecond: Double { speechSeconds > 0 ? operations / speechSeconds / 1e9 : 0 }

    /// What of the corpus the fidelity is measured on: as `FidelitySample` has it.
    private static let sample = (utterances: 8, seconds: 60.0)
    /// A shard's lines in `cache.json`, and the rest of it.
    private static let descriptionBytes = (shard: 120, rest: 4000)

    /// - Parameters:
    ///   - name: for people.
    ///   - encoder: of the model, of which shapes alone are needed.
    ///   - cuts: that rows are stored at; the highest decides how far the encoder is computed.
    ///   - store: how values are stored.
    ///   - pool: how many neighbouring frames are stored as their mean.
    ///   - precision: of the frozen layers' products, `float32` or `bfloat16`.
    ///   - shardCount: of the whole cache.
    ///   - speech: of the corpus.
    ///   - sampleRateHz: that the model hears at.
    ///   - oneProcess: whether a single process makes all of it.
    public init(
        name: String, encoder: EncoderConfiguration, cuts: [Cut], store: StorageFormat, pool: Int, precision: String,
        shardCount: Int, speech: Speech, sampleRateHz: Int, oneProcess: Bool = false
    ) {
        self.name = name
        self.cuts = cuts
        self.store = store
        self.precision = precision
        self.shardCount = shardCount
        processes = oneProcess ? 1 : shardCount + 1
        utterances = speech.utterances
        speechSeconds = speech.seconds
        let highest = cuts.max() ?? .cnn
        func samples(_ seconds: Double) -> Int { Int((seconds * Double(sampleRateHz)).rounded()) }
        func rows(_ seconds: Double) -> Int { (encoder.frameCount(samples: samples(seconds)) + pool - 1) / pool }
        operations = speech.total { encoder.operationCount(samples: samples($0), upTo: highest) }
        let sampled = min(Double(Self.sample.utterances), Double(utterances))
        let sampledShare =
            speechSeconds > 0
            ? min(sampled / Double(max(1, utterances)), Self.sample.seconds / speechSeconds) : 0
        fidelityOperations = operations * sampledShare
        let layout = ShardLayout(
            key: CacheKey(components: [:]), storage: store,
            cuts: cuts.map { CutLayout(name: "\($0)", hiddenSize: encoder.width(at: $0)) }, sampleRateHz: sampleRateHz,
            hopSamples: encoder.hop * pool, pool: pool, shardCount: shardCount)
        if let members = speech.members {
            var content = [(rows: Int, utterances: Int, idBytes: Int)](repeating: (0, 0, 1), count: shardCount)
            for (id, seconds) in members {
                let shard = ShardLayout.shardIndex(id: id, shardCount: shardCount)
                content[shard].rows += rows(seconds)
                content[shard].utterances += 1
                content[shard].idBytes = max(content[shard].idBytes, id.utf8.count)
            }
            self.rows = content.reduce(0) { $0 + $1.rows }
            shardBytes = content.reduce(0) {
                $0 + layout.fileByteCount(rows: $1.rows, utterances: $1.utterances, idBytes: $1.idBytes)
            }
        } else {
            self.rows = Int(speech.total { Double(rows($0)) }.rounded())
            shardBytes =
                shardCount
                * layout.fileByteCount(
                    rows: (self.rows + shardCount - 1) / shardCount,
                    utterances: (utterances + shardCount - 1) / shardCount,
                    idBytes: Self.assumedIdBytes)
        }
        upperBytes = 4 * encoder.parameterCount(above: cuts.min() ?? .cnn)
        listBytes = speech.manifestBytes + Self.descriptionBytes.rest + shardCount * Self.descriptionBytes.shard
    }

    private static let assumedIdBytes = 24
}
