import Foundation
import Testing

/// Four trials of whom one sees epoch 4, on one thread each, so that their bits do not depend on the machine.
private let manifest = """
    name: x
    corpus: manifest.csv
    model: random:wav2vec2-tiny?seed=0
    labels: [activation]
    cache: {cuts: [2], shards: 2}
    train: {layers: 2, epochs: 4, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
    seeds: [0, 1]
    sweep:
      space:
        optimiser.learning_rate.heads: [1.0e-4, 1.0e-2]
        optimiser.schedule: [linear, constant]
      halving: {eta: 2, min_epochs: 1}

    """

private func studiedCorpus() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.write("x.yaml", manifest)
    return folder
}

private let sweep = ["sweep", "x.yaml", "-j", "2", "--progress", "plain"]

/// What came out of a sweep, file by file.
private func outcome(_ folder: Scratch) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in ["ranking", "rung-1", "rung-2"] { files[name] = try folder.bytes("build/x/sweep/\(name)") }
    for trial in folder.names(in: "build/x/sweep") {
        for seed in ["seed-0", "seed-1"] {
            let run = "build/x/sweep/\(trial)/\(seed)"
            for name in folder.names(in: run)
            where ["best.safetensors"].contains(name) || name.hasPrefix("predictions-") {
                files["\(run)/\(name)"] = try folder.bytes("\(run)/\(name)")
            }
        }
    }
    return files
}

/// The files in which two sweeps came out otherwise, or that only one of them has.
private func differences(_ one: Scratch, _ other: Scratch) throws -> [String] {
    let (one, other) = (try outcome(one), try outcome(other))
    return Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
}

/// The processes that work in a folder.
private func processes(in folder: Scratch) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/cwd")) == folder.path
    }
}

@Test func aSweepTellsWhatCameOfIt() throws {
    let folder = try studiedCorpus()
    let first = try Program.undertone.run(sweep, in: folder)
    #expect(first.code == 0, "\(first.said)")
    let lines = first.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "sweep of x: 4 trials, 1 done, 3 stopped early")
    #expect(
        lines.dropFirst().first?.split(separator: " ") == ["trial", "epochs", "ccc", "±", "sd", "heads", "schedule"])
    #expect(lines.contains { $0.hasPrefix("best: ccc ") })
    #expect(lines.last == "report: build/x/report.html" && folder.exists("build/x/report.html"))
    // Of two seeds: four trials come to the end of the first rung, two to that of the second, one to its own end.
    let told = first.lines("trial ")
    #expect(told.count { $0.contains(" after 1 of 4 epochs: ") } == 8, "\(first.said)")
    #expect(told.count { $0.contains(" after 2 of 4 epochs: ") } == 4)
    #expect(told.count { $0.contains(" after 4 of 4 epochs: ") } == 2)
    // The last of what is shown while it runs.
    #expect(
        first.said.contains(/sweep 16\/16 \(100 %\), .*0 running, best ccc [^ ]+ \([0-9a-f]{8}\), .* elapsed\n/),
        "\(first.said)")
    #expect(try folder.read("build/x/sweep/ranking").split(separator: "\n").count == 2)

    let before = try outcome(folder)
    let again = try Program.undertone.run(["sweep", "x.yaml", "--json"], in: folder)
    #expect(again.code == 0 && again.lines("trial ").isEmpty, "\(again.said)")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any])
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.map { $0["state"] as? String } == ["done", "stopped", "stopped", "stopped"])
    #expect(rows.map { $0["epochs"] as? Int } == [4, 2, 1, 1])
    #expect(rows.map { $0["rung"] as? Int } == [2, 1, 0, 0])
    let page = try folder.read("build/x/report.html")
    #expect(page.components(separatedBy: "<tr data-t=").count == 5)
    #expect(page.components(separatedBy: ">stopped at rung 0</td>").count == 3)
    #expect(page.components(separatedBy: ">stopped at rung 1</td>").count == 2)
    #expect(page.contains("Best configuration</h2>") && page.contains("The cache it was trained from</h2>"))
    #expect(try outcome(folder) == before)
    let explained = try Program.undertone.run(["plan", "x.yaml", "--explain"], in: folder)
    #expect(explained.output == "everything is up to date\n")

    // What came of settings that are no more is shown with a warning.
    let report = ["report", "--pipeline", "x.yaml", "-o", "page.html"]
    let current = try Program.undertone.run(report, in: folder)
    #expect(current.code == 0 && current.said.isEmpty && current.output.hasPrefix("x\n4 configurations: 1 trained"))
    #expect(try folder.bytes("page.html") == folder.bytes("build/x/report.html"))
    try folder.write("x.yaml", manifest.replacing("epochs: 4", with: "epochs: 5"))
    let changed = try Program.undertone.run(report, in: folder)
    #expect(changed.lines("warning: 8 runs of other settings than the pipeline's").count == 1, "\(changed.said)")
}

/// Other rungs after the end: every trial is asked again, one that is far enough is left as it is, and the end is that of a sweep that
/// had them from the start.
@Test func otherRungsGoOnFromWhatIsTrained() throws {
    let (folder, fresh) = (try studiedCorpus(), try studiedCorpus())
    #expect(try Program.undertone.run(sweep, in: folder).code == 0)
    for changed in [folder, fresh] { try changed.edit("x.yaml", "min_epochs: 1", "min_epochs: 2") }
    let explained = try Program.undertone.run(["plan", "x.yaml", "--explain"], in: folder)
    #expect(
        explained.output.contains("/seed-0.rung-0 and 7 more: settings change: rungs: 1 2 4 → 2 4\n"),
        "\(explained.output)")
    for corpus in [folder, fresh] {
        let told = try Program.undertone.run(sweep, in: corpus)
        #expect(told.code == 0, "\(told.said)")
        #expect(told.output.hasPrefix("sweep of x: 4 trials, 2 done, 2 stopped early\n"), "\(told.output)")
    }
    for name in ["rung-1", "ranking"] {
        #expect(try folder.read("build/x/sweep/\(name)") == fresh.read("build/x/sweep/\(name)"), "\(name)")
    }
}

/// A trial that was stopped and gone on with is a run that never was: the same configuration in one go gives the same bits.
@Test func theBestTrialIsTheRunThatItWouldHaveBeenAlone() throws {
    let folder = try studiedCorpus()
    #expect(try Program.undertone.run(sweep, in: folder).code == 0)
    let best = try #require(try folder.read("build/x/sweep/ranking").split(separator: "\n").first.map(String.init))
    let cache = try #require(
        folder.names(in: "build/x").first { $0.hasPrefix("cache-") && !$0.hasSuffix(".settings") })
    let alone = try Program.train.run(
        ["--cache", "build/x/\(cache)", "--corpus", "manifest.csv", "--config", "\(best).yaml", "--out", "alone"],
        in: folder)
    #expect(alone.code == 0, "\(alone.said)")
    for file in ["best.safetensors", "predictions-test.csv", "predictions-development.csv"] {
        #expect(try folder.bytes("alone/\(file)") == folder.bytes("\(best)/\(file)"), "\(file)")
    }
}

/// `kill -9` of the sweep, of make, of its shells and of trials at random moments, the others living on, and the same command again and
/// again: it ends with the results of an undisturbed one, bit for bit. `UNDERTONE_KILLS` says how often.
@Test func aSweepKilledAtAnyMomentEndsTheSame() throws {
    let environment = ProcessInfo.processInfo.environment
    let undisturbed = try studiedCorpus()
    let begin = ContinuousClock.now
    #expect(try Program.undertone.run(sweep, in: undisturbed).code == 0)
    let seconds = begin.duration(to: .now) / .seconds(1)

    var random = SplitMix(state: environment["UNDERTONE_KILL_SEED"].flatMap(UInt64.init) ?? 1)
    // No more for one sweep, which each brings nearer to its end, where there is nothing left to disturb.
    let kills = environment["UNDERTONE_KILLS"].flatMap(Int.init) ?? 8, most = 8
    for first in stride(from: 0, to: kills, by: most) {
        let folder = try studiedCorpus()
        for _ in first..<min(first + most, kills) {
            let running = try Program.undertone.start(sweep, in: folder)
            // Anywhere in the first part of what is left, so that many blows fall before the end.
            usleep(UInt32(seconds * 1e6 * Double(random.below(300)) / 1000))
            let alive = processes(in: folder)
            if !alive.isEmpty { kill(alive[random.below(alive.count)], SIGKILL) }
            if random.below(2) == 0 { running.send(SIGKILL) }
            _ = try running.wait()
        }
        let last = try Program.undertone.run(sweep, in: folder)
        #expect(last.code == 0, "\(last.said)")
        // What an earlier make left behind may still look at what is done; it changes nothing.
        while !processes(in: folder).isEmpty { usleep(10_000) }
        #expect(try differences(folder, undisturbed).isEmpty)
        #expect(try Program.undertone.run(sweep, in: folder).code == 0)
        #expect(try differences(folder, undisturbed).isEmpty)
    }
}

/// Under `make -n` it says what make would do, and does not; what is of the make above alone is not passed on.
@Test func underMakeItTakesOverItsFlags() throws {
    let folder = try studiedCorpus()
    let said = try Running(
        URL(filePath: "/usr/bin/env"),
        ["MAKEFLAGS=n -j3 --jobserver-auth=97,98", try Program.undertone.url.path, "sweep", "x.yaml"], in: folder
    ).wait()
    #expect(said.code == 0 && said.said.isEmpty, "\(said.said)")
    #expect(said.output.components(separatedBy: " --until-epoch 1 ").count == 9)
    #expect(said.output.contains("undertone rank --epoch 1 --keep 2 -o build/x/sweep/rung-1 "))
    #expect(!folder.exists("build/x/sweep/rung-1") && !folder.exists("build/x/sweep.log"))
}

/// A sweep that hears Ctrl-C during its first trial.
private func interruptedSweep(in folder: Scratch) throws -> Outcome {
    let running = try Program.undertone.start(sweep, in: folder)
    running.waitUntilSaid("trial ")
    running.send(SIGINT)
    let stopped = try running.wait()
    #expect(stopped.code == 75, "\(stopped.said)")
    #expect(stopped.output.hasPrefix("sweep of x: 4 trials, "))
    return stopped
}

@Test func anInterruptedSweepGoesOn() throws {
    let folder = try studiedCorpus()
    let stopped = try interruptedSweep(in: folder)
    #expect(stopped.said.contains("stopping: trials save their state\n"))
    #expect(stopped.errors.last == "error: interrupted; what is done is kept, the same command goes on from here")
    #expect(try Program.undertone.run(sweep, in: folder).code == 0)
}

/// Regression: that runs from before and after a change of `best_metric` cannot be compared hid how the sweep had ended.
@Test func aSweepByAnotherCriterionIsInterruptedAndReportedAsAnyOther() throws {
    let folder = try studiedCorpus()
    #expect(try Program.undertone.run(sweep, in: folder).code == 0)
    try folder.edit("x.yaml", "epochs: 4,", "epochs: 4, best_metric: rmse,")
    _ = try interruptedSweep(in: folder)
    let report = try Program.undertone.run(["report", "--pipeline", "x.yaml"], in: folder)
    #expect(report.code == 0 && report.output.hasPrefix("x\n4 configurations: "), "\(report.said)")
    #expect(try Program.undertone.run(sweep, in: folder).code == 0)
}

/// Trained where all corpora are, tested across them.
@Test func severalCorporaTrainTogetherAndOneIsTestedOn() throws {
    let folder = try Scratch()
    for (name, low, high) in [("one", 0, 6), ("two", 6, 12), ("other", 12, 16)] {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        let splits = ["train", "development", "train", "test", "train", "development"]
        let rows = try (low..<high).map { index in
            try folder.write("\(name)/u\(index).wav", Wave(frames: 4000 + 530 * index, pitchHz: 90 + 37 * index).bytes)
            return "u\(index),u\(index).wav,\(splits[index % 6]),s\(index % 4),\(1 + index * 7 % 5)"
        }
        try folder.writeManifest(rows, to: "\(name)/manifest.csv")
    }
    try folder.edit("two/manifest.csv", "speaker,activation", "speaker,arousal")
    try folder.write(
        "x.yaml",
        """
        name: x
        model: random:wav2vec2-tiny?seed=0
        labels: [{name: activation, scale: [0, 1]}]
        corpora:
          one: {manifest: one/manifest.csv, scale: [1, 5]}
          two: {manifest: two/manifest.csv, labels: {activation: {column: arousal, scale: [1, 5]}}}
          other: {manifest: other/manifest.csv, scale: [1, 5]}
        test_on: [other]
        cache: {cuts: [2], shards: 1}
        train: {layers: 2, epochs: 2, batch: {frames: 100, bucketed: true}, memory: 1GB, scores: {resamples: 100}}

        """)
    #expect(try Program.undertone.run(["plan", "x.yaml", "-o", "build/x/rules.mk"], in: folder).code == 0)
    let programs = try Program.undertone.url.deletingLastPathComponent().path
    let made = try Running(
        URL(filePath: "/usr/bin/env"),
        ["-u", "MAKEFLAGS", "make", "-f", "build/x/rules.mk", "UNDERTONE_BIN=\(programs)", "report"], in: folder
    ).wait()
    #expect(made.code == 0, "\(made.said)")
    #expect(folder.names(in: "build/x").count { $0.wholeMatch(of: /cache-(one|two|other)-[0-9a-f]{8}/) != nil } == 3)
    let joint = try folder.read("build/x/corpora/manifest.csv").split(separator: "\n").map(String.init)
    #expect(joint.count == 17)
    #expect(joint.contains("u0,one/u0.wav,train,one/s0,0.0,one"))
    #expect(joint.contains("u7,two/u7.wav,development,two/s3,1.0,two"))
    #expect(joint.count { $0.contains(",test-other,other/") } == 4)
    let result = try #require(
        try JSONSerialization.jsonObject(with: folder.bytes("build/x/runs/seed-0/result.json")) as? [String: Any])
    let scores = try #require(result["scores"] as? [String: [String: [String: Any]]])
    #expect(scores.keys.sorted() == ["development", "test", "test-other"])
    #expect(scores["test-other"]?["activation"]?["count"] as? Int == 4)
    #expect(scores["development"]?["activation"]?["count"] as? Int == 4)
    // Test and development by the corpus that they are from.
    let table = try folder.read("build/x/runs/seed-0/scores.csv")
    #expect(table.contains("development,corpus,one,") || table.contains(",corpus,one"), "\(table)")

    // Caches of other settings are not trained on together, and two of one corpus have the same utterances.
    func train(_ caches: [String]) throws -> Outcome {
        try Program.train.run(
            caches.flatMap { ["--cache", $0] } + [
                "--corpus", "build/x/corpora/manifest.csv", "--out", "run", "--set", "labels=[activation]",
            ], in: folder)
    }
    let cut = try Program.cache.run(
        cacheArguments(corpus: "two/manifest.csv", cut: "1", out: "cut-1"), in: folder)
    #expect(cut.code == 0)
    let one = try #require(folder.names(in: "build/x").first { $0.hasPrefix("cache-one-") && !$0.contains(".") })
    let mixed = try train(["build/x/\(one)", "cut-1"])
    #expect(mixed.code == 65)
    #expect(mixed.said.hasPrefix("error: cut-1/cache.json: cannot be trained on together with build/x/\(one) ("))
    let twice = try train(["build/x/\(one)", "build/x/\(one)"])
    #expect(twice.code == 65 && twice.said.contains("is there twice; ids must be unique"))
}

@Test(arguments: [
    (["sweep", "plain.yaml"], 64, "plain.yaml: the pipeline has no 'sweep'"),
    (["join", "plain.yaml", "-o", "m.csv"], 64, "plain.yaml: the pipeline has one corpus, there is nothing to join"),
    (["sweep", "nowhere.yaml"], 66, "nowhere.yaml: no such file"),
    (["rank", "nowhere", "--epoch", "1"], 65, "none of 1 trial has come far enough"),
    (["plan", "plain.yaml", "--explain", "-o", "x"], 64, "--explain writes nothing"),
])
func mistakesAreSaid(_ arguments: [String], code: Int32, words: String) throws {
    let folder = try Scratch()
    try folder.write(
        "plain.yaml", "name: x\ncorpus: m.csv\nmodel: random:wav2vec2-tiny?seed=0\nlabels: [a]\ncache: {cuts: [1]}\n")
    let outcome = try Program.undertone.run(arguments, in: folder)
    #expect(outcome.code == code && outcome.said.contains(words), "\(outcome.said)")
    #expect(folder.names(in: ".") == ["plain.yaml"])
}
