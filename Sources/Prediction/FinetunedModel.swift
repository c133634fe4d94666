import Buffers
import Caching
import Checkpoints
import Corpus
import Files
import Foundation
import Runs
import SpeechEncoder
import Training

/// A whole finetuned model: the checkpoint that its features came from, what the run trained of it, and how the two go together.
///
/// It comes from a run directory and the checkpoint, or from a bundle, which holds both.
public struct FinetunedModel: Sendable {
    /// As the user named it: the run directory, or the bundle.
    public let location: String
    /// Where the checkpoint lies, or lay when its features were cached: a folder, or `random:…`.
    public let checkpoint: String
    /// What the hub calls that, with the commit, where it is known.
    public let hubName: HubName?
    public let record: ModelRecord
    public let configuration: TrainConfiguration
    public let result: RunResult
    public let encoder: EncoderConfiguration
    public let cut: Cut
    /// The run's `best.safetensors`, or the bundle.
    public let trained: SafetensorsFile
    /// Every tensor of the encoder, as it is after training; adapters lie beside what they adapt.
    public let weights: any TensorSource

    /// - Parameters:
    ///   - path: the run directory.
    ///   - model: the checkpoint's place; nil for where it was when its features were cached.
    /// - Throws: `PredictionError.otherModel` for another checkpoint than the run's, told by the hash over its weights;
    ///   `RunError`, `ConfigurationError` or `CheckpointError` for what is not there or not whole.
    public init(run path: String, model: String? = nil) throws {
        let directory = RunDirectory(path: path)
        let result = try directory.result(), record = try directory.model(ModelRecord.self)
        let base: any ModelSource
        do {
            base = try ModelSpecification(model ?? record.features.source).open()
        } catch {
            guard model == nil else { throw error }
            throw PredictionError.noModel(run: path, source: record.features.source, reason: "\(error)")
        }
        let trained = try SafetensorsFile.open(directory.bestWeightsPath)
        try self.init(
            location: path, checkpoint: base.location, hubName: HubCache.name(of: base.location), record: record,
            recordPath: directory.modelPath, configuration: try directory.configuration(), result: result,
            trained: trained, weights: LayeredTensors(trained, over: base))
        try requireTheRuns(base)
    }

    init(
        location: String, checkpoint: String, hubName: HubName?, record: ModelRecord, recordPath: String,
        configuration: TrainConfiguration, result: RunResult, trained: SafetensorsFile, weights: any TensorSource
    ) throws {
        self.location = location
        self.checkpoint = checkpoint
        self.hubName = hubName
        self.record = record
        self.configuration = configuration
        self.result = result
        self.trained = trained
        self.weights = weights
        encoder = try record.features.encoder(path: recordPath)
        func require(_ holds: Bool, _ key: String, _ found: String, _ expected: String) throws(RunError) {
            guard !holds else { return }
            throw .malformed(path: recordPath, line: nil, problem: "key '\(key)' is '\(found)'; expected \(expected)")
        }
        let preprocessing = record.features.preprocessing, cut = Cut(record.cut)
        try require(cut != nil, "cut", record.cut, "cnn or a number")
        try require(Cut(record.features.frozenCut) != nil, "frozen_cut", record.features.frozenCut, "cnn or a number")
        try require(
            Precision(rawValue: record.features.compute) != nil, "compute", record.features.compute,
            "float32 or bfloat16")
        try require(record.features.pool > 0, "pool", "\(record.features.pool)", "1 or more")
        try require(
            AudioFile.sampleRatesHz.contains(preprocessing.sampleRateHz), "sample_rate_hz",
            "\(preprocessing.sampleRateHz)", "a rate in Hz, such as 16000")
        try require(
            preprocessing.minimumSamples >= encoder.minimumSamples, "minimum_samples",
            "\(preprocessing.minimumSamples)",
            "\(encoder.minimumSamples) or more, one frame of the encoder")
        self.cut = cut ?? .cnn
    }

    /// Both hashes together are over every tensor of the encoder.
    private func requireTheRuns(_ base: any ModelSource) throws {
        let found = try EncoderConfiguration(base.configuration)
        guard found.summary == encoder.summary, found.layerCount == encoder.layerCount else {
            throw PredictionError.otherArchitecture(
                model: base.location, run: location, found: "\(found.layerCount) layers, \(found.summary)",
                expected: "\(encoder.layerCount) layers, \(encoder.summary)")
        }
        let names = TensorNames(encoder)
        for (part, entries, expected) in [
            (
                "weights below cut \(record.features.frozenCut)",
                names.lower(upTo: Cut(record.features.frozenCut) ?? cut),
                record.features.frozenWeightsSHA256
            ),
            ("weights above cut \(record.cut)", names.upper(above: cut), record.upperWeightsSHA256),
        ] {
            let hash = try base.sha256OfTensors(entries.map(\.name))
            guard hash == expected else {
                throw PredictionError.otherModel(
                    model: base.location, run: location, source: record.features.source, part: part, found: hash,
                    expected: expected)
            }
        }
    }

    /// What stands for the checkpoint where others read it: its name on the hub or, since a folder's path tells of the machine it lay on,
    /// the path's last part.
    public var checkpointName: String {
        let source = record.features.source
        return hubName?.repository ?? (source.hasPrefix("random:") ? source : PathParts(source).name)
    }

    /// Every tensor of the encoder; that which stands for masked frames in pretraining is one where the checkpoint has it.
    public var encoderTensors: [(name: String, shape: [Int])] {
        let names = TensorNames(encoder), masking = names.masking.filter { weights.shape(of: $0.name) == $0.shape }
        return (names.all + masking).map { ($0.name, $0.shape) }
    }

    /// In which the frozen layers were computed.
    public var frozenPrecision: Precision { Precision(rawValue: record.features.compute) ?? .float32 }
    /// In which the trained layers were computed.
    public var trainedPrecision: Precision { Precision(rawValue: result.compute) ?? .float32 }

    /// How recordings become waveforms, as they did for the cache.
    public var recordings: AudioRecordings {
        AudioRecordings(
            sampleRateHz: record.features.preprocessing.sampleRateHz,
            minimumSamples: record.features.preprocessing.minimumSamples,
            normalise: record.features.preprocessing.normalise)
    }
}
