import Faults
import Foundation

/// A model's tensors together with the configuration that gives them their meaning.
public protocol ModelSource: TensorSource {
    /// `config.json`.
    var configuration: ConfigurationFile { get }
    /// `preprocessor_config.json`, where the model has one.
    var preprocessor: ConfigurationFile? { get }
}

/// Which model the user asked for: a folder, or `random:<preset>?seed=<number>`.
public enum ModelSpecification: Sendable, Hashable {
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
        guard RandomPreset.named(preset) != nil else {
            let known = RandomPreset.all.map(\.name).joined(separator: ", ")
            throw wrong("unknown preset '\(printable(preset))'; expected one of \(known)")
        }
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
        case .directory(let path): try Checkpoint.open(path)
        case .random(let preset, let seed): try RandomCheckpoint(preset: preset, seed: seed)
        }
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
