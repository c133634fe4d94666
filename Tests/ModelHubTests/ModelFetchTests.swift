import Checkpoints
import Faults
import Foundation
import LoopbackHub
import ModelHub
import Testing

private let name = HubName("org/model")!

private func settings(_ server: LoopbackServer, token: String? = nil) -> HubSettings {
    var settings = HubSettings(endpoint: URL(string: server.address)!, token: token)
    settings.firstPause = .milliseconds(1)
    settings.attemptCount = 3
    return settings
}

@discardableResult
private func fetch(
    _ hub: FakeHub, to folder: TemporaryFolder, _ name: HubName = name, token: String? = nil, log: Log = Log()
) throws(HubError) -> ModelFetch.Outcome {
    let observer = FetchObserver(onMessage: { log.add($0) })
    return try ModelFetch(name, to: folder.path, settings: settings(hub.server, token: token), observer: observer).run()
}

private let allNames = (FakeHub.neededNames + [ModelProvenance.fileName]).sorted()

// MARK: - As it should be

@Test func whatIsNeededComesWholeAndNothingElse() throws {
    let hub = try FakeHub(), folder = TemporaryFolder()
    let outcome = try fetch(hub, to: folder)
    #expect(folder.names == allNames)
    for file in FakeHub.files where FakeHub.neededNames.contains(file.name) {
        #expect(folder.data(file.name) == file.content)
    }
    #expect(outcome.fetched.sorted() == FakeHub.neededNames)
    let provenance = try #require(ModelProvenance.read(directory: folder.path))
    #expect(provenance == outcome.provenance)
    #expect(provenance.repository == "org/model" && provenance.revision == "main")
    #expect(provenance.commit == FakeHub.commit && provenance.licence == "apache-2.0")
    #expect(provenance.files.first { $0.name == "model.safetensors" }?.sha256 == FakeHub.sha256(FakeHub.weights))
    #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == nil })

    let again = try fetch(hub, to: folder)
    #expect(again.fetched.isEmpty && again.provenance == provenance)
    #expect(hub.server.requests.count(where: { $0.path.contains("/resolve/") }) == 3, "nothing came twice")
}

@Test func anotherRevisionIsAskedForByItsName() throws {
    let hub = try FakeHub(), folder = TemporaryFolder()
    let outcome = try fetch(hub, to: folder, try #require(HubName("org/model@refs/pr/3")))
    #expect(outcome.provenance.revision == "refs/pr/3")
    #expect(hub.server.requests[0].path == "/api/models/org/model/revision/refs%2Fpr%2F3?blobs=true")
    #expect(hub.server.requests.dropFirst().allSatisfy { $0.path.contains("/resolve/\(FakeHub.commit)/") })
}

/// Where the listing had no hashes, the index that had just come was taken for somebody else's.
@Test(arguments: [true, false])
func weightsInSeveralFilesComeAfterTheirIndex(listsHashes: Bool) throws {
    let index = #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}"#
    let shards = (1...2).map { FakeHub.File(name: "model-\($0).safetensors", content: Data("shard \($0)".utf8)) }
    let hub = try FakeHub(
        [FakeHub.files[0], .init(name: "model.safetensors.index.json", content: Data(index.utf8), isLarge: false)]
            + shards, listsHashes: listsHashes)
    let folder = TemporaryFolder()
    let outcome = try fetch(hub, to: folder)
    #expect(
        folder.names == [
            "config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json", "source.json",
        ])
    #expect(!outcome.hasPreprocessor)
    #expect(outcome.fetched.sorted() == folder.names.filter { $0 != "source.json" })
    #expect(try fetch(hub, to: folder).fetched.isEmpty)
}

@Test(arguments: ["../x", "sub/model.safetensors", "nothing.bin"])
func anIndexThatLeadsElsewhereIsRefused(shard: String) throws {
    let index = Data(#"{"weight_map": {"a": "\#(shard)"}}"#.utf8)
    let hub = try FakeHub(
        [
            FakeHub.files[0], .init(name: "model.safetensors.index.json", content: index),
            .init(name: "sub/model.safetensors", content: Data("x".utf8)), .init(name: "../x", content: Data("x".utf8)),
        ])
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(
        error
            == .listing(repository: "org/model", problem: "no file '\(shard)', which its index names"))
}

/// Of a mirror that lists names only, the answers' own tags are what files are verified by.
@Test func hashesOfTheAnswersServeWhereTheListingHasNone() throws {
    let hub = try FakeHub(listsHashes: false), folder = TemporaryFolder()
    try fetch(hub, to: folder)
    #expect(folder.names == allNames)
    #expect(try fetch(hub, to: folder).fetched.isEmpty)
    #expect(hub.server.requests.count(where: { $0.path.contains("/resolve/") }) == 3, "nothing came twice")

    let without = try FakeHub(listsHashes: false) { request, reply in
        if request.path.hasSuffix("safetensors") { reply.headers["ETag"] = nil }
    }
    let other = TemporaryFolder()
    let error = #expect(throws: HubError.self) { try fetch(without, to: other) }
    #expect(error == .unverifiable(file: other.file("model.safetensors")))
    #expect(!other.names.contains { $0.hasPrefix("model.safetensors") })
}

// MARK: - What may pass

@Test(arguments: [true, false])
func aConnectionCutMidwayIsGoneOnWith(sendsRanges: Bool) throws {
    let log = Log()
    let hub = try FakeHub(sendsRanges: sendsRanges) { request, reply in
        if request.path.hasSuffix("safetensors"), log.count("weights") == 1 { reply.cutAfter = 250_000 }
    }
    let folder = TemporaryFolder()
    try fetch(hub, to: folder, log: log)
    #expect(folder.data("model.safetensors") == FakeHub.weights)
    #expect(folder.names == allNames, "nothing is left behind")
    let asked = hub.server.requests.filter { $0.path.hasSuffix("safetensors") }.map(\.rangeStart)
    #expect(asked == [nil, 250_000])
    #expect(log.lines.count == 1 && log.lines[0].contains("trying again"), "\(log.lines)")
}

@Test(arguments: [true, false])
func whatOneRunLeftTheNextGoesOnWith(listsHashes: Bool) throws {
    let cut = try FakeHub(listsHashes: listsHashes) { request, reply in
        guard request.path.hasSuffix("safetensors") else { return }
        // Of every attempt nothing comes but of the first.
        reply.cutAfter = request.rangeStart == nil ? 250_000 : 0
    }
    let folder = TemporaryFolder()
    let error = #expect(throws: HubError.self) { try fetch(cut, to: folder) }
    #expect(error?.kind == .interrupted, "\(String(describing: error))")
    #expect(!folder.names.contains("model.safetensors") && !folder.names.contains("source.json"))

    let hub = try FakeHub(listsHashes: listsHashes)
    try fetch(hub, to: folder)
    #expect(folder.data("model.safetensors") == FakeHub.weights && folder.names == allNames)
    let asked = hub.server.requests.filter { $0.path.contains("/resolve/") }.map(\.rangeStart)
    #expect(asked == [250_000], "the small files were there")
}

@Test(arguments: [500, 502, 503, 429, 408])
func serversRecover(status: Int) throws {
    let log = Log()
    let hub = try FakeHub { request, reply in
        if log.count(request.path) <= 2 { reply = .init(status: status) }
    }
    let folder = TemporaryFolder()
    try fetch(hub, to: folder, log: log)
    #expect(folder.names == allNames)
    #expect(log.lines.count == 8 && log.lines.allSatisfy { $0.contains("the server answers \(status); trying again") })
}

@Test func aServerThatDoesNotRecoverIsGivenUp() throws {
    let hub = try FakeHub { _, reply in reply = .init(status: 500) }
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(error == .gaveUp(what: "org/model", reason: "the server answers 500", attempts: 3))
    #expect(hub.server.requests.count == 3)
}

@Test func aBadPieceOfAnEarlierAttemptIsThrownAway() throws {
    let folder = TemporaryFolder(), log = Log()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let partial = folder.file("model.safetensors.fetching-\(FakeHub.commit.prefix(12))")
    try Data(repeating: 7, count: 1000).write(to: URL(filePath: partial))
    let stale = folder.file("model.safetensors.fetching-ffffffffffff")
    try Data("of another commit".utf8).write(to: URL(filePath: stale))
    try fetch(try FakeHub(), to: folder, log: log)
    #expect(folder.data("model.safetensors") == FakeHub.weights && folder.names == allNames)
    #expect(log.lines.count == 1 && log.lines[0].contains("beginning again"))
}

@Test func moreThanTheFileIsBegunAgain() throws {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let partial = folder.file("model.safetensors.fetching-\(FakeHub.commit.prefix(12))")
    try Data(repeating: 7, count: FakeHub.weights.count + 1).write(to: URL(filePath: partial))
    try fetch(try FakeHub(), to: folder)
    #expect(folder.data("model.safetensors") == FakeHub.weights)
}

// MARK: - What does not pass

@Test func aWrongHashLeavesNothing() throws {
    let hub = try FakeHub { request, reply in
        if request.path.hasSuffix("safetensors") { reply.body[300_000] ^= 1 }
    }
    let folder = TemporaryFolder()
    let error = #expect(throws: HubError.self) { try fetch(hub, to: folder) }
    guard case .digest(let file, _, let expected)? = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(file == folder.file("model.safetensors") && expected == "SHA-256 \(FakeHub.sha256(FakeHub.weights))")
    #expect(error?.kind == .badInput)
    #expect(folder.names == ["config.json", "preprocessor_config.json", "source.json.fetching"])
    #expect(hub.server.requests.count(where: { $0.path.hasSuffix("safetensors") }) == 1)
}

@Test func aSmallFileIsVerifiedAsGitDoes() throws {
    let hub = try FakeHub { request, reply in
        if request.path.hasSuffix("/config.json") { reply.body = Data("{\"model_type\": \"wav2vec3\"}".utf8) }
    }
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(error?.description.contains("git SHA-1 \(FakeHub.gitBlob(FakeHub.files[0].content))") == true)
}

@Test func anotherSizeIsRefused() throws {
    let hub = try FakeHub { request, reply in
        if request.path.hasSuffix("/config.json") { reply.body += Data("more".utf8) }
    }
    let folder = TemporaryFolder()
    let error = #expect(throws: HubError.self) { try fetch(hub, to: folder) }
    let size = FakeHub.files[0].content.count
    #expect(error == .size(file: folder.file("config.json"), found: size + 4, expected: size))
}

struct Refusal: CustomTestStringConvertible, Sendable {
    var testDescription: String { "\(status) \(code ?? ""), token: \(token != nil)" }
    var status: Int
    var code: String?
    var token: String?
    var expected: @Sendable (String) -> HubError

    static let all = [
        Refusal(status: 401) { .unauthorised(repository: "org/model", hub: $0, hasToken: false) },
        Refusal(status: 401, code: "RepoNotFound") { .unauthorised(repository: "org/model", hub: $0, hasToken: false) },
        Refusal(status: 401, token: "x") { .unauthorised(repository: "org/model", hub: $0, hasToken: true) },
        Refusal(status: 403) { .gated(repository: "org/model", hub: $0, hasToken: false) },
        Refusal(status: 403, code: "GatedRepo", token: "x") {
            .gated(repository: "org/model", hub: $0, hasToken: true)
        },
        Refusal(status: 401, code: "GatedRepo") { .gated(repository: "org/model", hub: $0, hasToken: false) },
        Refusal(status: 404) { .noRepository("org/model", hub: $0) },
        Refusal(status: 404, code: "RepoNotFound", token: "x") { .noRepository("org/model", hub: $0) },
        Refusal(status: 404, code: "RevisionNotFound") { _ in .noRevision("main", repository: "org/model") },
        Refusal(status: 410) { _ in .answer(what: "org/model", status: 410, message: "gone for good") },
    ]
}

@Test(arguments: Refusal.all)
func refusalsAreWorded(_ refusal: Refusal) throws {
    let hub = try FakeHub { _, reply in
        reply = .init(status: refusal.status, headers: ["X-Error-Message": "gone for good"])
        reply.headers["X-Error-Code"] = refusal.code
    }
    let folder = TemporaryFolder()
    let error = #expect(throws: HubError.self) { try fetch(hub, to: folder, token: refusal.token) }
    #expect(error == refusal.expected(hub.server.address))
    #expect(hub.server.requests.count == 1, "not worth trying again")
    #expect(folder.names.isEmpty)
}

/// A gated repository tells everybody what it holds.
@Test func aGatedFileIsWorded() throws {
    let hub = try FakeHub { request, reply in
        if request.path.contains("/resolve/") { reply = .init(status: 403, headers: ["X-Error-Code": "GatedRepo"]) }
    }
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(error == .gated(repository: "org/model", hub: hub.server.address, hasToken: false))
}

@Test func noServerThereIsSaidAtOnce() throws {
    let (descriptor, port) = try LoopbackServer.bindAnyPort()
    defer { close(descriptor) }
    var settings = HubSettings(endpoint: URL(string: "http://127.0.0.1:\(port)")!)
    settings.firstPause = .seconds(3600)
    let fetch = ModelFetch(name, to: TemporaryFolder().path, settings: settings)
    let error = #expect(throws: HubError.self) { try fetch.run() }
    guard case .unreachable(host: "127.0.0.1", _)? = error else {
        Issue.record("\(String(describing: error))")
        return
    }
}

@Test(arguments: [(["README.md"], ["config.json"]), (["config.json"], Checkpoint.weightFileNames)])
func repositoriesThatAreNoModels(names: [String], missing: [String]) throws {
    let hub = try FakeHub(names.map { .init(name: $0, content: Data("x".utf8)) })
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(error == .noModel(repository: "org/model", lookedFor: missing, found: names))
}

@Test(arguments: [
    ("<html>", "not JSON"), (#"{"siblings": []}"#, "sha is missing"),
    (#"{"sha": "../..", "siblings": []}"#, "sha is '../..', expected a commit"),
])
func aServerThatIsNoHub(body: String, problem: String) throws {
    let hub = try FakeHub { _, reply in reply.body = Data(body.utf8) }
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(error == .listing(repository: "org/model", problem: problem))
}

// MARK: - Redirects and the token

@Test func theTokenGoesToTheHubAlone() throws {
    let elsewhere = try FakeHub()
    let hub = try FakeHub { [address = elsewhere.server.address] request, reply in
        guard request.path.hasSuffix("safetensors") else { return }
        if request.path.hasPrefix("/moved") {
            reply = .init(status: 302, headers: ["Location": "\(address)/signed/model.safetensors"])
        } else {
            reply = .init(status: 307, headers: ["Location": "/moved/model.safetensors"])
        }
    }
    let folder = TemporaryFolder()
    try fetch(hub, to: folder, token: "secret")
    #expect(folder.names == allNames)
    #expect(hub.server.requests.count == 5)
    #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
    #expect(elsewhere.server.requests.map(\.path) == ["/signed/model.safetensors"])
    #expect(elsewhere.server.requests.allSatisfy { $0.headers["authorization"] == nil })
}

@Test(arguments: [("/again", "again and again"), ("ftp://127.0.0.1/x", "to ftp, which is less safe")])
func redirectsThatLeadNowhere(location: String, reason: String) throws {
    let hub = try FakeHub { _, reply in reply = .init(status: 302, headers: ["Location": location]) }
    let error = #expect(throws: HubError.self) { try fetch(hub, to: TemporaryFolder()) }
    #expect(error == .redirect(what: "org/model", reason: reason))
}

// MARK: - What is there already

@Test func filesOfSomebodyElseAreNotOverwritten() throws {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: URL(filePath: folder.file("config.json")))
    let error = #expect(throws: HubError.self) { try fetch(try FakeHub(), to: folder) }
    guard case .occupied(folder.file("config.json"), _)? = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(folder.data("config.json") == Data("mine".utf8) && folder.names == ["config.json"])
}

@Test func aNewRevisionReplacesWhatAnEarlierFetchLeft() throws {
    let folder = TemporaryFolder()
    try fetch(try FakeHub(), to: folder)
    var files = FakeHub.files
    files[0].content = Data("{\"model_type\": \"hubert\"}".utf8)
    let outcome = try fetch(try FakeHub(files), to: folder)
    #expect(outcome.fetched == ["config.json"])
    #expect(folder.data("config.json") == files[0].content && folder.names == allNames)
}

/// What came before an interruption is an earlier fetch's, too, though there is no `source.json` yet.
@Test func aNewRevisionReplacesWhatAnInterruptedFetchLeft() throws {
    let folder = TemporaryFolder()
    let broken = try FakeHub { request, reply in
        if request.path.hasSuffix("safetensors") { reply = .init(status: 500) }
    }
    #expect(throws: HubError.self) { try fetch(broken, to: folder) }
    var files = FakeHub.files
    files[0].content = Data("{\"model_type\": \"hubert\"}".utf8)
    let outcome = try fetch(try FakeHub(files), to: folder)
    #expect(outcome.fetched == ["config.json", "model.safetensors"])
    #expect(folder.data("config.json") == files[0].content && folder.names == allNames)
}

/// Without hashes in the listing, a file is known by what was recorded of it, at the very commit, and by nothing else.
@Test func whatNobodyRecordedIsNotTrusted() throws {
    let hub = try FakeHub(listsHashes: false), folder = TemporaryFolder()
    try fetch(hub, to: folder)
    try Data("altered".utf8).write(to: URL(filePath: folder.file("model.safetensors")))
    #expect(try fetch(hub, to: folder).fetched == ["model.safetensors"])
    #expect(folder.data("model.safetensors") == FakeHub.weights)

    var provenance = try #require(ModelProvenance.read(directory: folder.path))
    provenance.commit = "aaaa"
    try provenance.write(directory: folder.path)
    #expect(try fetch(hub, to: folder).fetched.sorted() == FakeHub.neededNames)

    try FileManager.default.removeItem(atPath: folder.file("source.json"))
    let error = #expect(throws: HubError.self) { try fetch(hub, to: folder) }
    guard case .occupied(folder.file("config.json"), let reason)? = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(reason.contains("no hash to tell whether it is that of org/model at main"))
}

/// Else the weights that are opened first would be those of another model.
@Test func weightsLeftFromElsewhereAreRefused() throws {
    let folder = TemporaryFolder()
    try fetch(try FakeHub(), to: folder)
    let pickled = try FakeHub(FakeHub.files.filter { $0.name != "model.safetensors" })
    let error = #expect(throws: HubError.self) { try fetch(pickled, to: folder) }
    #expect(error?.kind == .cannotWrite)
    #expect(error?.description.hasPrefix("\(folder.file("model.safetensors")): is there already") == true)
}

@Test func oneProcessFetchesAtATime() throws {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let partial = folder.file("config.json.fetching-\(FakeHub.commit.prefix(12))")
    let other = open(partial, O_WRONLY | O_CREAT, 0o644)
    defer { close(other) }
    try #require(flock(other, LOCK_EX | LOCK_NB) == 0)
    let error = #expect(throws: HubError.self) { try fetch(try FakeHub(), to: folder) }
    #expect(error == .busy(path: partial))
}

@Test func askedToStopItStops() throws {
    let hub = try FakeHub(), folder = TemporaryFolder()
    let fetch = ModelFetch(
        name, to: folder.path, settings: settings(hub.server), observer: FetchObserver(shouldStop: { true }))
    #expect(throws: HubError.interrupted) { try fetch.run() }
    #expect(folder.names.isEmpty)
}

// MARK: - The environment

@Test func settingsFromTheEnvironment() throws {
    let plain = try HubSettings(environment: [:])
    #expect(plain.endpoint.absoluteString == "https://huggingface.co" && plain.token == nil && !plain.isOffline)
    let own = try HubSettings(
        environment: ["HF_ENDPOINT": "http://localhost:8080/", "HF_TOKEN": " x\n", "HF_HUB_OFFLINE": "1"])
    #expect(own.endpoint.absoluteString == "http://localhost:8080" && own.token == "x" && own.isOffline)
    let fetch = ModelFetch(name, to: "/nowhere", settings: own)
    #expect(throws: HubError.offline) { try fetch.run() }
    for wrong in ["huggingface.co", "ftp://x", "http://"] {
        #expect(throws: HubError.endpoint(wrong)) { try HubSettings(environment: ["HF_ENDPOINT": wrong]) }
    }
}
