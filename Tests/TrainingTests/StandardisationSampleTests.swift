import Testing

@testable import Training

/// What stands between launch and first step does not grow with the corpus.
@Suite struct StandardisationSampleTests {
    @Test(arguments: [
        // Small corpora are taken whole.
        ([Int](repeating: 100, count: 5), 5),
        ([Int](repeating: 100, count: 32), 32),
        // Large ones by their utterances, or by their rows where these are long.
        ([Int](repeating: 100, count: 20_000), 32),
        ([Int](repeating: 1_000, count: 20_000), 6),
        ([Int](repeating: 1_001, count: 20_000), 5),
        // One utterance has no deviation.
        ([180_000, 180_000, 10], 2),
        ([10, 180_000, 180_000], 2),
        ([180_000], 1),
    ])
    func isBounded(lengths: [Int], count: Int) {
        #expect(StandardisationSample.count(of: lengths) == count)
    }
}
