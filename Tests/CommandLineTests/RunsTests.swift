import Foundation
import Testing

/// Four trials of whom one sees epoch 2.
private let manifest = """
    name: x
    corpus: manifest.csv
    model: random:wav2vec2-tiny?seed=0
    labels: [activation]
    cache: {cuts: [2]}
    train: {layers: 2, epochs: 2, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
    sweep:
      space:
        optimiser.learning_rate.heads: [1.0e-4, 1.0e-2]
        optimiser.schedule: [linear, constant]
      halving: {eta: 4, min_epochs: 1}

    """

private func studiedCorpus() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.write("x.yaml", manifest)
    return folder
}

private func rows(_ outcome: Outcome) throws -> [[String: Any]] {
    try #require(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]], "\(outcome.said)")
}

@Test func theRunsOfASweepAreListed() throws {
    let folder = try studiedCorpus()
    #expect(try Program.undertone.run(["sweep", "x.yaml", "--progress", "none"], in: folder).code == 0)
    #expect(folder.exists("build/x/runs.sqlite"), "the sweep leaves it up to date")

    let table = try Program.undertone.run(["runs", "x.yaml"], in: folder)
    #expect(table.code == 0 && table.said.isEmpty)
    let lines = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.first == ["run", "state", "epochs", "ccc", "best", "training", "heads", "schedule"])
    #expect(lines.dropFirst().map { $0[1] }.sorted() == ["finished", "stopped", "stopped", "stopped"])

    let json = try rows(Program.undertone.run(["runs", "build/x", "--json"], in: folder))
    #expect(json.count == 4)
    let best = try #require(json.first { $0["state"] as? String == "finished" })
    #expect(best["epochs"] as? Int == 2 && (best["history"] as? [Any])?.count == 2)
    #expect((best["configuration"] as? [String: Any])?["optimiser.schedule"] is String)
    #expect((best["cache_key"] as? String)?.isEmpty == false && best["host"] is String)

    let csv = try Program.undertone.run(
        [
            "runs", "x.yaml", "--csv", "--columns", "trial,heads,test.activation.ccc", "--where", "schedule=constant",
            "--sort", "learning_rate.heads", "--descending", "--state", "stopped", "--state", "finished",
        ], in: folder)
    let cells = csv.output.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(cells.first == ["trial", "optimiser.learning_rate.heads", "test.activation.ccc"], "\(csv.said)")
    #expect(cells.dropFirst().map { $0[1] } == ["0.01", "0.0001"])

    // Of all pipelines, without a file of their own.
    let all = try Program.undertone.run(["runs", "--csv"], in: folder)
    #expect(all.output.split(separator: "\n").count == 5 && !folder.exists("build/runs.sqlite"))
    #expect(all.output.contains("build/x/sweep/"))
}

@Test(arguments: [
    (["runs", "nowhere"], 66, "nowhere: no such file or folder; "),
    (["runs"], 66, "build: no such file or folder; "),
    (["runs", ".", "--where", "score"], 64, "'score' is no condition; expected key op value"),
    (["runs", "run", "--sort", "scores"], 64, "no run has 'scores'; did you mean 'score'?"),
    (["runs", "manifest.csv"], 65, "manifest.csv"),
])
func runsThatCannotBeListed(_ arguments: [String], _ code: Int32, _ message: String) throws {
    let folder = try Scratch()
    try folder.writeManifest([])
    try FileManager.default.createDirectory(atPath: "\(folder.path)/run", withIntermediateDirectories: true)
    let outcome = try Program.undertone.run(arguments, in: folder)
    #expect(outcome.errors.first?.hasPrefix("error: \(message)") == true, "\(outcome.said)")
    #expect(outcome.output.isEmpty)
    if code != 65 { #expect(outcome.code == code) }
}

/// While a sweep goes on, many processes at once bring the view up to date, and it is damaged and deleted under them: each answer is
/// whole, and in the end it is what the run directories say.
@Test func manyProcessesKeepOneRegistry() throws {
    let folder = try studiedCorpus()
    let sweep = try Program.undertone.start(["sweep", "x.yaml", "-j", "2", "--progress", "none"], in: folder)
    var damages = 0
    repeat {
        // Nothing is planned at first.
        guard folder.exists("build/x/report.settings") else {
            usleep(10_000)
            continue
        }
        let asking = try (0..<4).map { _ in try Program.undertone.start(["runs", "build/x", "--json"], in: folder) }
        for running in asking {
            let outcome = try running.wait()
            #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)")
            for row in try rows(outcome) {
                #expect((row["history"] as? [Any])?.count == row["epochs"] as? Int)
                #expect(row["state"] as? String != "unreadable", "\(row["problem"] ?? "")")
            }
        }
        damages += 1
        switch damages % 3 {
        case 0: try folder.remove("build/x/runs.sqlite")
        case 1: try folder.write("build/x/runs.sqlite", "no database")
        default: break
        }
    } while sweep.isRunning
    #expect(try sweep.wait().code == 0)
    let last = try Program.undertone.run(["runs", "build/x", "--json"], in: folder)
    #expect(last.said.isEmpty)
    try folder.remove("build/x/runs.sqlite")
    #expect(try Program.undertone.run(["runs", "build/x", "--json"], in: folder).output == last.output)
    #expect(try rows(last).map { $0["state"] as? String }.filter { $0 == "finished" }.count == 1)
}
