import Faults
import Foundation
import Pipelines
import Runs
import Testing

@Suite struct PipelineTests {
    static let smallest = "name: x\ncorpus: m.csv\nmodel: random:tiny\nlabels: [activation]\n"

    @Test func everyKeyIsRead() throws {
        let pipeline = try Pipeline(
            yaml: """
                name: my-run_2
                corpus: data/m.csv
                model: models/wav2vec2
                labels: [{name: valence, scale: [1, 7]}, activation]
                cache: {cuts: [cnn, 9], shards: 7, store: float32, pool: 2, compute: bfloat16, max_rejects: 2.5%, no_paths: true}
                train: {layers: 2, seed: 3, epochs: 4, memory: 2GB, batch: {frames: 20000, bucketed: true}}
                launcher: local
                report: {title: A title}
                """, source: "x.yaml")
        #expect(pipeline.name == "my-run_2")
        #expect(pipeline.corpora == [PipelineCorpus(manifest: "data/m.csv")])
        #expect(pipeline.model == "models/wav2vec2")
        #expect(pipeline.cache.cuts == ["cnn", "9"])
        #expect(pipeline.cache.shards == 7)
        #expect(pipeline.cache.store == .float32)
        #expect(pipeline.cache.pool == 2)
        #expect(pipeline.cache.compute == .bfloat16)
        #expect(pipeline.cache.maxRejects == "2.5%" && pipeline.cache.noPaths)
        var train = TrainConfiguration(labels: [.init(name: "valence", scale: 1...7), .init(name: "activation")])
        train.layers = 2
        train.seed = 3
        train.epochs = 4
        train.memory = ByteCount("2GB")
        train.batch.size = .frames(20000)
        train.batch.isBucketed = true
        #expect(pipeline.train == train)
        #expect(pipeline.seeds == [3])
        #expect(pipeline.sweep == nil)
        #expect(pipeline.launcher == .local)
        #expect(pipeline.reportTitle == "A title")
    }

    @Test func corpusAndModelFromOutsideWin() throws {
        let pipeline = try Pipeline(yaml: Self.smallest, source: "x", corpus: "other.csv", model: "random:other")
        #expect(pipeline.corpora.map(\.manifest) == ["other.csv"])
        #expect(pipeline.model == "random:other")
        let bare = try Pipeline(yaml: "name: x\nlabels: [a]\n", source: "x", corpus: "m.csv", model: "random:m")
        #expect(bare.corpora.map(\.manifest) == ["m.csv"])
    }

    @Test(arguments: ["name", "corpus", "model", "labels"])
    func missingKeysAreNamed(key: String) {
        let yaml = Self.smallest.split(separator: "\n").filter { !$0.hasPrefix(key) }.joined(separator: "\n")
        let error = #expect(throws: ConfigurationError.self) { try Pipeline(yaml: yaml, source: "x.yaml") }
        #expect(error?.description.contains("no '\(key)'") == true)
    }

    @Test(arguments: ["demo", "corpus"])
    func theProjectsOwnPipelinesRead(name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = root.appendingPathComponent("pipelines/\(name).yaml").path
        let pipeline = try Pipeline(
            path: path, corpus: name == "corpus" ? "m.csv" : nil, model: "random:wav2vec2-base?seed=0")
        #expect(pipeline.name == name)
        #expect(pipeline.cache.cuts == ["9"] && !pipeline.cache.noPaths)
        #expect(pipeline.train.layers == 3)
    }
}

@Suite struct PlanTests {
    private func planned(_ pipeline: Pipeline, build: String = "build") throws -> Plan {
        try Plan(pipeline, source: .init(path: "x.yaml"), build: build)
    }

    private func pipeline(corpus: String = "m.csv", model: String = "random:tiny", cut: Int = 9, cache: String = "")
        throws -> Pipeline
    {
        try Pipeline(
            yaml: "name: x\nlabels: [a]\ncache: {cuts: [\(cut)]\(cache)}\n", source: "x", corpus: corpus, model: model)
    }

    @Test func theCacheFolderTellsSettingsApart() throws {
        let first = try planned(pipeline()).caches[0].folder
        #expect(first.wholeMatch(of: /build\/x\/cache-[0-9a-f]{8}/) != nil)
        #expect(try planned(pipeline()).caches[0].folder == first)
        let others = try [
            pipeline(cut: 6), pipeline(model: "random:other"), pipeline(corpus: "n.csv"), pipeline(cache: ", pool: 2"),
            pipeline(cache: ", store: int8"),
        ].map { try planned($0).caches[0].folder }
        #expect(Set(others + [first]).count == 6)
        // What is not said is as if it were.
        #expect(try planned(pipeline(cache: ", pool: 1, store: float16")).caches[0].folder == first)
    }

    /// The lines of a study's rules that make caches, and those that train.
    private func studyCommands(cache: String) throws -> (caching: [Substring], training: [Substring]) {
        let study = try Pipeline(
            yaml:
                "name: x\nlabels: [a]\ncache: {\(cache)}\nstudy: {layers: [3], lora_ranks: [2], stores: [float16]}\n",
            source: "x", corpus: "m.csv", model: "random:tiny")
        let lines = try Plan(study, source: .init(path: "x.yaml"), layerCount: { _ in 12 }).makeRules
            .split(separator: "\n")
        return (
            lines.filter { $0.contains("undertone-cache ") }, lines.filter { $0.contains("undertone-train ") }
        )
    }

    /// It is no other cache: rows are the same. But what was written with paths is written again.
    @Test func pathsAreKeptOutWhereThatIsAsked() throws {
        let open = try planned(pipeline()), closed = try planned(pipeline(cache: ", no_paths: true"))
        #expect(closed.caches[0].folder == open.caches[0].folder)
        #expect(closed.caches[0].settings.content == open.caches[0].settings.content + "no_paths: true\n")
        #expect(closed.makeRules.contains(" --no-paths$(call pipeline-workers,"))
        #expect(!open.makeRules.contains("--no-paths"))
        // A study's caches, too, and its runs without one.
        let (caching, training) = try studyCommands(cache: "no_paths: true")
        #expect(caching.count > 1 && caching.allSatisfy { $0.contains(" --no-paths$(") }, "\(caching)")
        #expect(training.contains { $0.contains(" --audio ") } && training.contains { $0.contains(" --cache ") })
        for line in training { #expect(line.contains(" --no-paths ") == line.contains(" --audio "), "\(line)") }
    }

    /// A study's run without a cache may lack as many recordings as a cache.
    @Test func whatMayBeRejectedIsPassedOn() throws {
        let (caching, training) = try studyCommands(cache: "max_rejects: 3%")
        #expect(caching.count > 1 && caching.allSatisfy { $0.contains(" --max-rejects 3% ") }, "\(caching)")
        #expect(training.contains { $0.contains(" --audio ") })
        for line in training { #expect(line.contains(" --max-rejects 3% ") == line.contains(" --audio "), "\(line)") }
    }

    @Test func storageAndPoolingArePassedOn() throws {
        let rules = try planned(pipeline(cache: ", pool: 2, store: int8")).makeRules
        #expect(rules.contains("--store int8 --pool 2 "))
    }

    @Test func shardsAreNumberedAsTheCacheProgramNamesThem() throws {
        let plan = try planned(pipeline(), build: "out")
        #expect(plan.caches[0].shards.map { $0.split(separator: "/").last } == (0..<4).map { "shard-0000\($0).h5" })
        #expect(plan.report == "out/x/report.html")
        #expect(plan.runs.map(\.result) == ["out/x/runs/seed-0/result.json"])
    }

    @Test(arguments: ["my corpus/m.csv", "m$x.csv", "a:b.csv", "a#b.csv", "50%/m.csv", "a\tb", "~/m.csv", "a;b", "a*"])
    func pathsThatMakeCannotHandleAreRefused(path: String) throws {
        let asCorpus = #expect(throws: PlanError.self) { try planned(pipeline(corpus: path)) }
        #expect(asCorpus?.kind == .usage)
        #expect(asCorpus?.description.contains("Make cannot handle") == true)
        #expect(throws: PlanError.self) { try planned(pipeline(), build: path) }
        #expect(throws: PlanError.self) { try planned(pipeline(model: path)) }
    }

    @Test func aModelFolderMustExistAndItsFilesArePrerequisites() throws {
        let missing = #expect(throws: PlanError.self) { try planned(pipeline(model: "/nowhere/model")) }
        #expect(missing?.kind == .missingInput)

        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["config.json", "pytorch_model.bin", "README.md", "vocab.json", "model.safetensors"] {
            try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let plan = try planned(pipeline(model: "\(folder)/"))
        #expect(plan.modelFiles == ["config.json", "model.safetensors", "pytorch_model.bin"].map { "\(folder)/\($0)" })
        #expect(plan.makeRules.contains(plan.modelFiles.joined(separator: " ")))
    }

    @Test func stampsAndRulesAreWrittenOnlyWhereTheyChange() throws {
        let build = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: build) }
        let plan = try planned(pipeline(), build: build)
        try plan.writeStamps()
        #expect(try plan.writeRules(to: "\(build)/rules.mk"))
        #expect(try !plan.writeRules(to: "\(build)/rules.mk"))

        let files = plan.stamps
        let old = Date(timeIntervalSince1970: 1_000_000)
        for file in files {
            #expect(try String(contentsOfFile: file.path, encoding: .utf8) == file.content)
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file.path)
        }
        try plan.writeStamps()
        for file in files {
            #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date == old)
        }
        // What is written for a run is what stage two reads.
        #expect(try TrainConfiguration(path: plan.runs[0].configuration.path) == plan.pipeline.train)
    }
}
