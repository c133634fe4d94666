import Kernels
import SpeechEncoder

/// How much memory a process of stage one takes: its layers, what its workers have in use, what waits between them, and the corpus.
public struct CacheMemory: Sendable {
    private let engineBytes: Int
    private let workerBytes: Int
    private let workers: Int

    /// The program and its libraries.
    private static let programBytes = 120_000_000
    /// Decoded samples and computed rows that may wait.
    private static let waitingBytes = (16 << 20) + (64 << 20)

    /// - Parameters:
    ///   - encoder: of the model, of which shapes alone are needed.
    ///   - cuts: at least one, whose rows are kept until they are stored.
    ///   - bfloat16: whether the frozen layers' operands are bfloat16 rather than float32.
    ///   - workers: utterances computed at the same time.
    ///   - longestSeconds: of an utterance; each worker may have one such.
    ///   - sampleRateHz: that the model hears at.
    /// - Throws: `CheckpointError`.
    public init(
        encoder: EncoderConfiguration, cuts: [Cut], bfloat16: Bool, workers: Int, longestSeconds: Double,
        sampleRateHz: Int
    ) throws {
        let engine = CountingEngine(threads: 1)
        let lower = try LowerEncoder(
            encoder, weights: BlankWeights(encoder), cuts: cuts, precision: bfloat16 ? .bfloat16 : .float32,
            engine: engine)
        let count = max(encoder.minimumSamples, Int(longestSeconds * Double(sampleRateHz)))
        let waveform = [Float](repeating: 0, count: count)
        let rows = engine.bytes { _ = lower.hiddenStates(of: waveform) }
        let widths = cuts.reduce(0) { $0 + encoder.width(at: $1) }
        workerBytes = rows + 4 * (2 * count + encoder.frameCount(samples: count) * widths)
        engineBytes = engine.usedBytes
        self.workers = workers
    }

    /// - Parameter utterances: of the whole manifest, which every process reads.
    public func bytes(utterances: Int) -> Int {
        Self.programBytes + engineBytes + workers * workerBytes + Self.waitingBytes + utterances
            * CorpusMemory.bytesPerRow
    }
}

/// What a corpus takes in memory: nearly nothing, until there are millions of utterances. docs/scaling.md says how it was measured.
enum CorpusMemory {
    /// Of a process of stage one: a row of the manifest, and its place in a shard's plan.
    static let bytesPerRow = 1700
    /// Of a run: the manifest's row, the cache's index, the example.
    static let bytesPerTrainedRow = 3000
}
