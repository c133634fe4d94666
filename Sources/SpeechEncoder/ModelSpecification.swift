import Checkpoints
import Faults
import Foundation

/// Which model the user asked for: a folder, a name of the Hugging Face hub whose snapshot lies in the cache of Hugging Face's
/// own tools, or `random:<preset>?seed=<number>`.
public enum ModelSpecification: Sendable, Hashable {
    /// A folder; where there is none, a name such as `facebook/wav2vec2-base`, with `@` and a revision or without.
    case directory(String)
    case random(preset: String, seed: UInt64)

    /// Parses the text of a command line or a pipeline manifest; nothing is opened.
    /// - Throws: `CheckpointError.specification`, listing the known presets where one is unknown.
    public init(_ text: String) throws(CheckpointError) {
        func wrong(_ reason: String) -> CheckpointError { .specification(text: printable(text), reason: reason) }
        guard text.hasPrefix("random:") else {
            if text.isEmpty { throw wrong("is empty; expected a folder, or random:wav2vec2-base?seed=0") }
            self = .directory(text)
            return
        }
        let parts = text.dropFirst("random:".count).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let preset = String(parts[0])
        _ = try RandomPreset.named(preset, specification: printable(text))
        var seed: UInt64 = 0
        if parts.count == 2 {
            guard parts[1].hasPrefix("seed="), let number = UInt64(parts[1].dropFirst("seed=".count)) else {
                throw wrong("'\(printable(String(parts[1])))'; expected seed= and a number from 0 to \(UInt64.max)")
            }
            seed = number
        }
        self = .random(preset: preset, seed: seed)
    }

    /// Opens the folder, or sets up the random model.
    public func open() throws(CheckpointError) -> any ModelSource {
        switch self {
        case .directory(let path): try Checkpoint.open(HubCache.folder(of: path), calledBy: path)
        case .random(let preset, let seed): try ModelSpecification.random(preset, seed: seed, location: description)
        }
    }

    /// Where the model lies, nil for a random one; that it is a folder, only opening tells.
    /// - Throws: `CheckpointError.notFetched`, for a name of the hub that is no folder here.
    public func folder() throws(CheckpointError) -> String? {
        guard case .directory(let path) = self else { return nil }
        return try HubCache.folder(of: path)
    }

    private static func random(
        _ name: String, seed: UInt64, location: String
    ) throws(CheckpointError) -> RandomCheckpoint {
        let preset = try RandomPreset.named(name, specification: location)
        let file = try ConfigurationFile(path: "\(location) config", data: Data(preset.configuration.utf8))
        let names = TensorNames(try EncoderConfiguration(file)), entries = names.all + names.masking
        return RandomCheckpoint(
            location: location, configuration: file,
            preprocessor: try ConfigurationFile(
                path: "\(location) preprocessor", data: Data(preset.preprocessor.utf8)),
            tensors: Dictionary(
                uniqueKeysWithValues: entries.map {
                    ($0.name, RandomTensor(shape: $0.shape, distribution: $0.initial))
                }), seed: seed)
    }
}

extension ModelSpecification: CustomStringConvertible {
    public var description: String {
        switch self {
        case .directory(let path): path
        case .random(let preset, let seed): "random:\(preset)?seed=\(seed)"
        }
    }
}
