import FeatureStore
import Foundation
import Testing

/// Two commands on one cache at once, of which one takes away what the other has or wants: whoever comes first, every shard stays
/// whole, and an ordinary run makes of it what an undisturbed one would have made.
private struct Disturbed {
    let folder: Scratch
    let reference: [String: Data]
    let all = cacheArguments("--shards", "3", "--workers", "1")

    /// Six of twelve recordings are cached.
    init() throws {
        folder = try Scratch()
        let rows = try folder.writeCorpus(12, frames: 30_000)
        try folder.writeManifest(Array(rows.prefix(6)), to: "fewer.csv")
        try folder.writeManifest(Array(rows.prefix(3)), to: "fewest.csv")
        #expect(try Program.cache.run(cacheArguments(out: "alone", "--shards", "3"), in: folder).code == 0)
        reference = try storedRows("alone", in: folder)
        #expect(
            try Program.cache.run(cacheArguments(corpus: "fewer.csv", "--shards", "3"), in: folder).code == 0)
    }

    func expectAnOrdinaryRunToMakeItWhole() throws {
        for shard in 0..<3 {
            let path = "\(folder.path)/cache/\(ShardLayout.fileName(shard: shard))"
            #expect(try ShardReader(path: path).verify().isEmpty)
        }
        let last = try Program.cache.run(all, in: folder)
        #expect(last.code == 0, "\(last.said)")
        #expect(try storedRows("cache", in: folder) == reference)
        #expect(folder.names(in: "cache") == folder.names(in: "alone"))
        let verified = try Program.undertone.run(["verify", "cache", "--progress", "none"], in: folder)
        #expect(verified.code == 0, "\(verified.output)")
    }
}

@Test func pruningBesideGrowthHarmsNeither() throws {
    let cache = try Disturbed()
    let growing = try Program.cache.start(cache.all, in: cache.folder)
    let pruning = try Program.cache.start(
        cacheArguments(corpus: "fewest.csv", "--shards", "3", "--prune"), in: cache.folder)
    for running in [growing, pruning] {
        let outcome = try running.wait()
        #expect(outcome.code == 0, "\(outcome.said)")
    }
    try cache.expectAnOrdinaryRunToMakeItWhole()
}

@Test func repairBesideGrowthHarmsNeither() throws {
    let cache = try Disturbed()
    try cache.folder.flipRow(of: "u3", cut: "2", shards: 3)
    let growing = try Program.cache.start(cache.all, in: cache.folder)
    let repairing = try Program.undertone.start(
        ["verify", "cache", "--repair", "--corpus", "manifest.csv", "--progress", "none"], in: cache.folder)
    let grown = try growing.wait(), repaired = try repairing.wait()
    // Copying the damaged row is refused where growth comes to it first; what repair finds may have grown meanwhile.
    #expect([0, 65].contains(grown.code), "\(grown.said)")
    #expect([0, 65].contains(repaired.code), "\(repaired.said)")
    let again = try Program.undertone.run(
        ["verify", "cache", "--repair", "--corpus", "manifest.csv", "--progress", "none"], in: cache.folder)
    #expect(again.code == 0, "\(again.output)\(again.said)")
    try cache.expectAnOrdinaryRunToMakeItWhole()
}
