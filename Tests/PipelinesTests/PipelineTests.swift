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
                cache: {cuts: [cnn, 9], shards: 7, store: float32, pool: 2, compute: bfloat16, max_rejects: 2.5%}
                train: {layers: 2, seed: 3, epochs: 4}
                launcher: local
                report: {title: A title}
                """, source: "x.yaml")
        #expect(pipeline.name == "my-run_2")
        #expect(pipeline.corpus == "data/m.csv")
        #expect(pipeline.model == "models/wav2vec2")
        #expect(pipeline.cache.cuts == ["cnn", "9"])
        #expect(pipeline.cache.shards == 7)
        #expect(pipeline.cache.store == .float32)
        #expect(pipeline.cache.pool == 2)
        #expect(pipeline.cache.compute == .bfloat16)
        #expect(pipeline.cache.maxRejects == "2.5%")
        var train = TrainConfiguration(labels: [.init(name: "valence", scale: 1...7), .init(name: "activation")])
        train.layers = 2
        train.seed = 3
        train.epochs = 4
        #expect(pipeline.train == train)
        #expect(pipeline.reportTitle == "A title")
    }

    @Test func corpusAndModelFromOutsideWin() throws {
        let pipeline = try Pipeline(yaml: Self.smallest, source: "x", corpus: "other.csv", model: "random:other")
        #expect(pipeline.corpus == "other.csv")
        #expect(pipeline.model == "random:other")
        let bare = try Pipeline(yaml: "name: x\nlabels: [a]\n", source: "x", corpus: "m.csv", model: "random:m")
        #expect(bare.corpus == "m.csv")
    }

    @Test(arguments: [
        ("model: random:tiny", "modle: random:tiny", 3, "key 'modle': no such key; did you mean 'model'?"),
        ("labels: [activation]", "labels: [activation]\nsweep: {}", 5, "sweeps are not available yet"),
        ("labels: [activation]", "labels: [activation]\nlauncher: slurm", 5, "the slurm launcher is not available yet"),
        ("labels: [activation]", "labels: [activation]\nlauncher: rocket", 5, "no launcher 'rocket'"),
        (
            "labels: [activation]", "labels: [activation]\ncache:\n  shard: 3", 6,
            "key 'cache.shard': no such key; did you mean"
        ),
        ("labels: [activation]", "labels: [activation]\ncache: {shards: 0}", 5, "expected 1 or more, found 0"),
        ("labels: [activation]", "labels: [activation]\ncache: {cuts: 9}", 5, "expected a list"),
        ("labels: [activation]", "labels: [activation]\ncache: {cuts: [top]}", 5, "expected cnn or a layer's number"),
        ("labels: [activation]", "labels: [activation]\ncache: {cuts: [9, 9]}", 5, "none twice"),
        (
            "labels: [activation]", "labels: [activation]\ncache: {store: int4}", 5,
            "expected float16 or float32 or bfloat16 or int8"
        ),
        ("labels: [activation]", "labels: [activation]\ncache: {pool: 0}", 5, "expected 1 or more, found 0"),
        ("labels: [activation]", "labels: [activation]\ncache: {pool: -2}", 5, "expected 1 or more, found -2"),
        ("labels: [activation]", "labels: [activation]\ncache: {pool: 1001}", 5, "expected at most 1000"),
        ("labels: [activation]", "labels: [activation]\ncache: {pool: 1.5}", 5, "expected a whole number"),
        ("labels: [activation]", "labels: [activation]\ncache: {pool: two}", 5, "expected a whole number"),
        ("labels: [activation]", "labels: [activation]\ncache: {max_rejects: some}", 5, "expected a number such as 3"),
        ("labels: [activation]", "labels: [activation]\ncache: {max_rejects: 101%}", 5, "expected a number such as 3"),
        ("labels: [activation]", "labels: [activation]\ntrain:\n  labels: [a]", 6, "the labels belong at the top"),
        ("labels: [activation]", "labels: [activation]\ntrain:\n  epoch: 3", 6, "did you mean 'epochs'?"),
        ("labels: [activation]", "labels: [activation]\nreport: {name: x}", 5, "key 'report.name': no such key"),
        ("name: x", "name: a b", 1, "expected letters, digits"),
        ("name: x", "name: ../x", 1, "expected letters, digits"),
        ("name: x", "name: [x]", 1, "expected text, found a list"),
    ])
    func mistakesNameFileLineAndKey(old: String, new: String, line: Int, problem: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Pipeline(yaml: Self.smallest.replacing(old, with: new), source: "x.yaml")
        }
        #expect(error?.description.hasPrefix("x.yaml:\(line): ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.kind == .usage)
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
        #expect(pipeline.cache.cuts == ["9"])
        #expect(pipeline.train.layers == 3)
    }
}

@Suite struct PlanTests {
    private func pipeline(corpus: String = "m.csv", model: String = "random:tiny", cut: Int = 9, cache: String = "")
        throws -> Pipeline
    {
        try Pipeline(
            yaml: "name: x\nlabels: [a]\ncache: {cuts: [\(cut)]\(cache)}\n", source: "x", corpus: corpus, model: model)
    }

    @Test func theCacheFolderTellsSettingsApart() throws {
        let first = try Plan(pipeline()).cacheFolder
        #expect(first.wholeMatch(of: /build\/x\/cache-[0-9a-f]{8}/) != nil)
        #expect(try Plan(pipeline()).cacheFolder == first)
        let others = try [
            pipeline(cut: 6), pipeline(model: "random:other"), pipeline(corpus: "n.csv"), pipeline(cache: ", pool: 2"),
            pipeline(cache: ", store: int8"),
        ].map { try Plan($0).cacheFolder }
        #expect(Set(others + [first]).count == 6)
        // What is not said is as if it were.
        #expect(try Plan(pipeline(cache: ", pool: 1, store: float16")).cacheFolder == first)
    }

    @Test func storageAndPoolingArePassedOn() throws {
        let rules = try Plan(pipeline(cache: ", pool: 2, store: int8")).makeRules
        #expect(rules.contains("--store int8 --pool 2 "))
    }

    @Test func shardsAreNumberedAsTheCacheProgramNamesThem() throws {
        let plan = try Plan(pipeline(), build: "out")
        #expect(plan.shards.map { $0.split(separator: "/").last } == (0..<4).map { "shard-0000\($0).h5" })
        #expect(plan.report == "out/x/report.html")
        #expect(plan.runs.map(\.result) == ["out/x/runs/seed-0/result.json"])
    }

    @Test(arguments: ["my corpus/m.csv", "m$x.csv", "a:b.csv", "a#b.csv", "50%/m.csv", "a\tb", "~/m.csv", "a;b", "a*"])
    func pathsThatMakeCannotHandleAreRefused(path: String) throws {
        let asCorpus = #expect(throws: PlanError.self) { try Plan(pipeline(corpus: path)) }
        #expect(asCorpus?.kind == .usage)
        #expect(asCorpus?.description.contains("Make cannot handle") == true)
        #expect(throws: PlanError.self) { try Plan(pipeline(), build: path) }
        #expect(throws: PlanError.self) { try Plan(pipeline(model: path)) }
    }

    @Test func aModelFolderMustExistAndItsFilesArePrerequisites() throws {
        let missing = #expect(throws: PlanError.self) { try Plan(pipeline(model: "/nowhere/model")) }
        #expect(missing?.kind == .missingInput)

        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["config.json", "pytorch_model.bin", "README.md", "vocab.json", "model.safetensors"] {
            try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let plan = try Plan(pipeline(model: "\(folder)/"))
        #expect(plan.modelFiles == ["config.json", "model.safetensors", "pytorch_model.bin"].map { "\(folder)/\($0)" })
        #expect(plan.makeRules.contains(plan.modelFiles.joined(separator: " ")))
    }

    @Test func stampsAndRulesAreWrittenOnlyWhereTheyChange() throws {
        let build = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: build) }
        let plan = try Plan(pipeline(), build: build)
        try plan.writeStamps()
        #expect(try plan.writeRules(to: "\(build)/rules.mk"))
        #expect(try !plan.writeRules(to: "\(build)/rules.mk"))

        let files = [plan.cacheSettings, plan.reportSettings, plan.runs[0].configuration]
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
