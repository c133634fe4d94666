import Buffers
import Kernels
import Runs
import Testing

@testable import Training

@Suite struct SpanMaskTests {
    typealias Spans = TrainConfiguration.Mask.Spans

    /// Number of spans as `_compute_mask_indices` has it, for extents with one or two possible numbers.
    @Test(arguments: [
        (Spans(probability: 0.5, length: 10), 100, 5...5), (Spans(probability: 0.065, length: 10), 100, 0...1),
        (Spans(probability: 0.065, length: 10, minimum: 2), 100, 2...2),
        // No more than fit end to end.
        (Spans(probability: 1, length: 10), 35, 3...3), (Spans(probability: 0.1, length: 10, minimum: 9), 35, 3...3),
        // No room for any, and for one alone.
        (Spans(probability: 1, length: 10, minimum: 2), 9, 0...0),
        (Spans(probability: 0.9, length: 10, minimum: 2), 10, 1...1),
        (Spans(probability: 1, length: 1), 12, 12...12),
    ])
    func spansAreAsManyAsTransformersDraws(_ form: Spans, _ extent: Int, _ counts: ClosedRange<Int>) {
        var seen: Set<Int> = []
        for seed in 0..<200 as Range<UInt64> {
            var stream = RandomStream(seed: seed, "spans")
            let spans = SpanMask.spans(form, extent: extent, using: &stream)
            #expect(spans.allSatisfy { $0.count == form.length && $0.lowerBound >= 0 && $0.upperBound <= extent })
            #expect(Set(spans.map(\.lowerBound)).count == spans.count)
            seen.insert(spans.count)
        }
        #expect(seen == Set(counts))
    }

    /// Rounding up happens as often as the fraction says, and every place is drawn.
    @Test func fractionsAreRoundedAtRandom() {
        let form = Spans(probability: 0.065, length: 10)
        var total = 0, places: Set<Int> = []
        for seed in 0..<4000 as Range<UInt64> {
            var stream = RandomStream(seed: seed, "fractions")
            let spans = SpanMask.spans(form, extent: 100, using: &stream)
            total += spans.count
            places.formUnion(spans.map(\.lowerBound))
        }
        #expect(abs(Double(total) / 4000 - 0.65) < 0.03)
        #expect(places == Set(0...90))
    }

    private let engine = CPUEngine(threads: 1)

    private func masked(_ mask: TrainConfiguration.Mask, lengths: [Int], ids: [String], step: Int = 3) throws
        -> [[Float]]
    {
        let offsets = try PackedOffsets(lengths: lengths), columns = 24
        let rows = engine.makeMatrix(
            [Float](repeating: 1, count: offsets.rowCount * columns), rows: offsets.rowCount, columns: columns)
        SpanMask(configuration: mask, seed: 5, engine: engine).apply(to: rows, offsets: offsets, ids: ids, step: step)
        return ids.indices.map { engine.download(rows.rows(offsets[$0])) }
    }

    private var both: TrainConfiguration.Mask {
        var mask = TrainConfiguration.Mask()
        mask.time = Spans(probability: 0.4, length: 3)
        mask.channels = Spans(probability: 0.3, length: 4)
        return mask
    }

    /// Whole rows and whole columns of an utterance are zero, and the rest is as it was.
    @Test func framesAndChannelsBecomeZero() throws {
        let columns = 24, length = 30
        let values = try masked(both, lengths: [length], ids: ["u"])[0]
        func value(_ row: Int, _ column: Int) -> Float { values[row * columns + column] }
        let rows = (0..<length).filter { row in (0..<columns).allSatisfy { value(row, $0) == 0 } }
        let channels = (0..<columns).filter { column in (0..<length).allSatisfy { value($0, column) == 0 } }
        #expect(!rows.isEmpty && rows.count <= 12 && !channels.isEmpty && channels.count <= 8)
        for row in 0..<length where !rows.contains(row) {
            for column in 0..<columns where !channels.contains(column) { #expect(value(row, column) == 1) }
        }
    }

    /// However the batch is cut, and whoever else is in it.
    @Test func masksDoNotDependOnTheBatch() throws {
        let together = try masked(both, lengths: [20, 7, 33], ids: ["a", "b", "c"])
        #expect(try masked(both, lengths: [33, 20], ids: ["c", "a"]) == [together[2], together[0]])
        #expect(try masked(both, lengths: [7], ids: ["b"]) == [together[1]])
        #expect(try masked(both, lengths: [20], ids: ["a"], step: 4) != [together[0]])
        #expect(try masked(both, lengths: [20], ids: ["d"]) != [together[0]])
    }

    @Test func nothingIsMaskedByDefault() throws {
        let values = try masked(TrainConfiguration.Mask(), lengths: [40, 12], ids: ["a", "b"])
        #expect(values.allSatisfy { $0.allSatisfy { $0 == 1 } })
    }
}
