import Buffers
import Caching
import Checkpoints
import Corpus
import FeatureStore
import Foundation
import Kernels
import SpeechEncoder

/// A pretrained model as stage one sees it: what is frozen, how it hears, and what stays for training.
public struct FrozenModel: Sendable {
    public let frozenWeightsSHA256: String
    public let preprocessing: CacheDescription.Preprocessing
    /// What the checkpoint has beside its encoder: heads, as a rule.
    public let ignoredTensors: [String]
    private let source: any ModelSource
    /// As the user named it.
    public var location: String { source.location }
    private let configuration: EncoderConfiguration
    private let cuts: [Cut]
    private let compute: Precision

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
        guard let preprocessor = source.preprocessor else { throw ModelError.noPreprocessor(model: source.location) }
        preprocessing = CacheDescription.Preprocessing(
            sampleRateHz: try preprocessor.int("sampling_rate"), hopSamples: configuration.hop,
            minimumSamples: configuration.minimumSamples, normalise: try preprocessor.bool("do_normalize"))
        guard AudioFile.sampleRatesHz.contains(preprocessing.sampleRateHz) else {
            throw preprocessor.mistake("sampling_rate", expected: "a rate in Hz, such as 16000")
        }
        let names = TensorNames(configuration)
        let lower = names.lower(upTo: highest)
        try source.require(lower + names.upper(above: cuts[0]))
        // Masking is a matter of pretraining: every encoder carries that tensor, and no features depend on it.
        ignoredTensors = source.compare(with: names.all).extra.filter { $0 != "masked_spec_embed" }
        frozenWeightsSHA256 = try source.sha256OfTensors(lower.map(\.name))
    }

    /// What determines the features, one component each: see `CacheKey`.
    private func key(storage: StorageFormat) -> CacheKey {
        let convolutions = configuration.convolutions.map { "\($0.channels)x\($0.kernel)/\($0.stride)" }
        return CacheKey(components: [
            "schema": "\(ShardLayout.schema)",
            "frozen_weights": frozenWeightsSHA256,
            "architecture": [
                configuration.family, "hidden \(configuration.hiddenSize)", "heads \(configuration.headCount)",
                "intermediate \(configuration.intermediateSize)", "epsilon \(configuration.layerNormEpsilon)",
                "convolutions \(convolutions.joined(separator: " "))",
                "positional \(configuration.positionalKernel)/\(configuration.positionalGroups)",
            ].joined(separator: ", "),
            "cuts": cuts.map(\.description).joined(separator: ","),
            "storage": storage.rawValue,
            "compute": compute.rawValue,
            "sample_rate": "\(preprocessing.sampleRateHz)",
            "normalise": "\(preprocessing.normalise)",
            "resampler": AudioFile.resamplerDescription,
        ])
    }

    public func layout(storage: StorageFormat, shardCount: Int) throws -> ShardLayout {
        ShardLayout(
            key: key(storage: storage), storage: storage,
            cuts: cuts.map { CutLayout(name: "\($0)", hiddenSize: configuration.width(at: $0)) },
            sampleRateHz: preprocessing.sampleRateHz, hopSamples: preprocessing.hopSamples, shardCount: shardCount)
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
    public func encoder(precision: Precision, threads: Int) -> EncoderOnDemand {
        EncoderOnDemand(threads: threads) { [configuration, source, cuts] in
            try LowerEncoder(
                configuration, weights: source, cuts: cuts, precision: precision, engine: CPUEngine(threads: threads))
        }
    }

    /// Everything above the lowest cut, under Hugging Face's names, whole or not at all.
    ///
    /// - Throws: `CheckpointError.cannotWrite`.
    public func writeUpperWeights(to path: String) throws {
        let entries = TensorNames(configuration).upper(above: cuts[0])
        var writer = try SafetensorsWriter(
            path: path, tensors: entries.map { (name: $0.name, shape: $0.shape, precision: .float32) },
            metadata: ["format": "pt"])
        // A tensor at a time: a large model need not be in memory twice.
        for entry in entries { try writer.append(try source.floats(entry.name, shape: entry.shape)) }
        try writer.finish()
    }
}
