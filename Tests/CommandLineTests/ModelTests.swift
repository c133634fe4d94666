import Foundation
import LoopbackHub
import Testing

private let modelFiles = ["config.json", "model.safetensors", "preprocessor_config.json"]

extension Scratch {
    /// A hub that has the tiny model of the folder `model`.
    fileprivate func hub() throws -> FakeHub {
        try copyModel()
        return try FakeHub(
            modelFiles.map { try .init(name: $0, content: bytes("model/\($0)"), isLarge: !$0.hasSuffix("json")) })
    }

    /// As Hugging Face's own tools would have left the same model in their cache.
    func fillHubCache() throws {
        try copyModel()
        let model = "\(path)/hub/models--org--tiny"
        for part in ["refs", "blobs", "snapshots/abc123"] {
            try FileManager.default.createDirectory(atPath: "\(model)/\(part)", withIntermediateDirectories: true)
        }
        try write("hub/models--org--tiny/refs/main", "abc123")
        for name in modelFiles {
            try write("hub/models--org--tiny/blobs/\(name)", bytes("model/\(name)"))
            try FileManager.default.createSymbolicLink(
                atPath: "\(model)/snapshots/abc123/\(name)", withDestinationPath: "../../blobs/\(name)")
        }
    }
}

@Test func aModelIsFetchedInspectedAndUsed() throws {
    let folder = try Scratch()
    try folder.writeCorpus(2)
    let hub = try folder.hub()
    let arguments = ["model", "fetch", "org/model", "--to", "models/tiny", "--progress", "plain"]
    let outcome = try Program.undertone.run(
        arguments, after: "export HF_ENDPOINT=\(hub.server.address)/ no_proxy='*'", in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(outcome.output.hasPrefix("models/tiny: org/model at \(FakeHub.commit), "))
    #expect(outcome.output.hasSuffix("; 3 of 3 files came\nlicence: apache-2.0\n"))
    #expect(outcome.said.hasPrefix("fetching 3/3 (100 %)"))
    #expect(hub.server.requests.count == 4)
    #expect(folder.names(in: "models/tiny") == (modelFiles + ["source.json"]).sorted())
    for name in modelFiles { #expect(try folder.bytes("models/tiny/\(name)") == folder.bytes("model/\(name)")) }

    let seen = try Program.undertone.run(["model", "inspect", "models/tiny"], in: folder)
    #expect(seen.code == 0 && seen.said.isEmpty)
    #expect(seen.output.contains("from        org/model at \(FakeHub.commit)\n"))
    #expect(seen.output.contains("licence     apache-2.0\nusable      yes\n"))

    #expect(try Program.cache.run(cacheArguments(model: "models/tiny"), in: folder).code == 0)
    let same = try Program.cache.run(cacheArguments(model: "model"), in: folder)
    #expect(same.code == 0 && same.output.contains("0 computed, 2 reused"))
}

@Test func whatTheHubRefusesIsSaid() throws {
    let hub = try FakeHub { _, reply in reply = .init(status: 404, headers: ["X-Error-Code": "RevisionNotFound"]) }
    let folder = try Scratch()
    let outcome = try Program.undertone.run(
        ["model", "fetch", "org/model", "--to", "m", "--revision", "v9"],
        after: "export HF_ENDPOINT=\(hub.server.address) no_proxy='*'", in: folder)
    #expect(outcome.code == 66 && outcome.output.isEmpty)
    #expect(
        outcome.said
            == "error: org/model: has no revision 'v9'; expected a branch, tag or commit, or leave --revision out for "
            + "main\n")
    #expect(!folder.exists("m") && hub.server.requests.count == 1)
    let offline = try Program.undertone.run(
        ["model", "fetch", "org/model", "--to", "m"], after: "export HF_HUB_OFFLINE=1", in: folder)
    #expect(offline.code == 66 && offline.errors.count == 1)
}

@Test(arguments: [
    ["model", "fetch", "wav2vec2-base", "--to", "m"], ["model", "fetch", "a/b@main", "--revision", "x", "--to", "m"],
    ["model", "fetch", "a/b", "--revision", "../x", "--to", "m"], ["model", "fetch", "a/b"], ["model", "inspect"],
])
func modelCommandsOfWrongUsage(arguments: [String]) throws {
    let outcome = try Program.undertone.run(arguments, in: Scratch())
    #expect(outcome.code == 64 && outcome.output.isEmpty && outcome.said.hasPrefix("Error: "))
}

@Test func aNameStandsForWhatTheHuggingFaceCacheHas() throws {
    let folder = try Scratch()
    try folder.writeCorpus(2)
    try folder.fillHubCache()
    let cache = "export HF_HUB_CACHE=\(folder.path)/hub"
    let outcome = try Program.cache.run(cacheArguments(model: "org/tiny"), after: cache, in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(try folder.read("cache/cache.json").contains(#""model_source" : "org/tiny""#))
    let same = try Program.cache.run(cacheArguments(model: "model"), in: folder)
    #expect(same.code == 0 && same.output.contains("0 computed, 2 reused"))

    let seen = try Program.undertone.run(["model", "inspect", "org/tiny", "--json"], after: cache, in: folder)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(seen.output.utf8)) as? [String: Any])
    #expect(json["is_usable"] as? Bool == true && json["model"] as? String == "org/tiny")
    #expect(json["folder"] as? String == "\(folder.path)/hub/models--org--tiny/snapshots/abc123")
    #expect((json["architecture"] as? [String: Any])?["cuts"] as? [String] == ["cnn"] + (0...12).map(String.init))

    // A pipeline's, too: its files are what the shards are made from.
    try folder.write(
        "x.yaml", "name: x\ncorpus: manifest.csv\nmodel: org/tiny\nlabels: [activation]\ncache: {cuts: [2]}\n")
    let plan = try Program.undertone.run(["plan", "x.yaml", "-o", "rules.mk"], after: cache, in: folder)
    #expect(plan.code == 0, "\(plan.said)")
    let rules = try folder.read("rules.mk")
    #expect(rules.contains(" --model org/tiny "))
    for name in modelFiles {
        #expect(rules.contains("\(folder.path)/hub/models--org--tiny/snapshots/abc123/\(name)"), "\(name)")
    }
    let nobody = try Program.undertone.run(["plan", "x.yaml"], after: "export HF_HUB_CACHE=/no/hub", in: folder)
    #expect(nobody.code == 66 && nobody.said.contains("the name of a model that Hugging Face's tools have fetched"))

    // A folder of that name comes before.
    try folder.copyModel(to: "org/tiny")
    try folder.remove("org/tiny/preprocessor_config.json")
    let own = try Program.cache.run(cacheArguments(model: "org/tiny"), after: cache, in: folder)
    #expect(own.code == 66 && own.said.contains("org/tiny: no preprocessor_config.json"))
}

@Test func aNameThatNobodyHasSaysHowToFetchIt() throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    for arguments in [["model", "inspect", "org/tiny@v1"], []] {
        let program = arguments.isEmpty ? Program.cache : .undertone
        let outcome = try program.run(
            arguments.isEmpty ? cacheArguments(model: "org/tiny@v1") : arguments, after: "export HF_HUB_CACHE=/no/hub",
            in: folder)
        #expect(outcome.code == 66)
        #expect(
            outcome.said
                == "error: org/tiny@v1: no such folder, and no model of that name in the Hugging Face cache (/no/hub); "
                + "expected a folder with config.json and weights. If it is a model of the hub: undertone model fetch "
                + "org/tiny --revision v1 --to models/tiny, then give models/tiny\n")
    }
}

@Test func aModelThatCannotBeUsedIsDescribedAndRefused() throws {
    let folder = try Scratch()
    try folder.copyModel()
    try folder.remove("model/preprocessor_config.json")
    let outcome = try Program.undertone.run(["model", "inspect", "model"], in: folder)
    #expect(outcome.code == 65)
    #expect(outcome.said == "error: model: cannot be used, for the reason given\n")
    #expect(outcome.output.contains("family      wav2vec2, post-norm, "))
    #expect(outcome.output.contains("usable      no\nproblem: model: no preprocessor_config.json; "))
}
