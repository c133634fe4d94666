import Buffers
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// A batch in pieces is the batch.
@Suite struct PieceTests {
    static let lengths = [9, 23, 4, 31, 12, 1, 17, 40, 8, 26]

    /// Loss, predictions and every parameter's gradient of a batch cut into pieces of at most `most` utterances.
    private func pass(_ small: SmallModel, most: Int, threads: Int = 2) throws -> (
        loss: Double, predictions: [[Float]], gradients: [String: [Float]], pieces: Int, reads: Int
    ) {
        let engine = CPUEngine(threads: threads), model = try small.make(on: engine), mask = small.mask(on: engine)
        let (rows, labels) = try small.batch(Self.lengths, on: engine)
        let pieces = try #require(BatchPiece.cut(Self.lengths) { $0.count <= most })
        var reads = 0
        let result = model.accumulateGradients(pieces, labels: labels, step: small.step) { piece in
            reads += 1
            let own = rows.rows(piece.firstRow..<piece.firstRow + piece.offsets.rowCount)
            mask.apply(to: own, offsets: piece.offsets, ids: piece.utterances.map { "u\($0)" }, step: 3)
            return own
        }
        let gradients = (model.encoderParameters + model.headParameters).map { ($0.name, engine.download($0.gradient)) }
        return (
            result.loss.value, result.predictions, Dictionary(uniqueKeysWithValues: gradients), pieces.count, reads
        )
    }

    @Test(arguments: SmallModel.all) func gradientsAreThoseOfTheWholeBatch(_ small: SmallModel) throws {
        let whole = try pass(small, most: 10)
        #expect(whole.pieces == 1 && whole.reads == 1, "one piece is computed once")
        #expect(whole.loss.isFinite && whole.loss > 0)
        func scale(_ gradient: [Float]) -> Float { gradient.reduce(0) { max($0, abs($1)) } }
        let largest = whole.gradients.values.map(scale).max() ?? 0
        for most in [1, 3, 7] {
            let parts = try pass(small, most: most)
            #expect(parts.pieces == (Self.lengths.count + most - 1) / most && parts.reads == 2 * parts.pieces)
            #expect(parts.predictions == whole.predictions, "a row depends on its own utterance only")
            #expect(parts.loss == whole.loss)
            for (name, gradient) in whole.gradients {
                // A key's bias shifts all of a query's scores alike, so its gradient is a sum of terms that cancel. The last
                // bias's does too, less: it moves all predictions alike, of which a CCC notices the mean alone.
                let own = scale(whole.gradients[name.replacing("k_proj.bias", with: "q_proj.bias")]!)
                let worst = zip(gradient, parts.gradients[name]!).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(worst <= 2e-5 * own, "\(name) deviates by \(worst / own) of its scale")
                #expect(worst <= 1e-6 * largest, "\(name) deviates by \(worst / largest) of the largest gradient")
            }
        }
    }

    /// In every set-up.
    @Test(arguments: SmallModel.all) func threadsDoNotChangeABit(_ small: SmallModel) throws {
        let one = try pass(small, most: 10, threads: 1)
        for threads in [2, 3] {
            let several = try pass(small, most: 10, threads: threads)
            #expect(several.predictions == one.predictions)
            for (name, gradient) in one.gradients {
                #expect(several.gradients[name] == gradient, "\(name) with \(threads) threads")
            }
        }
    }

    /// Without it the test above could pass with masks that repeat from piece to piece, or a LayerDrop that drops nothing.
    @Test(arguments: [SmallModel(), SmallModel(layerDrop: 0.75), SmallModel(parts: TrainedParts(layers: 0))])
    func dropoutShowsInThePredictions(_ small: SmallModel) throws {
        let engine = CPUEngine(threads: 1), model = try small.make(on: engine)
        let (rows, labels) = try small.batch(Self.lengths, on: engine)
        let offsets = try PackedOffsets(lengths: Self.lengths)
        let without = model.predictions(rows, offsets: offsets)
        let with = model.accumulateGradients(rows, offsets: offsets, labels: labels, step: small.step)
        #expect(with.predictions != without)
        guard small.layerDrop > 0 else { return }
        let (again, _) = try small.batch(Self.lengths, on: engine)
        let kept = model.accumulateGradients(again, offsets: offsets, labels: labels, step: SmallModel().step)
        #expect(with.predictions != kept.predictions, "a layer is left out of this step")
    }

    @Test func piecesAreAsLongAsFit() throws {
        func cut(_ lengths: [Int], _ limit: Int) -> [Range<Int>]? {
            BatchPiece.cut(lengths) { $0.reduce(0, +) <= limit }?.map(\.utterances)
        }
        #expect(cut([3, 4, 5, 1], 13) == [0..<4])
        #expect(cut([3, 4, 5, 1], 9) == [0..<2, 2..<4])
        #expect(cut([3, 4, 5, 1], 5) == [0..<1, 1..<2, 2..<3, 3..<4])
        #expect(cut([3, 4, 5, 1], 4) == nil)
        #expect(cut(Array(repeating: 1, count: 100), 7)?.map(\.count) == Array(repeating: 7, count: 14) + [2])
        let pieces = try #require(BatchPiece.cut([3, 4, 5, 1]) { $0.count <= 2 })
        #expect(pieces.map(\.firstRow) == [0, 7] && pieces.map(\.offsets.rowCount) == [7, 6])
    }
}

/// How much memory a step takes is known beforehand.
@Suite struct MemoryTests {
    static let lengths = [[120], [30, 200, 77, 5, 140], Array(repeating: 60, count: 16)]

    private struct NoRows: RowSource {
        let isCostly: Bool
        let workingBytes = 0
        func read(_ examples: [TrainingCorpus.Example]) throws -> Matrix { preconditionFailure("nothing is read") }
    }

    private func plan(_ small: SmallModel, _ limit: ByteCount, isCostly: Bool = false, averageDecay: Double? = nil)
        throws -> MemoryPlan
    {
        try MemoryPlan(
            limit: limit, rows: NoRows(isCostly: isCostly), dropouts: small.dropouts, averageDecay: averageDecay,
            threads: 1, makeModel: small.make)
    }

    @Test(arguments: SmallModel.all.filter { $0.layerDrop == 0 }, lengths)
    func countedBytesAreThoseTheEngineUses(_ small: SmallModel, lengths: [Int]) throws {
        let engine = CPUEngine(threads: 1), model = try small.make(on: engine)
        let counting = CountingEngine(threads: 1)
        _ = try small.make(on: counting)
        let (rows, labels) = try small.batch(lengths, on: engine)
        _ = model.accumulateGradients(
            rows, offsets: try PackedOffsets(lengths: lengths), labels: labels, step: small.step)
        let counted = Double(counting.peakBytes + (try plan(small, ByteCount(1)).pieceBytes(lengths[...])))
        let used = Double(engine.peakBytes)
        #expect(abs(counted - used) <= 0.2 * used + 16384, "\(counted) bytes counted, \(used) used")
    }

    @Test func piecesFitTheLimit() throws {
        let small = SmallModel(), lengths = Array(repeating: [50, 10, 90, 33], count: 8).flatMap { $0 }
        let roomy = try plan(small, ByteCount(1_000_000_000))
        #expect(try #require(roomy.passes(lengths)).pieces.count == 1)
        let least = roomy.leastLimit(lengths)
        let tight = try plan(small, least)
        let passes = try #require(tight.passes(lengths))
        #expect(passes.pieces.count > 1)
        #expect(passes.pieces.flatMap { Array($0.utterances) } == Array(lengths.indices))
        #expect(passes.pieces == (try plan(small, least).passes(lengths))?.pieces, "the same from the same")
        for piece in passes.pieces {
            let own = lengths[piece.utterances]
            #expect(tight.pieceBytes(own) <= tight.pieceBytes([90]) + 1_000_000)
        }
        #expect(try plan(small, ByteCount(least.bytes - 2_000_000)).passes(lengths) == nil)
        let between = try plan(small, ByteCount(least.bytes + 4_000_000))
        #expect(try #require(between.passes(lengths)).pieces.count < passes.pieces.count)
        let averaged = try plan(small, least, averageDecay: 0.9), model = try small.make(on: CPUEngine(threads: 1))
        let count = (model.encoderParameters + model.headParameters).reduce(0) { $0 + $1.count }
        #expect(averaged.fixedBytes >= tight.fixedBytes + 4 * count)
        // Rows that cost much are kept between the passes where they are small beside the room.
        #expect(try #require(plan(small, least, isCostly: true).passes([40, 90, 90, 90])).keepsRows)
        #expect(!(try #require(plan(small, least).passes(lengths)).keepsRows))
    }
}
