import Foundation
import LoopbackHub
import Testing

extension Scratch {
    /// Every file and folder but those of before, by its path.
    func made(since before: Set<String> = []) throws -> [String] {
        Set(try FileManager.default.subpathsOfDirectory(atPath: path)).subtracting(before).sorted()
    }

    /// That what was made has these permissions, and links aside, no others.
    func expectModes(file: Int, directory: Int, of names: [String]) throws {
        for name in names {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            let type = attributes[.type] as? FileAttributeType
            if type == .typeSymbolicLink { continue }
            #expect(attributes[.posixPermissions] as? Int == (type == .typeDirectory ? directory : file), "\(name)")
        }
    }
}

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
    let before = Set(try folder.made())
    for (program, arguments) in [
        (.cache, cacheArguments(out: "deep/cache", "--cut", "cnn", "--shards", "2")),
        (.train, trainArguments(cache: "deep/cache", out: "runs/a")),
        (.undertone, ["report", "runs/a", "-o", "pages/report.html"]),
        (.undertone, ["plan", "pipeline.yaml", "--build", "build", "-o", "build/rules.mk"]),
    ] as [(Program, [String])] {
        let outcome = try program.run(arguments, after: "umask \(umask)", in: folder)
        #expect(outcome.code == 0, "\(arguments): \(outcome.said)")
    }
    let made = try folder.made(since: before)
    #expect(made.count > 20)
    try folder.expectModes(file: file, directory: directory, of: made)
}

/// What comes before and after the two stages.
@Test func manifestsModelsPredictionsAndExportsHonourTheUmask() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.copyModel()
    try folder.write(
        "joint.yaml",
        """
        name: joint
        model: \(tinyModel)
        labels: [activation]
        corpora: {one: {manifest: manifest.csv}, two: {manifest: other.csv}}

        """)
    let labels = (0..<4).map { "o\($0),u\($0).wav,\(["train", "development", "test", "train"][$0]),t\($0),3\n" }
    try folder.write("other.csv", "id,path,split,speaker,activation\n" + labels.joined())
    let hub = try FakeHub(
        ["config.json", "preprocessor_config.json", "model.safetensors"].map {
            try .init(name: $0, content: folder.bytes("model/\($0)"), isLarge: !$0.hasSuffix("json"))
        })
    let train = ["--set", "head.form=hf", "--set", "tuning=lora"]
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    #expect(try Program.train.run(trainArguments() + train, in: folder).code == 0)

    let before = Set(try folder.made())
    let predict = ["predict", "--run", "run"], windows = predict + ["--window", "0.2"]
    var commands: [[String]] = [
        ["corpus", "csv", "manifest.csv", "-o", "made.csv", "--progress", "none"],
        ["join", "joint.yaml", "-o", "made/joint/manifest.csv"],
        ["model", "fetch", "org/model", "--to", "models/tiny", "--progress", "none"],
    ]
    commands.append(predict + ["manifest.csv", "-o", "rows.csv"])
    commands.append(windows + ["--plot", "curves.svg", "-o", "windows.csv", "u3.wav"])
    commands.append(windows + ["--plot", "curves.html", "-o", "windows.jsonl", "--format", "jsonl", "u3.wav"])
    for format in ["hf", "peft", "onnx", "safetensors", "bundle"] {
        commands.append(["export", "--run", "run", "--format", format, "-o", "exports/\(format)"])
    }
    for arguments in commands {
        let outcome = try Program.undertone.run(
            arguments, after: "umask 077; export HF_ENDPOINT=\(hub.server.address) no_proxy='*'", in: folder)
        #expect(outcome.code == 0, "\(arguments): \(outcome.said)")
    }
    let made = try folder.made(since: before)
    for name in [
        "made.csv", "made/joint/manifest.csv", "rows.csv", "curves.svg", "curves.html", "windows.jsonl",
        "models/tiny/model.safetensors", "models/tiny/source.json", "exports/hf/model.safetensors",
        "exports/hf/README.md",
        "exports/peft/adapter_model.safetensors", "exports/onnx/model.onnx", "exports/bundle/bundle.safetensors",
    ] { #expect(made.contains(name), "\(name)") }
    try folder.expectModes(file: 0o600, directory: 0o700, of: made)
}

/// Its log, the runs' view, its report, what make makes of its rules; and Slurm's scripts, from stand-ins for its commands.
@Test func aSweepHonoursTheUmask() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let manifest = """
        corpus: manifest.csv
        model: \(tinyModel)
        labels: [activation]
        cache: {cuts: [2], shards: 2}
        train: {layers: 2, epochs: 1, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
        sweep: {space: {optimiser.schedule: [linear, constant]}}

        """
    try folder.write("x.yaml", "name: x\n" + manifest)
    try folder.write("y.yaml", "name: y\nlauncher: slurm\n" + manifest)
    try FileManager.default.createDirectory(atPath: "\(folder.path)/bin", withIntermediateDirectories: true)
    for (name, body) in [
        ("sbatch", "echo >>sbatch.log; echo $(($(wc -l <sbatch.log) + 10))"), ("squeue", "exit 0"),
        ("scancel", "exit 0"),
    ] {
        try folder.write("bin/\(name)", "#!/bin/sh\n\(body)\n")
        #expect(chmod("\(folder.path)/bin/\(name)", 0o755) == 0)
    }
    let before = Set(try folder.made())
    for arguments in [
        ["sweep", "x.yaml", "-j", "2", "--progress", "none"], ["runs", "build/x"], ["submit", "y.yaml"],
    ] {
        let outcome = try Program.undertone.run(
            arguments, after: "umask 077; export PATH=\"$PWD/bin:$PATH\"", in: folder)
        #expect(outcome.code == 0, "\(arguments): \(outcome.said)")
    }
    let made = try folder.made(since: before)
    for name in [
        "x/runs.sqlite", "x/sweep.log", "x/report.html", "x/rules.mk", "x/sweep/ranking", "y/slurm/shards.sh",
        "y/slurm/log",
    ] { #expect(made.contains("build/\(name)"), "\(name)") }
    try folder.expectModes(file: 0o600, directory: 0o700, of: made)
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

/// That no file of these folders, at any depth, has a name of the corpus or of the model's folder, or the place of both.
private func expectNoTelling(in folders: [String], of scratch: Scratch) throws {
    for folder in folders {
        let names = try FileManager.default.subpathsOfDirectory(atPath: "\(scratch.path)/\(folder)")
        #expect(!names.isEmpty)
        for name in names.map({ "\(folder)/\($0)" }) {
            // A folder has no bytes.
            guard let bytes = FileManager.default.contents(atPath: "\(scratch.path)/\(name)") else { continue }
            for text in ["jane", "clinic", scratch.path] {
                #expect(bytes.range(of: Data(text.utf8)) == nil, "\(text) in \(name)")
            }
        }
    }
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
    try expectNoTelling(in: ["cache"], of: folder)
    let corpus = try folder.read("cache/corpus.csv").split(separator: "\n")
    #expect(corpus[1] == "r0,withheld-1,train,s0,1" && corpus.count == 10)
    #expect(try folder.read("cache/rejects.csv").contains("\nr8,withheld-9,utterance 'r8': no such file; "))
    #expect(try folder.read("cache/cache.json").contains(#""model_source" : "tiny""#))

    // What computes, resumes, trains and looks needs no paths.
    #expect(try Program.cache.run(arguments("--no-paths"), in: folder).output.contains("0 computed, 7 reused"))
    #expect(try Program.train.run(trainArguments(), in: folder).code == 0)
    // Nor has what is made from the cache; an export is told where the checkpoint lies.
    #expect(try Program.undertone.run(["report", "run", "-o", "page/report.html"], in: folder).code == 0)
    for format in ["onnx", "safetensors", "bundle"] {
        let outcome = try Program.undertone.run(
            [
                "export", "--run", "run", "--model", "jane-doe-models/tiny", "--format", format, "-o",
                "exports/\(format)",
            ],
            in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
    }
    try expectNoTelling(in: ["cache", "run", "page", "exports"], of: folder)
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

/// A run without a cache keeps what a cache keeps, and the error that it ended in.
@Test func withheldPathsAreNotInARunFromRecordings() throws {
    let folder = try tellingCorpus()
    try folder.copyModel(to: "jane-doe-models/tiny")
    func train(_ epochs: Int, out: String) -> [String] {
        [
            "--audio", "--no-paths", "--max-rejects", "2", "--corpus", "manifest.csv", "--model",
            "jane-doe-models/tiny", "--out", out, "--set", "labels=[activation]", "--set", "layers=2", "--set",
            "epochs=\(epochs)", "--threads", "2", "--progress", "plain",
        ]
    }
    let outcome = try Program.train.run(train(2, out: "run"), in: folder)
    #expect(outcome.code == 0 && !outcome.said.contains("jane-doe"), "\(outcome.said)")
    #expect(outcome.lines("rejected: utterance 'r8': no such file").count == 1, "\(outcome.said)")
    #expect(outcome.lines("warning: utterance 'r6': silent").count == 1, "\(outcome.said)")
    try expectNoTelling(in: ["run"], of: folder)
    #expect(try folder.read("run/model.json").contains(#""source" : "tiny""#))
    let exported = try Program.undertone.run(
        ["export", "--run", "run", "--model", "jane-doe-models/tiny", "--format", "bundle", "-o", "bundle"], in: folder)
    #expect(exported.code == 0, "\(exported.said)")
    try expectNoTelling(in: ["bundle"], of: folder)

    // A recording that changes while a run hears it again and again.
    let running = try Program.train.start(train(100_000, out: "failed"), in: folder)
    running.waitUntilSaid("epoch 1/")
    try folder.write("other.wav", Wave(frames: 4000, pitchHz: 300).bytes)
    #expect(rename("\(folder.path)/other.wav", "\(folder.path)/clinic/jane-doe-0.wav") == 0)
    let failed = try running.wait()
    let said = "utterance 'r0': does not sound as it did when the run began"
    #expect(failed.code == 65 && failed.errors.count == 1, "\(failed.said)")
    #expect(failed.lines("error: \(said)").count == 1)
    #expect(try folder.read("failed/attempt.json").contains(said))
    try expectNoTelling(in: ["failed"], of: folder)
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
