import FeatureStore
import Foundation
import Testing

/// Nine recordings in three shards, one recording that is too short and one that is not there.
private func cached() throws -> Scratch {
    let folder = try Scratch()
    var rows = try folder.writeCorpus(9)
    try folder.write("short.wav", Wave(frames: 50, pitchHz: 100).bytes)
    rows += ["short,short.wav,train,s0,1", "gone,gone.wav,train,s0,1"]
    try folder.writeManifest(rows)
    let outcome = try Program.cache.run(
        cacheArguments(cut: "1", "--cut", "3", "--shards", "3", "--max-rejects", "2"), in: folder)
    try #require(outcome.code == 0, "\(outcome.said)")
    return folder
}

private func contents(_ cache: String, in folder: Scratch) throws -> [String: Data] {
    Dictionary(uniqueKeysWithValues: try folder.names(in: cache).map { ($0, try folder.bytes("\(cache)/\($0)")) })
}

private func verify(_ arguments: String..., in folder: Scratch) throws -> Outcome {
    try Program.undertone.run(["verify", "cache", "--progress", "none"] + arguments, in: folder)
}

private func flipRow(of id: String, cut: String, in folder: Scratch) throws {
    try folder.flipRow(of: id, cut: cut, shards: 3)
}

@Test func soundCacheIsSaidToBeSound() throws {
    let folder = try cached()
    let outcome = try verify(in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty)
    #expect(outcome.output.hasPrefix("cache: sound; 3 shards, 9 utterances, 0.0 MB read in "), "\(outcome.output)")
    // Nothing to repair, so nothing that a repair needs.
    #expect(try verify("--repair", in: folder).code == 0)
    #expect(try verify("--repair", "--model", "nowhere", in: folder).code == 0)
}

/// Ways to lose a part of a cache, each of which a repair undoes to the last bit.
private let damages: [(name: String, lines: Int, damage: @Sendable (Scratch) throws -> Void)] = [
    (
        "rows", 2,
        {
            try flipRow(of: "u3", cut: "1", in: $0); try flipRow(of: "u5", cut: "3", in: $0)
        }
    ),
    (
        "a shard cut short", 1,
        { try $0.write("cache/shard-00001.h5", $0.bytes("cache/shard-00001.h5").prefix(3000)) }
    ),
    ("a shard gone", 1, { try $0.remove("cache/shard-00002.h5") }),
    (
        "a shard of another cache", 1,
        { folder in
            let other = try Program.cache.run(
                cacheArguments(cut: "2", out: "other", "--shards", "3", "--max-rejects", "2"), in: folder)
            try #require(other.code == 0)
            try folder.write("cache/shard-00000.h5", folder.bytes("other/shard-00000.h5"))
        }
    ),
    (
        "the weights above the cut", 1,
        { folder in
            var data = try folder.bytes("cache/upper.safetensors")
            data[data.count - 3000] ^= 1
            try folder.write("cache/upper.safetensors", data)
        }
    ),
    ("the corpus", 1, { try $0.write("cache/corpus.csv", "id,path,split,speaker\nu1,u1.wav,train\n") }),
    ("the rejects", 1, { try $0.remove("cache/rejects.csv") }),
    (
        "the totals", 2,
        { folder in
            var description = try CacheDescription.read(directory: folder.path + "/cache")
            description.totals.frames += 1
            description.shards[1].bytes += 1
            description.totals.bytes += 1
            try description.write(directory: folder.path + "/cache")
        }
    ),
    (
        "all of it", 6,
        { folder in
            try flipRow(of: "u3", cut: "1", in: folder)
            try folder.remove("cache/upper.safetensors")
            try folder.remove("cache/rejects.csv")
            try folder.remove("cache/corpus.csv")
            let names = (0..<3).map { ShardLayout.fileName(shard: $0) }
            let others = names.filter {
                $0 != ShardLayout.fileName(shard: ShardLayout.shardIndex(id: "u3", shardCount: 3))
            }
            try folder.remove("cache/\(others[0])")
            try folder.write("cache/\(others[1])", "nothing")
        }
    ),
]

@Test(arguments: damages.indices)
func repairGivesBackEveryBit(_ index: Int) throws {
    let (name, lines, damage) = damages[index]
    let folder = try cached()
    let whole = try contents("cache", in: folder)
    let rows = try storedRows("cache", in: folder)
    try damage(folder)

    let found = try verify(in: folder)
    #expect(found.code == 65 && found.errors.count == 1)
    #expect(found.output.split(separator: "\n").filter { $0.hasPrefix("damaged: ") }.count == lines, "\(found.output)")
    let report = try #require(
        try JSONSerialization.jsonObject(with: Data(try verify("--json", in: folder).output.utf8)) as? [String: Any])
    let verification = try #require(report["verification"] as? [String: Any])
    #expect(verification["sound"] as? Bool == false)

    let repaired = try verify("--repair", "--corpus", "manifest.csv", in: folder)
    #expect(repaired.code == 0 && repaired.errors.isEmpty, "\(name): \(repaired.said)")
    #expect(try storedRows("cache", in: folder) == rows, "\(name)")
    var after = try contents("cache", in: folder)
    for (file, bytes) in after where file.hasSuffix(".damaged") {
        #expect(repaired.output.contains("now \(file)\n") && !bytes.isEmpty)
        after[file] = nil
    }
    #expect(Set(after.keys) == Set(whole.keys), "\(name)")
    for (file, bytes) in whole { #expect(after[file] == bytes, "\(name): \(file)") }
    #expect(try verify(in: folder).code == 0)
}

@Test func repairComputesNothingButWhatIsDamaged() throws {
    let folder = try cached()
    // Touched since: an ordinary run would decode all of them again, and write every shard anew.
    for index in 0..<9 {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: "\(folder.path)/u\(index).wav")
    }
    try flipRow(of: "u3", cut: "1", in: folder)
    let home = ShardLayout.fileName(shard: ShardLayout.shardIndex(id: "u3", shardCount: 3))
    let before = try contents("cache", in: folder)
    let outcome = try verify("--repair", "--corpus", "manifest.csv", "--json", in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let repair = try #require(report["repair"] as? [String: Any])
    #expect(repair["computed"] as? Int == 1 && repair["taken_out"] as? Int == 1)
    #expect((report["after"] as? [String: Any])?["sound"] as? Bool == true)
    for (file, bytes) in try contents("cache", in: folder) where file != home {
        #expect(bytes == before[file], "\(file)")
    }
}

@Test func weightsAreRepairedWithoutAnyRecording() throws {
    let folder = try cached()
    let whole = try contents("cache", in: folder)
    for name in folder.names(in: ".") where name.hasSuffix(".wav") { try folder.remove(name) }
    try folder.remove("manifest.csv")
    try folder.write("cache/upper.safetensors", "nothing")
    #expect(try verify("--repair", in: folder).code == 0)
    #expect(try contents("cache", in: folder) == whole)
}

@Test func cacheWithoutItsDescriptionIsMadeWholeByStageOne() throws {
    let folder = try cached()
    let whole = try contents("cache", in: folder)
    try folder.remove("cache/cache.json")
    for arguments in [[], ["--repair", "--corpus", "manifest.csv"]] {
        let outcome = try Program.undertone.run(["verify", "cache", "--progress", "none"] + arguments, in: folder)
        #expect(outcome.code == 65)
        #expect(outcome.output.contains("run undertone-cache again with its arguments"))
    }
    let again = try Program.cache.run(
        cacheArguments(cut: "1", "--cut", "3", "--max-rejects", "2"), in: folder)
    #expect(again.code == 0 && again.output.contains("0 computed, 9 reused"), "\(again.said)")
    #expect(try verify(in: folder).code == 0)
    #expect(try contents("cache", in: folder) == whole)
}

@Test func repairThatCannotBeDoneChangesNothing() throws {
    let folder = try cached()
    try flipRow(of: "u3", cut: "1", in: folder)
    try folder.write("cache/shard-00000.h5", "nothing")
    let before = try contents("cache", in: folder)
    try FileManager.default.createDirectory(atPath: folder.path + "/elsewhere", withIntermediateDirectories: true)
    try folder.write("elsewhere/manifest.csv", folder.bytes("manifest.csv"))
    for (arguments, code, error) in [
        ([], 64, "error: --corpus is needed: "),
        (["--corpus", "none.csv"], 66, "error: none.csv: no such file"),
        (["--corpus", "elsewhere/manifest.csv"], 66, "error: \(folder.path)/elsewhere/u"),
        (["--corpus", "manifest.csv", "--model", "none"], 66, "error: none: no such folder"),
        (
            ["--corpus", "manifest.csv", "--model", "random:wav2vec2-tiny?seed=1"], 65,
            "error: random:wav2vec2-tiny?seed=1: gives other features than those in cache (frozen weights differ); "
                + "expected the model that the cache was made with, name it with --model"
        ),
    ] as [([String], Int32, String)] {
        let outcome = try Program.undertone.run(
            ["verify", "cache", "--repair", "--progress", "none"] + arguments, in: folder)
        #expect(outcome.code == code, "\(arguments): \(outcome.said)")
        #expect(outcome.errors.count == 1 && outcome.said.hasPrefix(error), "\(outcome.said)")
        #expect(try contents("cache", in: folder) == before)
    }
}

@Test func recordingThatHasChangedIsSaid() throws {
    let folder = try cached()
    try flipRow(of: "u3", cut: "1", in: folder)
    try flipRow(of: "u5", cut: "1", in: folder)
    try folder.write("u3.wav", Wave(frames: 7000, pitchHz: 333).bytes)
    try folder.write("u5.wav", Wave(frames: 40, pitchHz: 333).bytes)
    let outcome = try verify("--repair", "--corpus", "manifest.csv", in: folder)
    #expect(outcome.code == 65)
    #expect(outcome.output.contains("changed: the recording of utterance 'u3' is not what it was"))
    #expect(outcome.output.contains("cache: sound; 3 shards, 8 utterances"), "\(outcome.output)")
    #expect(outcome.errors.last?.hasPrefix("error: 1 damaged utterance could not be computed again") == true)
    let rejects = try folder.read("cache/rejects.csv").split(separator: "\n").map { $0.prefix { $0 != "," } }
    #expect(rejects == ["id", "u5", "short", "gone"])
}

/// Some file systems have no locks, and a child process may hold a lock that its parent has given up.
@Test func locksOfOthersDoNotMatter() throws {
    let folder = try cached()
    try folder.remove("cache/shard-00002.h5")
    let descriptor = open("\(folder.path)/cache/shard-00001.h5", O_RDWR)
    defer { close(descriptor) }
    try #require(flock(descriptor, LOCK_EX) == 0)
    let outcome = try verify("--repair", "--corpus", "manifest.csv", in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(try verify(in: folder).code == 0)
}
