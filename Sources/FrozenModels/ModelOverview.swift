import Checkpoints
import Faults
import FeatureStore
import Files
import Foundation
import SpeechEncoder

/// What a model is, and whether Undertone can use it; no tensor is read.
public struct ModelOverview: Sendable, Encodable {
    /// From `config.json`.
    public struct Architecture: Sendable, Encodable {
        public struct Convolution: Sendable, Encodable {
            public var channels: Int
            public var kernel: Int
            public var stride: Int
        }

        /// `model_type`.
        public var family: String
        public var layers: Int
        public var hiddenSize: Int
        public var heads: Int
        public var intermediateSize: Int
        /// The CNN, from the waveform up.
        public var convolutions: [Convolution]
        /// `group` or `layer`.
        public var convolutionNorm: String
        public var isPreNorm: Bool
        /// In words.
        public var positions: String
        /// Of the encoder.
        public var parameters: Int
        /// Where a cache can be made.
        public var cuts: [String]
        /// From one frame to the next.
        public var hopSamples: Int
        /// The shortest recording that gives a frame.
        public var minimumSamples: Int
    }

    /// From `preprocessor_config.json`.
    public struct Preprocessing: Sendable, Encodable {
        public var sampleRateHz: Int
        /// Whether each waveform is brought to zero mean and unit variance.
        public var normalises: Bool
    }

    public struct Weights: Sendable, Encodable {
        public struct File: Sendable, Encodable {
            public var name: String
            public var bytes: Int
        }

        /// Empty for a random model.
        public var files: [File]
        public var tensors: Int
        /// How many tensors are stored in each type.
        public var tensorsByType: [String: Int]
        /// What is not the encoder's: heads of a task, what pretraining needed.
        public var ignored: [String]
        /// All tensors that the encoder needs and that are not there.
        public var missing: [String]
        /// All that are there in another shape than the configuration says.
        public var wrongShape: [WrongShape]

        public struct WrongShape: Sendable, Encodable {
            public var name: String
            public var found: [Int]
            public var expected: [Int]
        }
    }

    /// As the user named it.
    public var model: String
    /// Where it lies; nil for a random model.
    public var folder: String?
    public var architecture: Architecture?
    public var preprocessing: Preprocessing?
    public var weights: Weights?
    /// As its page tags it.
    public var licence: String?
    /// Where it was fetched from.
    public var provenance: ModelProvenance?
    /// Why it cannot be used, each with the file at fault; empty if it can.
    public var problems: [String] = []
    public var isUsable: Bool

    /// - Throws: `CheckpointError` where there is no such model at all.
    public init(_ text: String) throws(CheckpointError) {
        model = text
        let specification = try ModelSpecification(text)
        folder = try specification.folder()
        isUsable = false
        var problems: [String] = []
        var source: (any ModelSource)?
        do throws(CheckpointError) {
            source = try specification.open()
        } catch {
            if case .missingDirectory = error { throw error }
            problems.append(error.description)
        }
        let configuration = read(source, &problems)
        architecture = configuration.map(Architecture.init)
        if let source {
            weights = weights(of: source, configuration, &problems)
            do {
                let hearing = try FrozenModel.hearing(of: source)
                preprocessing = Preprocessing(sampleRateHz: hearing.sampleRateHz, normalises: hearing.normalises)
            } catch {
                problems.append("\(error)")
            }
        }
        if let folder {
            licence = Checkpoint.licence(ofFolder: folder)
            provenance = ModelProvenance.read(directory: folder)
        }
        self.problems = problems
        isUsable = problems.isEmpty
    }

    /// The configuration tells what a model is even where its weights are missing.
    private func read(_ source: (any ModelSource)?, _ problems: inout [String]) -> EncoderConfiguration? {
        let path = folder.map { "\($0)/config.json" }
        do throws(CheckpointError) {
            if let source { return try EncoderConfiguration(source.configuration) }
            guard let path, FileManager.default.fileExists(atPath: path) else { return nil }
            return try EncoderConfiguration(ConfigurationFile.load(path))
        } catch {
            if !problems.contains(error.description) { problems.append(error.description) }
            return nil
        }
    }

    private func weights(
        of source: any ModelSource, _ configuration: EncoderConfiguration?, _ problems: inout [String]
    ) -> Weights {
        var comparison: TensorComparison?
        if let configuration {
            let wanted = TensorNames(configuration).all.map { (name: $0.name, shape: $0.shape) }
            comparison = source.compare(with: wanted)
            do throws(CheckpointError) {
                try source.require(wanted)
            } catch {
                problems.append(error.description)
            }
        }
        let files = (source as? Checkpoint)?.weightFiles ?? []
        return Weights(
            files: files.map { path in
                let bytes =
                    try? FileManager.default.attributesOfItem(
                        atPath: URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false))[.size]
                    as? Int
                return Weights.File(name: PathParts(path).name, bytes: bytes ?? 0)
            },
            tensors: source.names.count,
            tensorsByType: source.names.reduce(into: [:]) { counts, name in
                counts[source.storedType(of: name) ?? "unknown", default: 0] += 1
            },
            ignored: comparison.map(FrozenModel.ignoredTensors) ?? [], missing: comparison?.missing ?? [],
            wrongShape: (comparison?.wrongShape ?? []).map {
                Weights.WrongShape(name: $0.name, found: $0.found, expected: $0.expected)
            })
    }
}

extension ModelOverview.Architecture {
    init(_ configuration: EncoderConfiguration) {
        self.init(
            family: configuration.family, layers: configuration.layerCount, hiddenSize: configuration.hiddenSize,
            heads: configuration.headCount, intermediateSize: configuration.intermediateSize,
            convolutions: configuration.convolutions.map {
                Convolution(channels: $0.channels, kernel: $0.kernel, stride: $0.stride)
            },
            convolutionNorm: configuration.convolutionNorm, isPreNorm: configuration.isPreNorm,
            positions: configuration.positions, parameters: configuration.parameterCount,
            cuts: configuration.cuts.map(\.description), hopSamples: configuration.hop,
            minimumSamples: configuration.minimumSamples)
    }
}
