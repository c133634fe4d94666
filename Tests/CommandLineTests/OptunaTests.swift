import Foundation
import Testing

private let python = ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"]

private let hasOptuna: Bool = {
    guard let python, let folder = try? Scratch() else { return false }
    let probe = try? Running(URL(filePath: python), ["-c", "import optuna"], in: folder).wait()
    return probe?.code == 0
}()

private let space = [
    "--vary", "optimiser.learning_rate.heads=log_uniform(1e-4, 1e-1)", "--vary",
    "optimiser.schedule=choice(linear, cosine)",
    "--vary", "head.hidden=integers(4, 16)",
]

/// `pipelines/optuna/search.py`: asked, trained, told; killed, and gone on with.
@Test(.enabled(if: hasOptuna, "set UNDERTONE_PYTHON to a Python that has Optuna"))
func optunaDrivesTraining() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    try folder.write(
        "base.yaml",
        "labels: [activation]\nlayers: 2\nepochs: 4\nbatch: {utterances: 4}\nthreads: 1\nscores: {resamples: 100}\n")
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "pipelines/optuna/search.py").path
    func search(_ more: String...) throws -> Running {
        try Running(
            URL(filePath: try #require(python)),
            [
                script, "--cache", "cache", "--config", "base.yaml", "--out", "study", "--program",
                Program.train.url.path,
            ]
                + space + more, in: folder)
    }
    let killed = try search("--trials", "6")
    killed.waitUntilSaid("trial 1: ")
    killed.send(SIGKILL)
    _ = try killed.wait()
    let outcome = try search("--trials", "6", "--prune", "1").wait()
    #expect(outcome.code == 0, "\(outcome.said)")
    // Six in all, those of before included, and what is told is what the runs say.
    #expect(folder.names(in: "study").filter { $0.hasPrefix("trial-") && !$0.contains(".") }.count == 6)
    var best = -Double.infinity
    for number in 0..<6 where folder.exists("study/trial-\(number)/result.json") {
        let result =
            try JSONSerialization.jsonObject(with: folder.bytes("study/trial-\(number)/result.json")) as? [String: Any]
        let metric = try #require((result?["best_metric"] as? [String: Any])?["value"] as? Double)
        best = max(best, metric)
    }
    #expect(outcome.output.hasPrefix("best: ccc \(String(format: "%.4f", best)), trial "), "\(outcome.output)")
    let again = try search("--trials", "6").wait()
    #expect(again.code == 0 && again.output == outcome.output && again.said.isEmpty)
    let wrong = try search("--vary", "head.hidden=between(1, 2)").wait()
    #expect(
        wrong.code == 2 && wrong.said.contains("expected uniform, log_uniform or integers with two ends, or choice"))
}
