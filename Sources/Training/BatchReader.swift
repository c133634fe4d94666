import Kernels
import Runs
import SpeechEncoder

/// Reads batches, in pieces where memory is limited.
struct BatchReader: Sendable {
    let source: any RowSource
    let cut: Cut
    /// How many frames of the encoder each row is the mean of.
    let pool: Int
    /// Nil: no limit, every batch is one piece.
    let memory: MemoryPlan?

    /// - Throws: `TrainingError.memory` where an utterance does not fit by itself.
    func batch(_ examples: [TrainingCorpus.Example]) throws(TrainingError) -> PiecewiseBatch {
        PiecewiseBatch(examples, source: source, passes: try passes(examples.map(\.frameCount)))
    }

    /// How a batch of these lengths goes through the encoder.
    func passes(_ lengths: [Int]) throws(TrainingError) -> MemoryPlan.Passes {
        guard let memory else { return .whole(lengths) }
        guard let passes = memory.passes(lengths) else {
            throw .memory(
                limit: memory.limit, frameCount: lengths.max() ?? 0, fixed: ByteCount(memory.fixedBytes).roundedUp,
                needed: memory.leastLimit(lengths))
        }
        return passes
    }
}

/// The rows of one batch, piece by piece.
final class PiecewiseBatch {
    let pieces: [BatchPiece]
    let frameCount: Int
    private let examples: [TrainingCorpus.Example]
    private let source: any RowSource
    private let keepsRows: Bool
    /// By the piece's first utterance.
    private var kept: [Int: Matrix] = [:]

    init(_ examples: [TrainingCorpus.Example], source: any RowSource, passes: MemoryPlan.Passes) {
        self.examples = examples
        self.source = source
        pieces = passes.pieces
        frameCount = passes.pieces.reduce(0) { $0 + $1.offsets.rowCount }
        keepsRows = passes.keepsRows
    }

    /// `[N, C]` float32.
    func rows(_ piece: BatchPiece) throws -> Matrix {
        if let rows = kept[piece.utterances.lowerBound] { return rows }
        let rows = try source.read(Array(examples[piece.utterances]))
        if keepsRows { kept[piece.utterances.lowerBound] = rows }
        return rows
    }
}
