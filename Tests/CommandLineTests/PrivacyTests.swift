import Foundation
import Testing

/// What the project creates is as closed as the user's umask asks.
@Test(arguments: [("077", 0o600, 0o700), ("027", 0o640, 0o750)])
func everyFileHonoursTheUmask(umask: String, file: Int, directory: Int) throws {
    let folder = try Scratch()
    try folder.writeCorpus(6)
    try folder.write(
        "pipeline.yaml",
        """
        name: small
        corpus: manifest.csv
        model: \(tinyModel)
        labels: [{name: activation, scale: [1, 5]}]
        cache: {cuts: [1]}

        """)
    let before = Set(try FileManager.default.subpathsOfDirectory(atPath: folder.path))
    for (program, arguments) in [
        (.cache, cacheArguments(out: "deep/cache", "--cut", "cnn", "--shards", "2")),
        (.train, trainArguments(cache: "deep/cache", out: "runs/a")),
        (.undertone, ["report", "runs/a", "-o", "pages/report.html"]),
        (.undertone, ["plan", "pipeline.yaml", "--build", "build", "-o", "build/rules.mk"]),
    ] as [(Program, [String])] {
        let outcome = try program.run(arguments, after: "umask \(umask)", in: folder)
        #expect(outcome.code == 0, "\(arguments): \(outcome.said)")
    }
    let made = Set(try FileManager.default.subpathsOfDirectory(atPath: folder.path)).subtracting(before)
    #expect(made.count > 20)
    for name in made.sorted() {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
        let expected = attributes[.type] as? FileAttributeType == .typeDirectory ? directory : file
        #expect(attributes[.posixPermissions] as? Int == expected, "\(name)")
    }
}

/// A cache that was closed after it was made stays closed when it grows.
@Test func filesClosedToOthersStayClosed() throws {
    let folder = try Scratch()
    let rows = try folder.writeCorpus(4)
    try folder.writeManifest(Array(rows.prefix(3)))
    #expect(try Program.cache.run(cacheArguments(), after: "umask 022", in: folder).code == 0)
    for name in folder.names(in: "cache") { #expect(chmod("\(folder.path)/cache/\(name)", 0o600) == 0) }
    try folder.writeManifest(rows)
    let outcome = try Program.cache.run(cacheArguments(), after: "umask 022", in: folder)
    #expect(outcome.code == 0 && outcome.output.contains("1 computed, 3 reused"))
    for name in folder.names(in: "cache") {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/cache/\(name)")
        #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
    }
}

/// A corpus whose file names tell what nobody is to know, with one file missing, one of no use and one silent.
private func tellingCorpus() throws -> Scratch {
    let folder = try Scratch()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/clinic", withIntermediateDirectories: true)
    let splits = ["train", "development", "test"]
    var rows = try (0..<6).map { index in
        try folder.write("clinic/jane-doe-\(index).wav", Wave(frames: 4000 + 530 * index, pitchHz: 90).bytes)
        return "r\(index),clinic/jane-doe-\(index).wav,\(splits[index % 3]),s\(index % 2),\(1 + index % 5)"
    }
    try folder.write("clinic/jane-doe-silent.wav", Wave(samples: [Float](repeating: 0, count: 4000)).bytes)
    try folder.write("clinic/jane-doe-text.wav", "no sound")
    rows += [
        "r6,clinic/jane-doe-silent.wav,train,s0,2", "r7,clinic/jane-doe-text.wav,train,s0,2",
        "r8,clinic/jane-doe-gone.wav,train,s0,2",
    ]
    try folder.writeManifest(rows)
    return folder
}

private func arguments(_ more: String...) -> [String] {
    cacheArguments(model: "jane-doe-models/tiny", "--max-rejects", "2") + more
}

@Test func withheldPathsAreNowhere() throws {
    let folder = try tellingCorpus()
    try folder.copyModel(to: "jane-doe-models/tiny")
    let plan = try Program.cache.run(arguments("--no-paths", "--dry-run"), in: folder)
    let outcome = try Program.cache.run(arguments("--no-paths"), in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    for text in [plan.output, plan.said, outcome.output, outcome.said] {
        #expect(!text.contains("jane-doe"), "\(text)")
    }
    #expect(outcome.lines("rejected: utterance 'r7': cannot be read as audio").count == 1, "\(outcome.said)")
    #expect(outcome.lines("rejected: utterance 'r8': no such file").count == 1)
    #expect(outcome.lines("warning: utterance 'r6': silent").count == 1)
    for name in folder.names(in: "cache") {
        let bytes = try folder.bytes("cache/\(name)")
        #expect(bytes.range(of: Data("jane".utf8)) == nil && bytes.range(of: Data("clinic".utf8)) == nil, "\(name)")
        #expect(bytes.range(of: Data(folder.path.utf8)) == nil, "\(name)")
    }
    let corpus = try folder.read("cache/corpus.csv").split(separator: "\n")
    #expect(corpus[1] == "r0,withheld-1,train,s0,1" && corpus.count == 10)
    #expect(try folder.read("cache/rejects.csv").contains("\nr8,withheld-9,utterance 'r8': no such file; "))
    #expect(try folder.read("cache/cache.json").contains(#""model_source" : "tiny""#))

    // What computes, resumes, trains and looks needs no paths.
    #expect(try Program.cache.run(arguments("--no-paths"), in: folder).output.contains("0 computed, 7 reused"))
    #expect(try Program.train.run(trainArguments(), in: folder).code == 0)
    let inspected = try Program.undertone.run(["inspect", "cache"], in: folder)
    #expect(inspected.code == 0 && inspected.output.contains("no such file"))
    #expect(try Program.undertone.run(["verify", "cache"], in: folder).code == 0)

    // The paths are part of no row and no key.
    #expect(
        try Program.cache.run(
            cacheArguments(model: "jane-doe-models/tiny", out: "open", "--max-rejects", "2"), in: folder
        ).code == 0)
    #expect(try folder.bytes("open/shard-00000.h5") == folder.bytes("cache/shard-00000.h5"))
    #expect(try folder.read("open/corpus.csv") == folder.read("manifest.csv"))
}

/// The manifest says where recordings are; what the cache says of them stays as it was.
@Test func repairingACacheWithoutPathsWantsTheManifestAndKeepsThemOut() throws {
    let folder = try tellingCorpus()
    try folder.copyModel(to: "jane-doe-models/tiny")
    #expect(try Program.cache.run(arguments("--no-paths"), in: folder).code == 0)
    let (corpus, shard) = (try folder.read("cache/corpus.csv"), try folder.bytes("cache/shard-00000.h5"))
    let description = try folder.read("cache/cache.json"), rejects = try folder.read("cache/rejects.csv")
    try folder.write("cache/shard-00000.h5", shard.prefix(shard.count / 2))

    let model = ["--model", "jane-doe-models/tiny"]
    let without = try Program.undertone.run(["verify", "cache", "--repair"] + model, in: folder)
    #expect(without.code == 64 && without.errors.count == 1 && without.said.contains("--corpus"), "\(without.said)")
    let repaired = try Program.undertone.run(
        ["verify", "cache", "--repair", "--corpus", "manifest.csv"] + model, in: folder)
    #expect(repaired.code == 0, "\(repaired.said)\(repaired.output)")
    #expect(try folder.bytes("cache/shard-00000.h5") == shard)
    #expect(try folder.read("cache/corpus.csv") == corpus && folder.read("cache/rejects.csv") == rejects)
    #expect(try folder.read("cache/cache.json") == description)
    #expect(!repaired.said.contains("clinic") && !repaired.output.contains("clinic"))
}
