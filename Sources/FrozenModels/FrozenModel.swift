import Buffers
import Caching
import Checkpoints
import Corpus
import FeatureStore
import Files
import Foundation
import Kernels
import SpeechEncoder

/// A pretrained model as stage one sees it: what is frozen, how it hears, and what stays for training.
public struct FrozenModel: Sendable {
    public let frozenWeightsSHA256: String
    /// With the encoder's own hop.
    public let preprocessing: CacheDescription.Preprocessing
    /// What the checkpoint has beside its encoder: heads, as a rule.
    public let ignoredTensors: [String]
    private let source: any ModelSource
    /// Every tensor of the checkpoint.
    public var weights: any TensorSource { source }
    /// As the user named it.
    public var location: String { source.location }
    /// The same, but of a folder only the last component: those above it may well be somebody's name.
    public var locationWithoutFolders: String {
        guard let checkpoint = source as? Checkpoint, checkpoint.directory == location else { return location }
        return PathParts(location).name
    }
    public let configuration: EncoderConfiguration
    let cuts: [Cut]
    /// How the frozen layers are computed.
    public let compute: Precision

    /// Opens the model and checks every tensor that stage one reads or passes on: names and shapes, before any compute.
    ///
    /// - Throws: `CheckpointError`, naming the file and the tensor or key; `ModelError`.
    public init(_ text: String, cuts: [Cut], compute: Precision) throws {
        source = try ModelSpecification(text).open()
        configuration = try EncoderConfiguration(source.configuration)
        self.cuts = cuts
        self.compute = compute
        let highest = cuts[cuts.count - 1]
        guard highest.layersBelow <= configuration.layerCount else {
            throw ModelError.cut(highest, model: source.location, layerCount: configuration.layerCount)
        }
        let hearing = try FrozenModel.hearing(of: source)
        preprocessing = CacheDescription.Preprocessing(
            sampleRateHz: hearing.sampleRateHz, hopSamples: configuration.hop,
            minimumSamples: configuration.minimumSamples, normalise: hearing.normalises)
        let names = TensorNames(configuration)
        // What is below a cut is computed with, what is above it passed on: all of it must be there.
        let wanted = names.all.map { (name: $0.name, shape: $0.shape) }
        try source.require(wanted)
        ignoredTensors = FrozenModel.ignoredTensors(source.compare(with: wanted))
        frozenWeightsSHA256 = try source.sha256OfTensors(names.lower(upTo: highest).map(\.name))
    }

    /// What the model's preprocessor says of waveforms.
    ///
    /// - Throws: `ModelError.noPreprocessor`; `CheckpointError.configuration`.
    static func hearing(of source: any ModelSource) throws -> (sampleRateHz: Int, normalises: Bool) {
        guard let preprocessor = source.preprocessor else { throw ModelError.noPreprocessor(model: source.location) }
        let rate = try preprocessor.int("sampling_rate"), normalises = try preprocessor.bool("do_normalize")
        guard AudioFile.sampleRatesHz.contains(rate) else {
            throw preprocessor.mistake("sampling_rate", expected: "a rate in Hz, such as 16000")
        }
        return (rate, normalises)
    }

    /// Masking is a matter of pretraining: every encoder carries that tensor, and no features depend on it.
    static func ignoredTensors(_ comparison: TensorComparison) -> [String] {
        comparison.extra.filter { $0 != "masked_spec_embed" }
    }

    /// What determines the features, one component each: see `CacheKey`.
    private func key(storage: StorageFormat, pool: Int) -> CacheKey {
        CacheKey(components: [
            "schema": "\(ShardLayout.schema)",
            "frozen_weights": frozenWeightsSHA256,
            "architecture": configuration.summary,
            "cuts": cuts.map(\.description).joined(separator: ","),
            "storage": storage.rawValue,
            "pool": "\(pool)",
            "compute": compute.rawValue,
            "sample_rate": "\(preprocessing.sampleRateHz)",
            "normalise": "\(preprocessing.normalise)",
            "resampler": AudioFile.resamplerDescription,
        ])
    }

    /// What all shards of a cache of this model have in common.
    /// - Parameters:
    ///   - storage: how values are stored.
    ///   - pool: how many neighbouring frames are stored as their mean.
    ///   - shardCount: of the cache; no part of its key.
    public func layout(storage: StorageFormat, pool: Int, shardCount: Int) -> ShardLayout {
        ShardLayout(
            key: key(storage: storage, pool: pool), storage: storage,
            cuts: cuts.map { CutLayout(name: "\($0)", hiddenSize: configuration.width(at: $0)) },
            sampleRateHz: preprocessing.sampleRateHz, hopSamples: preprocessing.hopSamples * pool, pool: pool,
            shardCount: shardCount)
    }

    public var recordings: AudioRecordings {
        AudioRecordings(
            sampleRateHz: preprocessing.sampleRateHz, minimumSamples: preprocessing.minimumSamples,
            normalise: preprocessing.normalise)
    }

    /// The model's `config.json`, to travel in `cache.json`.
    public func configurationJSON() throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: source.configuration.data)
    }

    /// The frozen layers, loaded when first needed: a run that finds everything cached loads nothing.
    /// - Parameters:
    ///   - precision: of the operands, float32 or bfloat16.
    ///   - threads: of the engine, for each utterance.
    ///   - memoryLimit: see `CPUEngine`.
    ///   - shouldStop: asked within an utterance; once true, it must stay so.
    public func encoder(
        precision: Precision, threads: Int, memoryLimit: Int = .max,
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) -> EncoderOnDemand {
        EncoderOnDemand(threads: threads, shouldStop: shouldStop) {
            try lowerEncoder(
                precision: precision,
                engine: CPUEngine(threads: threads, memoryLimit: memoryLimit, shouldAbandon: shouldStop))
        }
    }

    /// The frozen layers, loaded now.
    public func lowerEncoder(precision: Precision, engine: any Engine) throws -> LowerEncoder {
        try LowerEncoder(configuration, weights: source, cuts: cuts, precision: precision, engine: engine)
    }

    /// Everything above the lowest cut, under Hugging Face's names, whole or not at all.
    ///
    /// - Returns: the file's SHA-256.
    /// - Throws: `CheckpointError.cannotWrite`.
    func writeUpperWeights(to path: String) throws -> String {
        let entries = TensorNames(configuration).upper(above: cuts[0])
        var writer = try SafetensorsWriter(
            path: path, tensors: entries.map { (name: $0.name, shape: $0.shape, precision: .float32) },
            metadata: ["format": "pt"])
        // A tensor at a time: a large model need not be in memory twice.
        for entry in entries { try writer.append(try source.floats(entry.name, shape: entry.shape)) }
        try writer.finish()
        return try SafetensorsFile.open(path).sha256
    }
}
