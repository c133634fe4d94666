import Foundation
import Testing

@testable import FeatureStore

// MARK: - Keys

@Test func keyIsTheHashOfSortedComponents() {
    let key = CacheKey(components: ["b": "2", "a": "1"])
    #expect(key.canonicalJSON == #"{"a":"1","b":"2"}"#)
    // printf '{"a":"1","b":"2"}' | sha256sum
    #expect(key.hex == "21f76dfbfe6dfe21f762080ef484112cf2952974cef30741fd1931e1c6d92112")
    #expect(CacheKey(canonicalJSON: key.canonicalJSON) == key)
    #expect(CacheKey(canonicalJSON: "[1]") == nil)
    #expect(CacheKey(components: ["a": "1", "b": "3"]).hex != key.hex)
}

@Test func differencesAreSaidInWords() {
    let there = CacheKey(components: [
        "cuts": "6", "frozen_weights": String(repeating: "a", count: 64), "storage": "float16", "old": "1",
    ])
    let wanted = CacheKey(components: [
        "cuts": "9", "frozen_weights": String(repeating: "b", count: 64), "storage": "float16", "dither": "0",
    ])
    #expect(
        there.explainDifference(wanted: wanted) == [
            "cuts 6 there, 9 wanted", "dither not recorded there, 0 wanted", "frozen weights differ",
            "old 1 there, not wanted",
        ])
    #expect(there.explainDifference(wanted: there) == [])
}

@Test(arguments: [
    ("schema", "1", "2", "schema 1 there, 2 wanted"),
    ("frozen_weights", String(repeating: "a", count: 64), String(repeating: "b", count: 64), "frozen weights differ"),
    (
        "architecture", "wav2vec2, hidden 768, heads 12, epsilon 1e-05, convolutions 512x10/5 512x3/2",
        "hubert, hidden 768, heads 12, epsilon 1e-05, convolutions 512x10/5 512x2/2",
        "architecture: wav2vec2, convolutions 512x10/5 512x3/2 there, hubert, convolutions 512x10/5 512x2/2 wanted"
    ),
    ("cuts", "6,9", "9", "cuts 6,9 there, 9 wanted"),
    ("storage", "float16", "bfloat16", "storage float16 there, bfloat16 wanted"),
    ("compute", "float32", "bfloat16", "compute float32 there, bfloat16 wanted"),
    ("sample_rate", "16000", "8000", "sample rate 16000 there, 8000 wanted"),
    ("normalise", "true", "false", "normalise true there, false wanted"),
    ("resampler", "libsoxr HQ 0.1.3", "libsoxr HQ 0.1.4", "resampler libsoxr HQ 0.1.3 there, libsoxr HQ 0.1.4 wanted"),
])
func everyComponentOfTheKeyIsToldApart(name: String, here: String, wanted: String, words: String) {
    let (one, other) = (CacheKey(components: [name: here]), CacheKey(components: [name: wanted]))
    #expect(one.hex != other.hex)
    #expect(one.explainDifference(wanted: other) == [words])
}

@Test func shardOfAnIdNeverChanges() {
    // printf 'abc' | sha256sum begins ba7816bf8f01cfea; 0xba7816bf8f01cfea mod 7 and mod 1000.
    #expect(ShardLayout.shardIndex(id: "abc", shardCount: 1) == 0)
    #expect(ShardLayout.shardIndex(id: "abc", shardCount: 7) == Int(0xba78_16bf_8f01_cfea as UInt64 % 7))
    #expect(ShardLayout.shardIndex(id: "abc", shardCount: 1000) == Int(0xba78_16bf_8f01_cfea as UInt64 % 1000))
    let counts = (0..<7000).reduce(into: [Int](repeating: 0, count: 7)) {
        $0[ShardLayout.shardIndex(id: "utterance-\($1)", shardCount: 7)] += 1
    }
    #expect(counts.allSatisfy { 850..<1150 ~= $0 })
    #expect(ShardLayout.fileName(shard: 3) == "shard-00003.h5")
    #expect(ShardLayout.fileName(shard: 123_456) == "shard-123456.h5")
}

// MARK: - Whole caches

private func writeCache(_ folder: TemporaryFolder, shards: Int, storage: StorageFormat = .float16) throws {
    let layout = oneCut(storage, shards: shards)
    let writers = try (0..<shards).map {
        try ShardWriter(path: folder.file(ShardLayout.fileName(shard: $0)), layout: layout, shard: $0)
    }
    for number in 0..<50 {
        let id = "utterance-\(number)"
        try writers[ShardLayout.shardIndex(id: id, shardCount: shards)].append(
            entry(id, frames: 2), rows: [features(seed: number, count: 48)])
    }
    for writer in writers { try writer.finish() }
    try description(layout).write(directory: folder.path)
}

private func description(_ layout: ShardLayout) -> CacheDescription {
    CacheDescription(
        key: layout.key, cuts: layout.cuts, frozenWeightsSHA256: "ab", model: .object(["layers": .integer(12)]),
        modelSource: "a folder",
        preprocessing: .init(sampleRateHz: 16000, hopSamples: 320, minimumSamples: 400, normalise: true),
        storage: layout.storage, compute: "float32",
        shards: (0..<layout.shardCount).map {
            .init(file: ShardLayout.fileName(shard: $0), utterances: 1, frames: 2, bytes: 3)
        },
        totals: .init(utterances: 50, frames: 100, seconds: 2.5, bytes: 1000),
        fidelity: .init(
            utterances: 8, frames: 16, seconds: 0.5,
            cuts: [
                .init(cut: "9", relativeError: 1e-4, cosineMean: 1, cosineMinimum: 0.999, worstRow: "a/9/1"),
                .init(cut: "cnn", relativeError: 1e-3, cosineMean: 0.5, cosineMinimum: 0.25, worstRow: "b/cnn/7"),
            ]),
        versions: ["undertone": "0.1.0"])
}

@Test func descriptionComesBackAsItWent() throws {
    let folder = try TemporaryFolder()
    var written = description(oneCut(.bfloat16))
    written.model = .object([
        "name": .string("x"), "eps": .number(1e-5), "conv_dim": .array([.integer(512), .integer(512)]),
        "flag": .bool(true), "none": .null, "camelCase": .integer(1),
    ])
    try written.write(directory: folder.path)
    #expect(try CacheDescription.read(directory: folder.path) == written)
    #expect(folder.names == ["cache.json"])
    let text = try String(contentsOfFile: folder.file("cache.json"), encoding: .utf8)
    #expect(text.contains("\"camelCase\" : 1") && text.contains("\"hidden_size\" : 24"))
}

@Test func fidelityOfTheWholeIsThatOfTheWorstCut() throws {
    let fidelity = try #require(description(oneCut(.float16)).fidelity)
    #expect(fidelity.relativeError == 1e-3 && fidelity.cosineMean == 0.75)
    #expect(fidelity.cosineMinimum == 0.25 && fidelity.worstRow == "b/cnn/7")
}

@Test(arguments: [
    ("\"storage\" : \"float16\"", "\"storage\" : \"float8\"", "storage"),
    ("\"sample_rate_hz\" : 16000", "\"sample_rate_hz\" : \"fast\"", "preprocessing.sample_rate_hz"),
    ("\"frames\" : 100,", "", "totals.frames"),
    ("\"pool\" : 1", "\"pool\" : 0", "pool"),
    ("\"cuts\" : \"9\"", "\"cuts\" : \"8\"", "cache_key"),
])
func descriptionErrorsNameTheKey(old: String, new: String, key: String) throws {
    let folder = try TemporaryFolder()
    try description(oneCut(.float16)).write(directory: folder.path)
    let text = try String(contentsOfFile: folder.file("cache.json"), encoding: .utf8)
    #expect(text.contains(old))
    try text.replacing(old, with: new).write(toFile: folder.file("cache.json"), atomically: false, encoding: .utf8)
    let error = #expect(throws: StoreError.self) { try CacheDescription.read(directory: folder.path) }
    guard case .description(_, let named, _) = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(named == key)
}

@Test(arguments: [1, 99])
func anotherSchemaIsSaidFirst(schema: Int) throws {
    let folder = try TemporaryFolder()
    try Data(#"{"schema": \#(schema)}"#.utf8).write(to: URL(filePath: folder.file("cache.json")))
    #expect(throws: StoreError.wrongSchema(path: folder.file("cache.json"), found: schema, expected: 2)) {
        try CacheDescription.read(directory: folder.path)
    }
}

@Test func wholeCacheOpensAndFindsEveryUtterance() throws {
    let folder = try TemporaryFolder()
    try writeCache(folder, shards: 3, storage: .float32)
    let cache = try FeatureCache.open(directory: folder.path)
    #expect(cache.utterances.count == 50)
    #expect(Set(cache.utterances.map(\.shard)) == [0, 1, 2])
    for number in 0..<50 {
        #expect(try cache.rows(id: "utterance-\(number)", cut: "9") == features(seed: number, count: 48))
    }
    #expect(throws: StoreError.unknownUtterance(id: "x", path: folder.path)) { try cache.rows(id: "x", cut: "9") }
    #expect(try cache.verify().isEmpty)
}

@Test func missingShardIsNamed() throws {
    let folder = try TemporaryFolder()
    try writeCache(folder, shards: 3)
    try FileManager.default.removeItem(atPath: folder.file("shard-00001.h5"))
    let error = #expect(throws: StoreError.self) { try FeatureCache.open(directory: folder.path) }
    #expect(error?.kind == .missingInput)
    #expect(error?.description.contains("shard-00001.h5") == true)
}

@Test func shardOfAnotherCacheIsRefusedWithTheReason() throws {
    let folder = try TemporaryFolder()
    try writeCache(folder, shards: 2)
    var other = oneCut(.float16, shards: 2)
    other.key = CacheKey(components: ["frozen_weights": String(repeating: "c", count: 64), "cuts": "6"])
    _ = try writeShard(folder.file("shard-00001.h5"), layout: other, count: 1, shard: 1)
    #expect(
        throws: StoreError.wrongKey(
            path: folder.file("shard-00001.h5"), reasons: ["cuts 6 there, 9 wanted", "frozen weights differ"])
    ) { try FeatureCache.open(directory: folder.path) }
}

@Test func swappedShardsAreRefused() throws {
    let folder = try TemporaryFolder()
    try writeCache(folder, shards: 2)
    let (first, second, aside) = (folder.file("shard-00000.h5"), folder.file("shard-00001.h5"), folder.file("x"))
    for (from, to) in [(first, aside), (second, first), (aside, second)] {
        try FileManager.default.moveItem(atPath: from, toPath: to)
    }
    #expect(
        throws: StoreError.wrongPlace(path: first, found: "shard 1 of 2", expected: "shard 0 of 2")
    ) { try FeatureCache.open(directory: folder.path) }
}
