import Checkpoints
import FeatureStore
import Foundation
import SpeechEncoder

/// `model.json`: what a run's weights go together with, so that a waveform can be heard as the run heard its corpus.
///
/// The cache may be gone by then, and the checkpoint elsewhere: both hashes together are over every tensor of the encoder, and
/// tell whether a checkpoint is the one.
public struct ModelRecord: Sendable, Equatable, Codable {
    /// How the rows came about that the run was trained on.
    public struct Features: Sendable, Equatable, Codable {
        /// Where the checkpoint was, as the user named it.
        public var source: String
        /// Its `config.json`, whole.
        public var configuration: JSONValue
        /// With the hop of the rows.
        public var preprocessing: CacheDescription.Preprocessing
        /// The cut up to which the frozen weights are hashed.
        public var frozenCut: String
        /// `TensorSource.sha256OfTensors` of everything below `frozenCut`.
        public var frozenWeightsSHA256: String
        /// How rows were stored, `float32` where they were not.
        public var storage: StorageFormat
        /// How many neighbouring frames of the encoder each row was the mean of.
        public var pool: Int
        /// In what the frozen layers were computed: `float32` or `bfloat16`.
        public var compute: String

        public init(
            source: String, configuration: JSONValue, preprocessing: CacheDescription.Preprocessing, frozenCut: Cut,
            frozenWeightsSHA256: String, storage: StorageFormat, pool: Int, compute: String
        ) {
            self.source = source
            self.configuration = configuration
            self.preprocessing = preprocessing
            self.frozenCut = "\(frozenCut)"
            self.frozenWeightsSHA256 = frozenWeightsSHA256
            self.storage = storage
            self.pool = pool
            self.compute = compute
        }

        /// - Parameter path: names it in errors.
        public func encoder(path: String) throws -> EncoderConfiguration {
            try EncoderConfiguration(ConfigurationFile(path: path, data: try JSONEncoder().encode(configuration)))
        }

        enum CodingKeys: String, CodingKey {
            case source, configuration, preprocessing, storage, pool, compute
            case frozenCut = "frozen_cut"
            case frozenWeightsSHA256 = "frozen_weights_sha256"
        }
    }

    public var features: Features
    /// The cut that the run was trained from.
    public var cut: String
    /// Of everything above `cut`, as it was before training.
    public var upperWeightsSHA256: String
    /// By split, as they were trained on and scored.
    public var utterances: [String: Int]

    /// - Parameter upper: holds the tensors above `cut`, untrained.
    init(_ features: Features, cut: Cut, upper: any TensorSource, corpus: TrainingCorpus) throws {
        self.features = features
        self.cut = "\(cut)"
        let names = TensorNames(try features.encoder(path: features.source)).upper(above: cut).map(\.name)
        upperWeightsSHA256 = try upper.sha256OfTensors(names)
        utterances = Dictionary(
            uniqueKeysWithValues: corpus.splitNames.map { ("\($0)", corpus.splits[$0, default: []].count) })
    }

    enum CodingKeys: String, CodingKey {
        case features, cut, utterances
        case upperWeightsSHA256 = "upper_weights_sha256"
    }
}

extension CacheDescription {
    /// What a run remembers of a cache.
    public var features: ModelRecord.Features {
        ModelRecord.Features(
            source: modelSource, configuration: model, preprocessing: preprocessing,
            frozenCut: cuts.compactMap { Cut($0.name) }.max() ?? .cnn, frozenWeightsSHA256: frozenWeightsSHA256,
            storage: storage, pool: pool, compute: compute)
    }
}
