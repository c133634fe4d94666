import Buffers
import Kernels
import Runs
import SpeechEncoder

/// Cuts batches into pieces that fit a limit of memory: a function of their lengths, the model's shapes and the limit alone.
///
/// How much a piece takes is found by running the step over an engine that only counts.
public struct MemoryPlan: Sendable {
    /// A batch as it goes through the encoder.
    struct Passes: Sendable {
        let pieces: [BatchPiece]
        /// Whether the batch's rows stay in memory between the two passes over several pieces.
        let keepsRows: Bool

        static func whole(_ lengths: [Int]) -> Passes {
            guard let offsets = try? PackedOffsets(lengths: lengths) else {
                preconditionFailure("an utterance without frames in a batch")
            }
            return Passes(pieces: [BatchPiece(whole: offsets)], keepsRows: false)
        }
    }

    let limit: ByteCount
    /// The model that is trained, on the counting engine, and its averages.
    private let model: RegressionModel
    private let average: WeightAverage?
    private let engine: CountingEngine
    private let step: TrainingStep
    /// Of a row at the cut.
    private let columns: Int
    private let isCostly: Bool
    /// What does not depend on the batch.
    let fixedBytes: Int

    /// What the program takes before it trains anything: its own code, the libraries', and the index of a cache.
    static let programBytes = 160_000_000

    /// What of a limit is left for an engine's matrices.
    public static func engineBytes(of limit: ByteCount) -> Int { max(0, limit.bytes - programBytes) }

    /// - Parameters:
    ///   - averageDecay: where weights are averaged.
    ///   - makeModel: as the model to be trained is made.
    init(
        limit: ByteCount, rows: any RowSource, dropouts: EncoderConfiguration.Dropouts, averageDecay: Double?,
        threads: Int, makeModel: (any Engine) throws -> RegressionModel
    ) throws {
        self.limit = limit
        engine = CountingEngine(threads: threads)
        model = try makeModel(engine)
        let parameters = model.encoderParameters + model.headParameters
        average = averageDecay.map { [engine] in WeightAverage(of: parameters, decay: $0, engine: engine) }
        // A layer left out of a step saves memory, on which nobody can count.
        var dropouts = dropouts
        dropouts.layer = 0
        step = TrainingStep(dropouts: dropouts, seed: 0, number: 0)
        columns = model.encoder.configuration.width(at: model.encoder.cut)
        isCostly = rows.isCostly
        // Weights and states are saved a tensor at a time.
        let saved = parameters.reduce(0) { max($0, 2 * 4 * $1.count) }
        fixedBytes = Self.programBytes + engine.usedBytes + saved + rows.workingBytes
    }

    /// - Returns: nil where an utterance does not fit by itself.
    func passes(_ lengths: [Int]) -> Passes? {
        let available = limit.bytes - fixedBytes
        if pieceBytes(lengths[...]) <= available { return .whole(lengths) }
        // Rows that cost much are kept where they take but a part of the room.
        let rowBytes = lengths.reduce(0, +) * columns * 4, room = available - headBytes(lengths.count)
        func cut(_ room: Int, keepsRows: Bool) -> Passes? {
            BatchPiece.cut(lengths) { pieceBytes($0) <= room }.map { Passes(pieces: $0, keepsRows: keepsRows) }
        }
        let keeping = isCostly && rowBytes <= available / 4 ? cut(room - rowBytes, keepsRows: true) : nil
        // Where the longest utterance does not fit beside them they are had twice.
        return keeping ?? cut(room, keepsRows: false)
    }

    /// The least limit under which a batch goes through in pieces, were they of one utterance each.
    func leastLimit(_ lengths: [Int]) -> ByteCount {
        ByteCount(fixedBytes + headBytes(lengths.count) + pieceBytes([lengths.max() ?? 1])).roundedUp
    }

    /// The most that a forward and backward pass over the utterances has in use at once.
    func pieceBytes(_ lengths: ArraySlice<Int>) -> Int {
        let whole = Passes.whole(Array(lengths)).pieces, labels = unlabelled(lengths.count)
        return engine.bytes {
            _ = model.accumulateGradients(whole, labels: labels, step: step) {
                engine.makeMatrix(rows: $0.offsets.rowCount, columns: columns, precision: .float32)
            }
        }
    }

    /// The same of the pooled rows and the heads alone.
    private func headBytes(_ utterances: Int) -> Int {
        engine.bytes {
            _ = model.accumulateHeadGradients(
                model.top.makePooled(utterances), labels: unlabelled(utterances), step: step)
        }
    }

    private func unlabelled(_ utterances: Int) -> [[Double?]] {
        [[Double?]](repeating: [Double?](repeating: nil, count: utterances), count: model.dimensions.count)
    }
}
