import Checkpoints
import Crypto
import FeatureStore
import Files
import Foundation
import Kernels
import SpeechEncoder

/// Where a run's hidden states come from: a cache, or the recordings themselves.
public protocol FeatureSource: Sendable {
    /// What stands for it in an error about what it holds.
    var location: String { get }
    /// The manifest that came with it.
    var manifestPath: String { get }
    /// A hash of what determines the rows, `CacheKey.hex`.
    var key: String { get }
    /// A hash of what the model is beyond what made the rows: `config.json`, dropouts and all, and the weights above the lowest cut. Nil where
    /// it is not known.
    var modelKey: String? { get throws }
    /// As the user named the model.
    var modelSource: String { get }
    /// Cuts that rows can be had at.
    var cuts: [Cut] { get }
    /// How many frames of the encoder each row is the mean of.
    var pool: Int { get }
    /// From the start of a row to that of the next.
    var rowSeconds: Double { get }
    /// What to do about utterances of the manifest that there are no rows of; follows "3 rows of the manifest".
    var missingAdvice: String { get }

    func encoderConfiguration() throws -> EncoderConfiguration
    /// What a run remembers of how the rows came about.
    func record() throws -> ModelRecord.Features
    /// The tensors above the lowest cut.
    func upperWeights() throws -> any TensorSource
    /// Nil where there is none of that id.
    func utterance(_ id: String) -> FeatureUtterance?
    /// - Parameters:
    ///   - cut: one of `cuts`.
    ///   - engine: where rows are put.
    func rows(cut: Cut, engine: any Engine) throws -> any RowSource
}

extension FeatureSource {
    /// - Parameters:
    ///   - configuration: `config.json`, whole.
    ///   - upperWeights: a hash of them.
    public static func modelKey(configuration: JSONValue, upperWeights: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return SHA256.hash(data: try encoder.encode(configuration) + Data(upperWeights.utf8)).hexadecimal
    }
}

/// What is known of an utterance before its rows are read.
public struct FeatureUtterance: Sendable, Equatable {
    public let frameCount: Int
    public let audioSHA256: String

    public init(frameCount: Int, audioSHA256: String) {
        self.frameCount = frameCount
        self.audioSHA256 = audioSHA256
    }
}

/// Rows of one cut.
public protocol RowSource: Sendable {
    /// Whether having rows a second time costs more than keeping them.
    var isCostly: Bool { get }
    /// The most bytes taken beside the engine's matrices while rows are read. Needed only where memory is limited.
    var workingBytes: Int { get }
    /// Rows of the given utterances, end to end, `[N, C]` float32: of each its first `frameCount`.
    /// - Throws: `StopRequest` if the work was asked to stop; what is wrong with what is read.
    func read(_ examples: [TrainingCorpus.Example]) throws -> Matrix
}

/// The work was asked to stop; whoever knows how far it is saves that.
public struct StopRequest: Error {
    public init() {}
}
