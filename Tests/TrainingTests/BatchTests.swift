import FeatureStore
import Kernels
import Testing

@testable import Training

/// What training reads is what the cache holds, in whatever type it holds it.
@Test(arguments: StorageFormat.allCases)
func batchesHoldTheStoredRows(storage: StorageFormat) throws {
    let made = try SyntheticCache(storage: storage)
    let cache = try FeatureCache.open(directory: made.directory)
    let cut = try #require(cache.description.cuts.first)
    let engine = CPUEngine(threads: 2)
    let reader = BatchReader(cache: cache, cut: cut.name, columns: cut.hiddenSize, engine: engine)
    for members in [[0], [5, 2, 11, 2], Array(cache.utterances.indices.reversed())] {
        let examples = members.map { index in
            TrainingCorpus.Example(
                id: cache.utterances[index].entry.id, speaker: nil, place: cache.utterances[index], labels: [],
                metadata: [:])
        }
        let (rows, offsets) = try reader.read(examples)
        #expect(offsets.rowCount == examples.map(\.frameCount).reduce(0, +))
        #expect(rows.shape == [offsets.rowCount, cut.hiddenSize])
        #expect(try engine.download(rows) == examples.flatMap { try cache.rows(id: $0.id, cut: cut.name) })
    }
}
