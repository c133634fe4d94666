import CacheInspection
import Checkpoints
import Faults
import FeatureStore
import Foundation
import Testing

private func verify(_ cache: SampleCache) throws -> CacheVerification {
    try CacheVerifier(directory: cache.path).verify()
}

@Test func soundCacheHasNothingToSay() throws {
    let cache = try SampleCache.copy()
    let verification = try verify(cache)
    #expect(verification.findings.isEmpty, "\(verification.findings)")
    #expect(verification.isSound && verification.shards == 3 && verification.utterances == 14)
    let frames = cache.members.reduce(0) { $0 + $1.frames }
    #expect(verification.bytes == frames * 2 * 48 * 2)
}

/// One way to damage a cache, and the lines that must come of it, damage first.
struct DamageCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var damage: @Sendable (SampleCache) throws -> Void
    var lines: [String]

    init(_ name: String, _ lines: [String], _ damage: @escaping @Sendable (SampleCache) throws -> Void) {
        testDescription = name
        self.lines = lines
        self.damage = damage
    }

    static let description = [
        DamageCase(
            "no cache.json",
            [
                "damaged: cache.json: is not there, so the cache is not complete; run undertone-cache again with its "
                    + "arguments, without --only-shard: it takes the shards as they are and writes the rest"
            ]
        ) { try $0.remove("cache.json") },
        DamageCase("cache.json is no JSON", ["damaged: cache.json: damaged or cut short (not JSON)"]) {
            try $0.write("cache.json", try $0.bytes("cache.json").prefix(500))
        },
        DamageCase("the key is not the components'", ["damaged: cache.json: key 'cache_key': is not the hash"]) {
            try $0.edit("cache.json", #""cuts" : "2,3""#, #""cuts" : "2,4""#)
        },
        DamageCase("another schema", ["damaged: cache.json: schema 99, but this version"]) {
            try $0.edit("cache.json", #""schema" : 2"#, #""schema" : 99"#)
        },
        DamageCase(
            "the frozen weights are not the key's",
            ["damaged: cache.json: frozen_weights is beef, but f00d in the components of its key"]
        ) { try $0.edit("cache.json", #""frozen_weights_sha256" : "f00d""#, #""frozen_weights_sha256" : "beef""#) },
        DamageCase("the totals are wrong", ["damaged: cache.json: states 15 utterances in all; there are 14"]) {
            var description = try CacheDescription.read(directory: $0.path)
            description.totals.utterances += 1
            try description.write(directory: $0.path)
        },
        DamageCase("a shard's count is wrong", ["damaged: cache.json: states 1 frames of shard-00001.h5; there are"]) {
            var description = try CacheDescription.read(directory: $0.path)
            description.totals.frames += 1 - description.shards[1].frames
            description.shards[1].frames = 1
            try description.write(directory: $0.path)
        },
        DamageCase("the seconds are wrong", ["damaged: cache.json: states 1.0 seconds of audio; there are 1.63"]) {
            var description = try CacheDescription.read(directory: $0.path)
            description.totals.seconds = 1
            try description.write(directory: $0.path)
        },
        DamageCase(
            "no shard is listed",
            [
                "damaged: cache.json: lists no shard",
                "damaged: cache.json: states 14 utterances in all; there are 0",
                "damaged: shard-00000.h5: is not there",
            ]
        ) {
            var description = try CacheDescription.read(directory: $0.path)
            description.shards = []
            description.totals.frames = 0
            description.totals.bytes = 0
            try description.write(directory: $0.path)
            for shard in 0..<3 { try $0.remove(ShardLayout.fileName(shard: shard)) }
            try $0.remove("corpus.csv")
        },
    ]

    static let shards = [
        DamageCase("a shard is missing", ["damaged: shard-00001.h5: is not there"]) { try $0.remove("shard-00001.h5") },
        DamageCase("a shard is cut short", ["damaged: shard-00002.h5: cannot be opened (truncated file"]) {
            try $0.write("shard-00002.h5", try $0.bytes("shard-00002.h5").prefix(5000))
        },
        DamageCase("a shard is no HDF5 file", ["damaged: shard-00000.h5: is not an HDF5 file"]) {
            try $0.write("shard-00000.h5", "nothing")
        },
        DamageCase("an index is changed", ["damaged: shard-00000.h5: cannot be opened (the index does not match"]) {
            let name = "shard-00000.h5"
            let ids = try ShardReader(path: $0.file(name)).entries.map { Data($0.id.utf8) }
            let longest = ids.map(\.count).max()!
            // The column of ids: each padded with zeros to the longest.
            let column = ids.reduce(Data()) { $0 + $1 + Data(repeating: 0, count: longest - $1.count) }
            try $0.flip(name, at: try $0.bytes(name).range(of: column)!.lowerBound)
        },
        DamageCase(
            "two shards have changed places",
            [
                "damaged: shard-00000.h5: is shard 1 of 3, expected shard 0 of 3",
                "damaged: shard-00001.h5: is shard 0 of 3, expected shard 1 of 3",
            ]
        ) {
            try $0.move("shard-00000.h5", to: "x")
            try $0.move("shard-00001.h5", to: "shard-00000.h5")
            try $0.move("x", to: "shard-00001.h5")
        },
        DamageCase(
            "a shard of another cache",
            [
                "damaged: shard-00002.h5: made with other settings than the cache (compute not recorded there, float32 wanted; cuts 9"
            ]
        ) {
            var other = $0.layout
            other.key = CacheKey(components: ["cuts": "9"])
            try $0.writeShard(2, [], layout: other)
        },
        DamageCase("rows of one cut", ["damaged: shard-00001.h5: cut 3 of utterance 'u7' does not match its checksum"])
        {
            let place = try $0.place(of: "u7", cut: "3")
            try $0.flip(place.file, at: place.position)
        },
        DamageCase(
            "rows of both cuts",
            ["damaged: shard-00001.h5: cuts 2, 3 of utterance 'u7' do not match their checksums"]
        ) {
            for cut in ["2", "3"] {
                let place = try $0.place(of: "u7", cut: cut)
                try $0.flip(place.file, at: place.position)
            }
        },
    ]

    static let leftovers = [
        DamageCase(
            "leftovers do no harm",
            [
                "note: corpus.csv.partial-host-1-1: of a process",
                "note: shard-00001.h5.segment-000002: of a run",
                "note: shard-00002.h5.damaged: set aside",
                "note: shard-00007.h5: does not belong to the cache, which has 3 shards; it cannot be opened",
            ]
        ) {
            for name in [
                "corpus.csv.partial-host-1-1", "shard-00001.h5.segment-000002", "shard-00002.h5.damaged",
                "shard-00007.h5", "notes.txt",
            ] { try $0.write(name, "x") }
        }
    ]

    static let companions = [
        DamageCase("no upper weights", ["damaged: upper.safetensors: is not there"]) {
            try $0.remove("upper.safetensors")
        },
        DamageCase("a byte of the weights", ["damaged: upper.safetensors: its SHA-256 is not the one that"]) {
            try $0.flip("upper.safetensors", at: $0.bytes("upper.safetensors").count - 2000)
        },
        DamageCase("weights cut short", ["damaged: upper.safetensors: tensor"]) {
            try $0.write("upper.safetensors", try $0.bytes("upper.safetensors").dropLast(4))
        },
        DamageCase(
            "weights that are not numbers, of a cache without their checksum",
            [
                "damaged: upper.safetensors: tensor encoder.layers.3.layer_norm.bias has values that are infinite",
                "note: upper.safetensors: cache.json records no checksum of it",
            ]
        ) { cache in
            try cache.writeUpperWeights { tensors in
                let index = tensors.firstIndex { $0.name == "encoder.layers.3.layer_norm.bias" }!
                tensors[index].floats[5] = .nan
            }
            try forgetChecksum(cache)
        },
        DamageCase(
            "a tensor of another shape, and one too few",
            [
                "damaged: upper.safetensors: no tensor encoder.layers.2.attention.q_proj.weight",
                "damaged: upper.safetensors: tensor encoder.layers.2.attention.q_proj.bias: shape [24, 2], expected [48]",
                "note: upper.safetensors: cache.json records no checksum of it",
            ]
        ) { cache in
            try cache.writeUpperWeights { tensors in
                tensors.removeAll { $0.name == "encoder.layers.2.attention.q_proj.weight" }
                let index = tensors.firstIndex { $0.name == "encoder.layers.2.attention.q_proj.bias" }!
                tensors[index].shape = [24, 2]
            }
            try forgetChecksum(cache)
        },
        DamageCase("no corpus", ["damaged: corpus.csv: is not there"]) { try $0.remove("corpus.csv") },
        DamageCase("a broken corpus", ["damaged: corpus.csv: line 4: 3 cells; expected 4"]) {
            try $0.edit("corpus.csv", "u2,u2.wav,train,s", "u2,u2.wav,train")
        },
        DamageCase(
            "an utterance that nobody has",
            ["damaged: corpus.csv: line 17: utterance 'lost' is neither cached nor rejected"]
        ) {
            let corpus = String(decoding: try $0.bytes("corpus.csv"), as: UTF8.self)
            try $0.write("corpus.csv", corpus + "lost,lost.wav,train,s\n")
        },
        DamageCase("an utterance that the corpus no longer has", ["note: corpus.csv: 1 cached utterance is not in it"])
        {
            try $0.edit("corpus.csv", "u2,u2.wav,train,s\n", "")
        },
        DamageCase("no rejects", ["damaged: rejects.csv: is not there"]) { try $0.remove("rejects.csv") },
        DamageCase("rejects without their header", ["damaged: rejects.csv: does not begin with id,path,reason"]) {
            try $0.write("rejects.csv", "")
        },
    ]

    private static func forgetChecksum(_ cache: SampleCache) throws {
        var description = try CacheDescription.read(directory: cache.path)
        description.upperSHA256 = nil
        try description.write(directory: cache.path)
    }
}

@Test(arguments: DamageCase.description + DamageCase.shards + DamageCase.leftovers + DamageCase.companions)
func damageIsNamed(_ example: DamageCase) throws {
    let cache = try SampleCache.copy()
    try example.damage(cache)
    let verification = try verify(cache)
    let lines = verification.findings.map(\.line)
    for line in example.lines {
        #expect(lines.contains { $0.hasPrefix(line) }, "\(line) is not in \(lines)")
    }
    #expect(verification.isSound == example.lines.allSatisfy { $0.hasPrefix("note: ") }, "\(lines)")
    // What follows from a file that cannot be read is no finding of its own.
    let named = Set(lines.map { $0.split(separator: ": ")[1] })
    let expected = Set(example.lines.map { $0.split(separator: ": ")[1] })
    #expect(named.isSubset(of: expected.union(["corpus.csv", "cache.json"])), "\(lines)")
}

@Test func oneDamagedShardKeepsNoOtherFromBeingRead() throws {
    let cache = try SampleCache.copy()
    try cache.write("shard-00000.h5", "nothing")
    let place = try cache.place(of: "u7", cut: "2")
    try #require(place.file == "shard-00001.h5")
    try cache.flip(place.file, at: place.position)
    try cache.remove("shard-00002.h5")
    try cache.remove("upper.safetensors")
    let damage = try verify(cache).damage
    #expect(damage.map(\.file) == ["shard-00000.h5", "shard-00001.h5", "shard-00002.h5", "upper.safetensors"])
    #expect(damage.map(\.kind) == [.unreadable, .rows, .missing, .missing])
    #expect(damage[1].utterance == "u7" && damage[1].cuts == ["2"])
}

@Test func utteranceInAnothersShardIsNamed() throws {
    let cache = try SampleCache.copy()
    let stray = try #require(
        cache.members.enumerated().first { ShardLayout.shardIndex(id: $0.element.id, shardCount: 3) == 0 })
    let own = cache.members.enumerated().filter { ShardLayout.shardIndex(id: $0.element.id, shardCount: 3) == 2 }
    try cache.writeShard(2, (own + [stray]).map { (number: $0.offset, member: $0.element) })
    let misplaced = try verify(cache).findings.filter { $0.kind == .misplaced }
    #expect(
        misplaced.map(\.line) == [
            "damaged: shard-00002.h5: utterance '\(stray.element.id)' belongs in shard-00000.h5, and is there as well"
        ])
}

/// Whatever byte of a shard changes: either it is found, or no stored row is other than it was.
@Test func flippedByteIsFoundOrHarmless() throws {
    let cache = try SampleCache(SampleCache.members(5), shards: 1)
    let name = "shard-00000.h5"
    let whole = try cache.bytes(name)
    func rows() throws -> [[Float]] {
        let reader = try ShardReader(path: cache.file(name))
        return try reader.entries.indices.flatMap { row in
            try ["2", "3"].map { try reader.readFloats(cut: $0, utterance: row) }
        }
    }
    let reference = try rows()
    var found = 0
    for step in 0..<120 {
        // Half of them in the first kilobytes, where HDF5 keeps its own structures.
        let position = step % 2 == 0 ? step * 13 : (step * 7_368_787) % whole.count
        try cache.flip(name, at: position)
        let verification = try verify(cache)
        if verification.isSound {
            #expect(try rows() == reference, "byte \(position)")
        } else {
            found += 1
        }
        try cache.write(name, whole)
    }
    #expect(found > 20, "the test flips bytes that matter")
}

@Test func progressCountsEveryUtteranceAndByte() throws {
    let cache = try SampleCache.copy()
    let verifier = try CacheVerifier(directory: cache.path)
    let counter = Counter()
    _ = try verifier.verify(onProgress: { counter.add($0, $1) })
    #expect(counter.sums.0 == verifier.utteranceCount && counter.sums.1 == verifier.byteCount)
    #expect(verifier.utteranceCount == 14)
}

@Test func stoppingIsSaid() throws {
    let cache = try SampleCache.copy()
    let verifier = try CacheVerifier(directory: cache.path)
    #expect(throws: InspectionError.interrupted) { try verifier.verify(shouldStop: { true }) }
}

@Test func folderWithoutACacheIsMissingInput() throws {
    let cache = try SampleCache.copy()
    for directory in [cache.file("none"), cache.file("empty")] {
        if directory.hasSuffix("empty") {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        let error = #expect(throws: InspectionError.self) { try CacheVerifier(directory: directory) }
        #expect(error?.kind == .missingInput)
    }
}
