import Checkpoints
import Foundation
import Testing

@Test(
    arguments: [
        ("facebook/wav2vec2-base", "facebook/wav2vec2-base", nil), ("a/b.c_d-9", "a/b.c_d-9", nil),
        ("org/model@main", "org/model", "main"), ("org/model@refs/pr/3", "org/model", "refs/pr/3"),
        ("models/base", "models/base", nil),
    ] as [(String, String, String?)])
func hubNames(text: String, repository: String, revision: String?) throws {
    let name = try #require(HubName(text))
    #expect(name.repository == repository && name.revision == revision && "\(name)" == text)
}

@Test(arguments: [
    "", "base", "/base", "org/", "./model", "../model", "/home/model", "a/b/c", "org/model/", "org/mo del", "org/..",
    "org/a..b", "org/-a", "org/model@", "org/model@../x", "org/model@a//b", "org/model@a b", "org/módel",
    "org/" + String(repeating: "x", count: 97), "random:wav2vec2-base?seed=0",
])
func whatIsNoHubName(text: String) { #expect(HubName(text) == nil) }

@Test func theCachesFolderIsThatOfHuggingFacesTools() {
    for (environment, folder) in [
        (["HF_HUB_CACHE": "/a", "HF_HOME": "/b", "HOME": "/h"], "/a"), (["HF_HOME": "/b", "HOME": "/h"], "/b/hub"),
        (["XDG_CACHE_HOME": "/c", "HOME": "/h"], "/c/huggingface/hub"),
        (["HOME": "/h", "HF_HOME": ""], "/h/.cache/huggingface/hub"),
        (["HF_HOME": "~/b"], NSHomeDirectory() + "/b/hub"),
    ] {
        #expect(HubCache(environment: environment).folder == folder)
    }
}

@Suite struct HubCacheTests {
    let folder = NSTemporaryDirectory() + "undertone-test-" + UUID().uuidString
    var cache: HubCache { HubCache(environment: ["HF_HUB_CACHE": folder]) }

    private func make(_ path: String) throws {
        let path = "\(folder)/models--org--model/\(path)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    private func refer(_ reference: String, to commit: String) throws {
        try make("refs")
        try Data(commit.utf8).write(to: URL(filePath: "\(folder)/models--org--model/refs/\(reference)"))
    }

    private func found(_ text: String) throws -> String? {
        let snapshots = "\(folder)/models--org--model/snapshots/"
        return cache.snapshot(of: try #require(HubName(text))).map { $0.replacing(snapshots, with: "") }
    }

    @Test func snapshotsAreFoundByBranchByCommitAndAlone() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try found("org/model") == nil)
        try make("snapshots/aaaa")
        #expect(try found("org/model") == "aaaa", "the only one")
        #expect(try found("org/model@main") == nil)
        try make("snapshots/bbbb")
        #expect(try found("org/model") == nil, "which of the two?")
        try refer("main", to: "bbbb\n")
        try refer("v1", to: "aaaa")
        #expect(try found("org/model") == "bbbb" && found("org/model@v1") == "aaaa")
        #expect(try found("org/model@aaaa") == "aaaa" && found("org/model@cccc") == nil)
        #expect(try found("org/other") == nil)
        #expect(HubCache.name(of: "\(folder)/models--org--model/snapshots/aaaa")?.description == "org/model@aaaa")
        #expect(HubCache.name(of: "\(folder)/models--org--model/snapshots") == nil)
        try refer("main", to: "../../../elsewhere")
        #expect(try found("org/model@main") == nil)
    }
}
