import Corpus
import FeatureStore
import Kernels
import Testing

@testable import Training

/// What stands between launch and first step does not grow with the corpus, nor with its utterances, of which none is left out.
@Suite struct StandardisationSampleTests {
    @Test(
        arguments: [
            // What is within the limit is taken whole.
            ([], .max), ([6000], .max), ([Int](repeating: 100, count: 32), .max),
            ([Int](repeating: 187, count: 32), .max),
            // Else each gives its share, and what the short ones leave of theirs the long ones share.
            ([Int](repeating: 188, count: 32), 187), ([Int](repeating: 180_000, count: 32), 187), ([6001], 6000),
            ([180_000, 180_000, 10], 2995), ([10, 180_000, 180_000], 2995),
            ([Int](repeating: 100, count: 31) + [180_000], 2900),
        ] as [([Int], Int)])
    func theRowsAreSharedFairly(lengths: [Int], limit: Int) {
        #expect(StandardisationSample.rowLimit(of: lengths) == limit)
        guard limit < .max else { return }
        func total(_ limit: Int) -> Int { lengths.reduce(0) { $0 + min($1, limit) } }
        #expect(total(limit) <= 6000 && total(limit + 1) > 6000)
    }

    /// Regression: of long utterances two or three were taken, by whose deviation most heads began saturated.
    @Test func longUtterancesAreAllTaken() throws {
        let cache = try SyntheticCache(utterances: 34, longest: 1000)
        var sampled: [Int] = []
        _ = try cache.stage(
            "run", try SyntheticCache.configuration(["epochs=1"]),
            report: { if case .standardising(let utterances) = $0 { sampled.append(utterances) } }
        ).run()
        #expect(sampled == [32])
    }

    @Test(arguments: StorageFormat.allCases) func ofALongUtteranceTheFirstRowsAreRead(_ storage: StorageFormat) throws {
        let cache = try SyntheticCache(storage: storage), features = try CachedFeatures(directories: [cache.directory])
        let corpus = try TrainingCorpus(
            features: features, manifest: try CorpusManifest.load(features.manifestPath),
            labels: [.init(name: "activation")])
        let engine = CPUEngine(threads: 1), source = try features.rows(cut: .layer(1), engine: engine)
        let examples = Array(corpus.train.filter { $0.frameCount > 5 }.prefix(2))
        let parts = try examples.map { example in
            let rows = try source.read([example])
            return Array(engine.download(rows).prefix(5 * rows.columns))
        }
        #expect(parts.count == 2)
        #expect(engine.download(try source.read(examples.map { $0.first(5) })) == parts[0] + parts[1])
        #expect(examples[0].first(100).frameCount == examples[0].frameCount)
    }
}
