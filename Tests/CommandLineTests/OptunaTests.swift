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

/// Prints the settings of all trials of the study in `study`, a JSON object a line, and how each ended.
private let lister = """
    import json, optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for trial in optuna.load_study(study_name="undertone", storage="sqlite:///study/study.db").trials:
        print(trial.number, trial.state.name, json.dumps(trial.params, sort_keys=True))
    """

/// `pipelines/optuna/search.py`: asked, trained, told; killed, and gone on with.
@Suite(.enabled(if: hasOptuna, "set UNDERTONE_PYTHON to a Python that has Optuna"))
struct OptunaTests {
    private func prepared() throws -> Scratch {
        let folder = try Scratch()
        try folder.writeCorpus(12)
        #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
        try folder.write(
            "base.yaml",
            "labels: [activation]\nlayers: 2\nepochs: 4\nbatch: {utterances: 4}\nthreads: 1\nscores: {resamples: 100}\n"
        )
        return folder
    }

    private func search(_ more: String..., in folder: Scratch) throws -> Running {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "pipelines/optuna/search.py").path
        let arguments = ["--cache", "cache", "--config", "base.yaml", "--out", "study", "--program"]
        return try Running(
            URL(filePath: try #require(python)),
            [script] + arguments + [try Program.train.url.path] + space + more, in: folder)
    }

    /// The trials of the study as they are: number, state, settings.
    private func trials(in folder: Scratch) throws -> [(state: String, settings: String)] {
        let outcome = try Running(URL(filePath: try #require(python)), ["-c", lister], in: folder).wait()
        try #require(outcome.code == 0, "\(outcome.said)")
        return outcome.output.split(separator: "\n").map {
            let words = $0.split(separator: " ", maxSplits: 2)
            return (String(words[1]), String(words[2]))
        }
    }

    @Test func aKilledSearchIsGoneOnWith() throws {
        let folder = try prepared()
        let killed = try search("--trials", "6", in: folder)
        killed.waitUntilSaid("trial 1: ")
        killed.send(SIGKILL)
        _ = try killed.wait()
        let outcome = try search("--trials", "6", "--prune", "1", in: folder).wait()
        #expect(outcome.code == 0, "\(outcome.said)")
        // Six in all, those of before included, and what is told is what the runs say.
        #expect(folder.names(in: "study").filter { $0.hasPrefix("trial-") && !$0.contains(".") }.count == 6)
        var best = -Double.infinity
        for number in 0..<6 where folder.exists("study/trial-\(number)/result.json") {
            let result =
                try JSONSerialization.jsonObject(with: folder.bytes("study/trial-\(number)/result.json"))
                as? [String: Any]
            let metric = try #require((result?["best_metric"] as? [String: Any])?["value"] as? Double)
            best = max(best, metric)
        }
        #expect(outcome.output.hasPrefix("best: ccc \(String(format: "%.4f", best)), trial "), "\(outcome.output)")
        // The draws go on where the killed process stood: none comes again.
        let settings = try trials(in: folder).map(\.settings)
        #expect(settings.count == 6 && Set(settings).count == 6, "\(settings)")
        let again = try search("--trials", "6", in: folder).wait()
        #expect(again.code == 0 && again.output == outcome.output && again.said.isEmpty)
    }

    /// And what is drawn depends on the seed and the trial's number alone, while nothing is known of the space.
    @Test func processesThatShareAStudyDrawPointsOfTheirOwn() throws {
        let folder = try prepared()
        #expect(try search("--trials", "1", in: folder).wait().code == 0)
        let pair = try (0..<2).map { _ in try search("--trials", "6", in: folder) }
        for process in pair {
            let outcome = try process.wait()
            #expect(outcome.code == 0, "\(outcome.said)")
        }
        // Both may have seen that one was missing.
        let shared = try trials(in: folder)
        #expect((6...7).contains(shared.count) && shared.allSatisfy { $0.state == "COMPLETE" }, "\(shared)")
        #expect(Set(shared.map(\.settings)).count == shared.count, "\(shared)")

        let other = try prepared()
        #expect(try search("--trials", "6", in: other).wait().code == 0)
        #expect(try trials(in: other).map(\.settings) == shared.prefix(6).map(\.settings))
        let seeded = try prepared()
        #expect(try search("--trials", "2", "--seed", "1", in: seeded).wait().code == 0)
        #expect(try trials(in: seeded).allSatisfy { trial in !shared.contains { $0.settings == trial.settings } })
    }

    /// As under Make and Slurm, exit code 65 is an outcome of what was tried, and of nothing else.
    @Test func whatIsNotEvenTriedStopsTheSearch() throws {
        let folder = try prepared()
        let description = try folder.bytes("cache/cache.json")
        try folder.write("cache/cache.json", "{")
        let stopped = try search("--trials", "2", in: folder).wait()
        #expect(stopped.code == 65 && stopped.said.contains("error: cache/cache.json"), "\(stopped.said)")
        #expect(stopped.lines("trial ").isEmpty)
        #expect(try trials(in: folder).map(\.state) == ["RUNNING"])
        try folder.write("cache/cache.json", description)
        let rest = try search("--trials", "2", in: folder).wait()
        #expect(rest.code == 0, "\(rest.said)")
        #expect(try trials(in: folder).map(\.state) == ["COMPLETE", "COMPLETE"])
    }

    /// With a stand-in for undertone-train, whose every loss is not finite.
    @Test func aSearchOfWhichNothingIsTrainedSaysSo() throws {
        let folder = try prepared()
        let text = """
            #!/bin/sh
            while [ $# -gt 0 ]; do case $1 in --out) out=$2;; esac; shift; done
            mkdir -p "$out"
            echo '{"outcome" : "failed"}' >"$out/attempt.json"
            exit 65

            """
        let written = try Running(
            URL(filePath: "/bin/sh"), ["-c", "printf %s \"$1\" >failing && chmod 755 failing", "sh", text], in: folder
        ).wait()
        try #require(written.code == 0, "\(written.said)")
        for _ in 0..<2 {
            let outcome = try search("--trials", "2", "--program", "./failing", in: folder).wait()
            #expect(outcome.code == 65 && !outcome.said.contains("Traceback"), "\(outcome.said)")
            #expect(
                outcome.errors == [
                    "error: study: none of 2 trials came to its end, so there is no best one; vary other settings, or "
                        + "give more --trials"
                ])
            #expect(try trials(in: folder).map(\.state) == ["FAIL", "FAIL"])
        }
    }

    @Test func aDomainThatIsNoneIsRefused() throws {
        let folder = try prepared()
        let wrong = try search("--vary", "head.hidden=between(1, 2)", in: folder).wait()
        #expect(
            wrong.code == 2 && wrong.said.contains("expected uniform, log_uniform or integers with two ends, or choice")
        )
    }
}
