import Checkpoints
import Corpus
import FeatureStore
import Foundation
import SpeechEncoder

/// `model.json`: what a run's weights go together with, so that a waveform can be heard as the run heard its corpus.
///
/// The cache may be gone by then, and the checkpoint elsewhere: both hashes together are over every tensor of the encoder, and
/// tell whether a checkpoint is the one.
public struct ModelRecord: Sendable, Equatable, Codable {
    /// Where the checkpoint was when its features were cached, as the user named it.
    public var source: String
    /// Its `config.json`, whole.
    public var configuration: JSONValue
    /// With the hop of the cached rows.
    public var preprocessing: CacheDescription.Preprocessing
    /// The cut that the run was trained from.
    public var cut: String
    /// The highest cut of the cache, up to which its weights are hashed.
    public var frozenCut: String
    /// `TensorSource.sha256OfTensors` of everything below `frozenCut`.
    public var frozenWeightsSHA256: String
    /// Of everything above `cut`, as it was before training.
    public var upperWeightsSHA256: String
    /// How the rows were stored that the run was trained on.
    public var storage: StorageFormat
    /// How many neighbouring frames of the encoder each row was the mean of.
    public var pool: Int
    /// In what the frozen layers were computed: `float32` or `bfloat16`.
    public var compute: String
    /// By split, as they were trained on and scored.
    public var utterances: [String: Int]

    init(_ cache: FeatureCache, upper: String, cut: Cut, corpus: TrainingCorpus) throws {
        let description = cache.description
        source = description.modelSource
        configuration = description.model
        preprocessing = description.preprocessing
        self.cut = "\(cut)"
        let cuts = description.cuts.compactMap { Cut($0.name) }
        frozenCut = "\(cuts.max() ?? cut)"
        frozenWeightsSHA256 = description.frozenWeightsSHA256
        storage = description.storage
        pool = description.pool
        compute = description.compute
        utterances = Dictionary(
            uniqueKeysWithValues: corpus.splitNames.map { ("\($0)", corpus.splits[$0, default: []].count) })
        // Last, since it needs the configuration that is already set.
        upperWeightsSHA256 = ""
        let names = TensorNames(try encoder(path: "\(upper), cache.json")).upper(above: cut).map(\.name)
        upperWeightsSHA256 = try SafetensorsFile.open(upper).sha256OfTensors(names)
    }

    /// - Parameter path: names the record in errors.
    public func encoder(path: String) throws -> EncoderConfiguration {
        try EncoderConfiguration(ConfigurationFile(path: path, data: try JSONEncoder().encode(configuration)))
    }

    enum CodingKeys: String, CodingKey {
        case source, configuration, preprocessing, cut, storage, pool, compute, utterances
        case frozenCut = "frozen_cut"
        case frozenWeightsSHA256 = "frozen_weights_sha256"
        case upperWeightsSHA256 = "upper_weights_sha256"
    }
}
