import Corpus
import FeatureStore
import Foundation
import Testing

@testable import Caching

private func layout(_ storage: StorageFormat, pool: Int = 1) -> ShardLayout {
    ShardLayout(
        key: CacheKey(components: ["storage": storage.rawValue, "pool": "\(pool)"]), storage: storage,
        cuts: [CutLayout(name: "cnn", hiddenSize: 3), CutLayout(name: "9", hiddenSize: 5)], hopSamples: 320 * pool,
        pool: pool)
}

private func stage(
    _ manifest: CorpusManifest, _ folder: TemporaryFolder, _ recordings: FakeRecordings, _ layout: ShardLayout
) -> StageOne {
    StageOne(
        manifest: manifest, settings: CachingSettings(directory: folder.path, layout: layout, workerCount: 2),
        recordings: recordings)
}

// MARK: - Values beyond a type's range

/// Utterance `u5`'s samples are such that its values at cut 9 are ±1e5.
private func loudRecordings(_ manifest: CorpusManifest) -> FakeRecordings {
    let recordings = FakeRecordings(manifest)
    recordings.change("/audio/u5.wav") { $0.samples = (0..<800).map { $0 % 2 == 0 ? 20_000 : -20_000 } }
    return recordings
}

@Test func valuesBeyondFloat16StopTheRunWithAChoice() throws {
    let (manifest, folder) = (corpus(8), try TemporaryFolder())
    let error = #expect(throws: StoreError.self) {
        try cache(manifest, folder, loudRecordings(manifest), layout: layout(.float16))
    }
    #expect(error == .overflow(id: "u5", cut: "9", magnitude: 1e5, storage: .float16))
    #expect(error?.kind == .badInput)
    for part in [
        "'u5'", "cut 9", "100000", "65504", "--store bfloat16, int8 or float32", "another --out or delete this folder",
    ] { #expect(error?.description.contains(part) == true, "\(part)") }
    #expect(!folder.names.contains(ShardLayout.fileName(shard: 0)))
}

@Test(arguments: [(StorageFormat.bfloat16, 1 / 256.0), (.int8, 1e-6), (.float32, 0)])
func whatTheErrorOffersStoresThem(storage: StorageFormat, tolerance: Double) throws {
    let (manifest, folder) = (corpus(8), try TemporaryFolder())
    try cache(manifest, folder, loudRecordings(manifest), layout: layout(storage))
    let reader = try ShardReader(path: folder.file(ShardLayout.fileName(shard: 0)))
    let rows = try reader.readFloats(cut: "9", utterance: try #require(reader.index(of: "u5")))
    #expect(rows.count == 2 * 5 && rows.allSatisfy { abs(abs(Double($0)) / 1e5 - 1) <= tolerance }, "\(rows)")
}

// MARK: - Pooling

@Test(
    arguments: [
        (1, [1, 10, 3, 20, 5, 60, 7, 80, 10, 90]), (2, [2, 15, 6, 70, 10, 90]), (3, [3, 30, 8.5, 85]),
        (4, [4, 42.5, 10, 90]), (5, [5.2, 52]), (9, [5.2, 52]),
    ] as [(Int, [Float])])
func framesArePooledToMeans(count: Int, expected: [Float]) {
    let frames = HiddenStates(rows: 5, columns: 2, values: [1, 10, 3, 20, 5, 60, 7, 80, 10, 90])
    let pooled = frames.pooled(by: count)
    #expect(pooled.values == expected && pooled.rows == expected.count / 2 && pooled.columns == 2)
}

@Test func nothingPooledIsNothing() {
    let none = HiddenStates(rows: 0, columns: 4, values: [])
    #expect(none.pooled(by: 3) == none)
}

@Test(arguments: [2, 3])
func pooledCacheHoldsMeansAtEveryCut(pool: Int) throws {
    let (manifest, plain, pooled) = (corpus(24), try TemporaryFolder(), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, plain, recordings, layout: layout(.float32))
    let before = try stage(manifest, pooled, recordings, layout(.float32, pool: pool)).survey()
    try cache(manifest, pooled, recordings, layout: layout(.float32, pool: pool))
    let name = ShardLayout.fileName(shard: 0)
    let (frames, rows) = (try ShardReader(path: plain.file(name)), try ShardReader(path: pooled.file(name)))
    #expect(rows.layout.hopSamples == 320 * pool && rows.layout.pool == pool)
    var lengths: Set<Int> = []
    for (utterance, entry) in frames.entries.enumerated() {
        lengths.insert(entry.frameCount % pool)
        #expect(rows.entries[utterance].frameCount == (entry.frameCount + pool - 1) / pool)
        #expect(rows.entries[utterance].sampleCount == entry.sampleCount)
        for cut in frames.layout.cuts {
            let states = HiddenStates(
                rows: entry.frameCount, columns: cut.hiddenSize,
                values: try frames.readFloats(cut: cut.name, utterance: utterance))
            #expect(
                try rows.readFloats(cut: cut.name, utterance: utterance) == states.pooled(by: pool).values)
        }
    }
    #expect(lengths.count == pool, "last groups of every length are among them")
    let estimate = try stage(manifest, try TemporaryFolder(), recordings, layout(.float32)).survey().pendingBytes
    #expect(abs(before.pendingBytes * pool - estimate) <= 24 * pool * 32, "estimated by the pooled rows")
}

@Test func poolingIsPartOfTheKey() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    try cache(manifest, folder, FakeRecordings(manifest), layout: layout(.int8))
    let error = #expect(throws: StoreError.self) {
        try cache(manifest, folder, FakeRecordings(manifest), layout: layout(.int8, pool: 2))
    }
    #expect(error?.description.contains("pool 1 there, 2 wanted") == true)
}

// MARK: - Fidelity

@Test(arguments: [1, 2])
func fidelityOfExactRowsIsPerfect(pool: Int) throws {
    let (manifest, folder) = (corpus(10), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings, layout: layout(.float32, pool: pool))
    let stage = stage(manifest, folder, recordings, layout(.float32, pool: pool))
    let exact = try #require(try stage.measureFidelity(of: FakeEncoder(), reference: FakeEncoder()))
    #expect(exact.relativeError == 0 && exact.utterances == 8)
    #expect(exact.cosineMinimum > 1 - 1e-12)
    #expect(exact.cuts.map(\.cut) == ["cnn", "9"])
}

/// Bounds of the types' own rounding: half a unit in the last place, and for int8 half a step of 1/127 of the largest.
@Test(arguments: [(StorageFormat.float16, 0x1p-11), (.bfloat16, 0x1p-8), (.int8, 0.5 / 127 * 5.0.squareRoot())])
func fidelityIsThatOfTheStorage(storage: StorageFormat, bound: Double) throws {
    let (manifest, folder) = (corpus(10), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings, layout: layout(storage, pool: 2))
    let stage = stage(manifest, folder, recordings, layout(storage, pool: 2))
    let fidelity = try #require(try stage.measureFidelity(of: FakeEncoder(), reference: FakeEncoder()))
    for cut in fidelity.cuts {
        #expect(cut.relativeError > bound / 100 && cut.relativeError <= bound)
        #expect(cut.cosineMinimum < 1 && cut.cosineMinimum >= 1 - bound * bound)
        #expect(cut.cosineMinimum <= cut.cosineMean && cut.cosineMean <= 1)
        #expect(cut.worstRow.contains("/\(cut.cut)/"))
    }
}

@Test(arguments: [
    (FidelitySample(utteranceCount: 3, seconds: 60), 3, 60.0),
    (FidelitySample(utteranceCount: 100, seconds: 0.5), 0, 0.5),
])
func fidelitySampleIsBoundedInCountAndLength(limit: FidelitySample, count: Int, seconds: Double) throws {
    let (manifest, folder) = (corpus(30), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings, layout: layout(.float32))
    let encoder = FakeEncoder()
    let fidelity = try #require(
        try stage(manifest, folder, recordings, layout(.float32)).measureFidelity(
            of: FakeEncoder(), reference: encoder, limit: limit))
    #expect(fidelity.utterances == encoder.callCount && fidelity.utterances > 0)
    #expect(count == 0 || fidelity.utterances == count)
    #expect(fidelity.seconds <= seconds && fidelity.seconds > 0)
}

@Test func fidelityOfLongRecordingsIsTheShortests() throws {
    let (manifest, folder) = (corpus(10), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings, layout: layout(.float32))
    let stage = stage(manifest, folder, recordings, layout(.float32))
    let fidelity = try #require(
        try stage.measureFidelity(of: FakeEncoder(), reference: FakeEncoder(), limit: FidelitySample(seconds: 1e-3)))
    #expect(fidelity.utterances == 1 && fidelity.seconds == 400 / 16000.0 && fidelity.frames == 1)
}

/// An hour is not computed again.
@Test func fidelityOfRecordingsThatAreAllTooLongIsThatOfABeginning() throws {
    let (manifest, folder) = (corpus(2), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    for (id, count) in [("u0", 9000), ("u1", 7000)] {
        recordings.change("/audio/\(id).wav") { $0.samples = (0..<count).map { Float($0 % 97) / 31 - 1 } }
    }
    try cache(manifest, folder, recordings, layout: layout(.float16))
    let stage = stage(manifest, folder, recordings, layout(.float16))
    let (encoder, reference) = (FakeEncoder(), FakeEncoder())
    let limit = FidelitySample(seconds: 1040 / 16000, longestSeconds: 6999 / 16000)
    let fidelity = try #require(try stage.measureFidelity(of: encoder, reference: reference, limit: limit))
    #expect(encoder.callCount == 1 && reference.callCount == 1)
    #expect(fidelity.excerpt == true && fidelity.utterances == 1 && fidelity.frames == 3)
    #expect(fidelity.seconds == 1040 / 16000.0 && fidelity.cuts.allSatisfy { $0.worstRow.hasPrefix("u1/") })
    #expect(fidelity.relativeError > 0 && fidelity.relativeError <= 0x1p-11, "what storing costs is measured")

    let whole = FidelitySample(seconds: 1040 / 16000, longestSeconds: 7000 / 16000)
    let stored = try #require(try stage.measureFidelity(of: encoder, reference: reference, limit: whole))
    #expect(stored.excerpt == nil && encoder.callCount == 1 && stored.frames == (7000 - 400) / 320 + 1)
}

@Test func spoiltRowsAreMeasuredPerCut() throws {
    var measure = FidelityMeasure(cuts: [CutLayout(name: "0", hiddenSize: 2), CutLayout(name: "9", hiddenSize: 2)])
    measure.add([1, 0, 3, 0], [1, 0, 4, 0], cut: 0, id: "u")
    measure.add([1, 0, 0, 1], [1, 0, 1, 0], cut: 1, id: "u")
    let spoilt = try #require(measure.result)
    #expect(spoilt.cosineMinimum == 0 && spoilt.worstRow == "u/9/1" && spoilt.cosineMean == 0.75)
    #expect(spoilt.relativeError == 1)
    #expect(spoilt.cuts[0].cosineMinimum == 1 && spoilt.cuts[0].relativeError == (1 / 17.0).squareRoot())
    #expect(spoilt.cuts[1].cosineMean == 0.5)
}
