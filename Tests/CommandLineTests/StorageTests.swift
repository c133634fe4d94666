import FeatureStore
import Foundation
import Testing

/// From audio to a trained run by way of every kind of stored row, and how far the rows are from float32.
@Test(arguments: [
    ("float16", 1, 1e-3), ("bfloat16", 1, 1e-2), ("float32", 2, 1e-9), ("int8", 1, 3e-2), ("int8", 3, 3e-2),
])
func cacheOfEveryStorageTrains(store: String, pool: Int, tolerance: Double) throws {
    let folder = try Scratch()
    try folder.writeCorpus(6)
    let outcome = try Program.cache.run(
        cacheArguments("--store", store, "--pool", "\(pool)", "--compute", "float32", "--shards", "2"), in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(try storedRows("cache", in: folder).count == 6)

    let description = try CacheDescription.read(directory: "\(folder.path)/cache")
    #expect(description.storage.rawValue == store && description.pool == pool)
    #expect(description.preprocessing.hopSamples == 320 * pool)
    #expect(description.keyComponents["pool"] == "\(pool)" && description.keyComponents["storage"] == store)
    let samples = (0..<6).map { 4000 + 530 * $0 }
    #expect(description.totals.frames == samples.map { (($0 - 400) / 320 + pool) / pool }.reduce(0, +))

    let fidelity = try #require(description.fidelity)
    #expect(fidelity.utterances == 6 && fidelity.cuts.map(\.cut) == ["2"])
    #expect(fidelity.relativeError <= tolerance && 1 - fidelity.cosineMinimum <= tolerance * tolerance)
    #expect(store == "float32" || fidelity.relativeError > tolerance / 1000)
    let line =
        /against float32, on 6 utterances: relative error \S+; 1 − cosine \S+ on average, \S+ at worst \(u\d\/2\/\d+\)\n$/
    #expect(outcome.output.contains(line), "\(outcome.output)")

    let training = try Program.train.run(trainArguments(epochs: 1), in: folder)
    #expect(training.code == 0, "\(training.said)")
}

@Test func cacheOfAnOlderSchemaIsRefused() throws {
    let folder = try Scratch()
    try folder.writeCorpus(6)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    try folder.edit("cache/cache.json", "\"schema\" : 2", "\"schema\" : 1")
    let refusal =
        "error: cache/cache.json: schema 1, but this version of Undertone reads schema 2; make the cache again with "
        + "this version\n"
    for outcome in [
        try Program.cache.run(cacheArguments(), in: folder), try Program.train.run(trainArguments(), in: folder),
    ] {
        #expect(outcome.code == 65 && outcome.said == refusal)
    }
}

/// Training keeps every shard open: a cache of more shards than a shell lets a process open could not be trained from.
@Test func aCacheOfMoreShardsThanFilesMayBeOpenTrains() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let cached = try Program.cache.run(cacheArguments("--shards", "90"), in: folder)
    try #require(cached.code == 0, "\(cached.said)")
    let trained = try Program.train.run(trainArguments(epochs: 1), limits: "-Sn 64", in: folder)
    #expect(trained.code == 0, "\(trained.said)")
}
