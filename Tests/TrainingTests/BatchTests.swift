import FeatureStore
import Kernels
import Runs
import Testing

@testable import Training

/// What training reads is what the cache holds, in whatever type it holds it.
@Test(arguments: StorageFormat.allCases)
func batchesHoldTheStoredRows(storage: StorageFormat) throws {
    let made = try SyntheticCache(storage: storage)
    let cache = try FeatureCache.open(directory: made.directory)
    let cut = try #require(cache.description.cuts.first)
    let engine = CPUEngine(threads: 2)
    let source = CachedRows(cache: cache, cut: cut, engine: engine)
    for members in [[0], [5, 2, 11, 2], Array(cache.utterances.indices.reversed())] {
        let examples = members.map { index in
            let entry = cache.utterances[index].entry
            return TrainingCorpus.Example(
                id: entry.id, speaker: nil,
                features: FeatureUtterance(frameCount: entry.frameCount, audioSHA256: entry.audioSHA256), labels: [],
                metadata: [:])
        }
        let rows = try source.read(examples)
        #expect(rows.shape == [examples.map(\.frameCount).reduce(0, +), cut.hiddenSize])
        #expect(try engine.download(rows) == examples.flatMap { try cache.rows(id: $0.id, cut: cut.name) })
    }
}

/// Which utterances make which batch.
@Suite struct BatchPlanTests {
    /// 103 utterances of 20 to 119 frames.
    static let lengths = (0..<103).map { 20 + $0 * 37 % 100 }

    private func batches(
        _ size: TrainConfiguration.Batch.Size, bucketed: Bool = false, dropsLast: Bool = false, seed: UInt64 = 1
    ) -> Batches {
        var form = TrainConfiguration.Batch()
        form.size = size
        form.isBucketed = bucketed
        form.dropsLast = dropsLast
        return Batches(lengths: Self.lengths, form: form, seed: seed)
    }

    private func frames(_ batch: [Int]) -> Int { batch.reduce(0) { $0 + Self.lengths[$1] } }

    @Test(arguments: [TrainConfiguration.Batch.Size.utterances(8), .frames(600)], [false, true])
    func everyUtteranceOnceAnewEachEpoch(size: TrainConfiguration.Batch.Size, bucketed: Bool) {
        let batches = batches(size, bucketed: bucketed)
        #expect(batches.epoch(0) == batches.epoch(0))
        #expect(batches.epoch(0) != batches.epoch(1))
        #expect(batches.epoch(0) != self.batches(size, bucketed: bucketed, seed: 2).epoch(0))
        for epoch in 0..<3 { #expect(batches.epoch(epoch).flatMap { $0 }.sorted() == Array(Self.lengths.indices)) }
        #expect(batches.stepCount(epochs: 3) == (0..<3).reduce(0) { $0 + batches.epoch($1).count })
    }

    @Test(arguments: [(7, 3), (96, 32), (100, 32), (2, 5)])
    func sizesDifferByAtMostOne(_ count: Int, _ size: Int) {
        var form = TrainConfiguration.Batch()
        form.size = .utterances(size)
        let sizes = Batches(lengths: Array(Self.lengths.prefix(count)), form: form, seed: 1).epoch(2).map(\.count)
        #expect(sizes.reduce(0, +) == count && sizes.max()! <= size && sizes.max()! - sizes.min()! <= 1)
    }

    @Test func utterancesAreSpreadEvenly() {
        #expect(Set(batches(.utterances(8)).epoch(0).map(\.count)) == [7, 8])
        let whole = batches(.utterances(8), dropsLast: true).epoch(0)
        #expect(whole.map(\.count) == Array(repeating: 8, count: 12))
        #expect(batches(.utterances(200), dropsLast: true).epoch(0).map(\.count) == [103], "nothing else is left")
    }

    @Test func framesAreAsManyAsFit() {
        let batches = batches(.frames(600)).epoch(0)
        for batch in batches { #expect(frames(batch) <= 600) }
        for (batch, next) in zip(batches, batches.dropFirst()) {
            #expect(frames(batch) + Self.lengths[next[0]] > 600, "one more would have fitted")
        }
        #expect(self.batches(.frames(600), dropsLast: true).epoch(0).count <= batches.count)
        // Two utterances at least, however long they are.
        #expect(Set(self.batches(.frames(1)).epoch(0).map(\.count)).isSubset(of: [2, 3]))
    }

    @Test(arguments: [TrainConfiguration.Batch.Size.utterances(8), .frames(600)])
    func bucketsAreOfLikeLength(size: TrainConfiguration.Batch.Size) {
        func spread(_ batches: [[Int]]) -> Double {
            let spreads = batches.map { batch in
                let lengths = batch.map { Self.lengths[$0] }
                return Double(lengths.max()! - lengths.min()!)
            }
            return spreads.reduce(0, +) / Double(spreads.count)
        }
        let bucketed = batches(size, bucketed: true).epoch(0)
        #expect(spread(bucketed) < 0.3 * spread(batches(size).epoch(0)))
        #expect(bucketed.map(frames).sorted() != bucketed.map(frames), "their order is shuffled")
    }
}
