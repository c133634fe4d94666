import ArgumentParser
import Buffers
import Caching
import Checkpoints
import Corpus
import Faults
import FeatureStore
import Foundation
import Kernels
import SpeechEncoder
import Synchronization

/// A pretrained model as stage one sees it: what is frozen, how it hears, and what stays for training.
struct FrozenModel {
    let frozenWeightsSHA256: String
    let preprocessing: CacheDescription.Preprocessing
    private let source: any ModelSource
    /// As the user named it.
    var location: String { source.location }
    private let configuration: EncoderConfiguration
    private let cuts: [Cut]
    private let compute: Precision

    /// Opens the model and checks every tensor that stage one reads or passes on: names and shapes, before any compute.
    ///
    /// - Throws: `CheckpointError`, naming the file and the tensor or key; `ModelError`.
    init(_ text: String, cuts: [Cut], compute: Precision) throws {
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
        for entry in lower + names.upper(above: cuts[0]) where source.shape(of: entry.name) != entry.shape {
            _ = try source.floats(entry.name, shape: entry.shape)
        }
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

    func layout(storage: StorageFormat, shardCount: Int) throws -> ShardLayout {
        ShardLayout(
            key: key(storage: storage), storage: storage,
            cuts: cuts.map { CutLayout(name: "\($0)", hiddenSize: configuration.width(at: $0)) },
            sampleRateHz: preprocessing.sampleRateHz, hopSamples: preprocessing.hopSamples, shardCount: shardCount)
    }

    var recordings: AudioRecordings {
        AudioRecordings(
            sampleRateHz: preprocessing.sampleRateHz, minimumSamples: preprocessing.minimumSamples,
            normalise: preprocessing.normalise)
    }

    /// The model's `config.json`, to travel in `cache.json`.
    func configurationJSON() throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: source.configuration.data)
    }

    /// The frozen layers, loaded when first needed: a run that finds everything cached loads nothing.
    func encoder(precision: Precision, threads: Int) -> EncoderOnDemand {
        EncoderOnDemand(threads: threads) { [configuration, source, cuts] in
            try LowerEncoder(
                configuration, weights: source, cuts: cuts, precision: precision, engine: CPUEngine(threads: threads))
        }
    }

    /// Everything above the lowest cut, under Hugging Face's names, whole or not at all.
    ///
    /// - Throws: `CheckpointError.cannotWrite`.
    func writeUpperWeights(to path: String) throws {
        let entries = TensorNames(configuration).upper(above: cuts[0])
        var writer = try SafetensorsWriter(
            path: path, tensors: entries.map { (name: $0.name, shape: $0.shape, precision: .float32) },
            metadata: ["format": "pt"])
        // A tensor at a time: a large model need not be in memory twice.
        for entry in entries { try writer.append(try source.floats(entry.name, shape: entry.shape)) }
        try writer.finish()
    }
}

/// The frozen layers behind the interface that caching knows, loaded once, by whoever comes first.
final class EncoderOnDemand: FrozenEncoder {
    /// Of the engine, for each utterance.
    let threads: Int
    private let make: @Sendable () throws -> LowerEncoder
    private let loaded = Mutex<LowerEncoder?>(nil)

    init(threads: Int, make: @escaping @Sendable () throws -> LowerEncoder) {
        self.threads = threads
        self.make = make
    }

    @discardableResult
    func load() throws -> LowerEncoder {
        try loaded.withLock { loaded in
            if let loaded { return loaded }
            let encoder = try make()
            loaded = encoder
            return encoder
        }
    }

    func hiddenStates(of waveform: [Float]) throws -> [String: HiddenStates] {
        let encoder = try load()
        let states = encoder.downloadedHiddenStates(of: waveform)
        return Dictionary(
            uniqueKeysWithValues: states.map { cut, values in
                let width = encoder.configuration.width(at: cut)
                return ("\(cut)", HiddenStates(rows: values.count / width, columns: width, values: values))
            })
    }
}

/// The choices of `--compute`.
enum ComputeChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, float32, bfloat16

    var precision: Precision {
        switch self {
        case .auto: CPUEngine.multipliesBFloat16Natively ? .bfloat16 : .float32
        case .float32: .float32
        case .bfloat16: .bfloat16
        }
    }
}

enum ModelError: Fault {
    case cut(Cut, model: String, layerCount: Int)
    case noPreprocessor(model: String)

    var kind: FaultKind {
        switch self {
        case .cut: .usage
        case .noPreprocessor: .missingInput
        }
    }

    var description: String {
        switch self {
        case .cut(let cut, let model, let layerCount):
            "--cut \(cut): \(model) has \(layerCount) layers; expected cnn or a number from 0 to \(layerCount)"
        case .noPreprocessor(let model):
            "\(model): no preprocessor_config.json; it says whether waveforms are normalised, so copy it from where "
                + "the model comes from"
        }
    }
}
