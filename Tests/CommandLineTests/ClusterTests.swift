import Foundation
import Testing

private let cluster = ProcessInfo.processInfo.environment["UNDERTONE_SLURM"]

/// On a real Slurm of two nodes, which scripts/test-slurm.sh sets up on this machine.
@Suite(.serialized, .enabled(if: cluster != nil, "`make test-slurm` sets a Slurm up and runs these on it"))
struct ClusterTests {
    /// On one thread, so that the bits do not depend on the machine; and a task per node.
    private static let settings = """
        name: x
        corpus: manifest.csv
        model: random:wav2vec2-tiny?seed=0
        labels: [activation]
        cache: {cuts: [2], shards: 3}
        train: {layers: 2, epochs: 4, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
        seeds: [0, 1]

        """
    private static let sweep = """
        sweep:
          space:
            optimiser.learning_rate.heads: [1.0e-4, 1.0e-2]
            optimiser.schedule: [linear, constant]
          halving: {eta: 2, min_epochs: 1}

        """

    private static func launcher(setup: String) -> String {
        """
        launcher:
          slurm:
            time: 10
            cpus: 2
            memory: 200M
            report: {cpus: 1}
            setup: |
        \(setup.split(separator: "\n").map { "      \($0)\n" }.joined())
        """
    }

    private func studied(_ manifest: String) throws -> Scratch {
        let folder = try Scratch()
        try folder.writeCorpus(12)
        try folder.write("x.yaml", manifest)
        return folder
    }

    // MARK: A whole study

    /// A sweep of halving, of which a trial fails the first time. What Slurm leaves under `there` is what make leaves under `build`.
    @Test func slurmGivesWhatMakeGives() throws {
        let failing = """
            if [[ $SLURM_JOB_NAME == x:rung-0 && $SLURM_ARRAY_TASK_ID == 3 && ! -e mended ]]; then exit 7; fi
            """
        let folder = try studied(Self.settings + Self.sweep + Self.launcher(setup: failing))
        let local = try Program.undertone.run(["sweep", "x.yaml", "-j", "2", "--progress", "none"], in: folder)
        try #require(local.code == 0, "\(local.said)")

        let first = try submit(folder)
        #expect(first.state == "submitted")
        #expect(
            first.names == [
                "x:shards", "x:cache", "x:rung-0", "x:admission-1", "x:rung-1", "x:admission-2", "x:rung-2", "x:report",
            ])
        let again = try submit(folder)
        #expect(again.state == "queued" && !again.jobs.isEmpty && Set(again.jobs).isSubset(of: first.jobs))
        try waitUntilDone(in: folder)
        // The other trials of the rung came to its end, and what would have compared them was not begun.
        #expect(stamps(of: 0, in: folder).count == 7)
        #expect(!folder.exists("there/x/sweep/rung-1") && !folder.exists("there/x/report.html"))

        try folder.write("mended", "")
        let second = try submit(folder)
        #expect(second.state == "submitted" && second.names.first == "x:rung-0" && second.tasks.first == 1)
        try waitUntilDone(in: folder)
        #expect(try submit(folder).state == "up_to_date")
        #expect(folder.exists("there/x/report.html"))
        try expectSame(folder)
        // Make takes Slurm's work for its own.
        let planned = try Program.undertone.run(["plan", "x.yaml", "--build", "there", "--explain"], in: folder)
        #expect(planned.output == "everything is up to date\n")
    }

    // MARK: Disturbed

    /// The node of one run loses its power, the other run is warned that its time is nearly up: both go on and end as if nothing had been.
    @Test func disturbedJobsGoOnToTheSameResults() throws {
        // A run of the first attempt does not come to an end before the disturbance does.
        let lingering = """
            if [[ $SLURM_JOB_NAME == x:train && ${SLURM_RESTART_COUNT:-0} == 0 ]]; then
                undertone-train() {
                    trap 'exit 75' TERM
                    command undertone-train "$@" --until-epoch 2
                    while :; do sleep 0.1; done
                }
            fi
            """
        let folder = try studied(Self.settings + Self.launcher(setup: lingering))
        try #require(try make("report", in: folder).code == 0)
        let submission = try submit(folder)
        #expect(submission.names == ["x:shards", "x:cache", "x:train", "x:report"])
        let train = try #require(submission.jobs.dropFirst(2).first)
        try waitUntil("both runs have come to epoch 2") {
            ["0", "1"].allSatisfy { seed in
                ((try? folder.read("there/x/runs/seed-\(seed)/metrics.jsonl")) ?? "").split(separator: "\n").count == 2
            }
        }
        let node = try slurm(["squeue", "--noheader", "--format=%N", "--jobs=\(train)_0"], in: folder)
        try kill(node: node, in: folder)
        _ = try slurm(["scancel", "--batch", "--signal=USR1", "\(train)_1"], in: folder)
        try waitUntilDone(in: folder)
        _ = try slurm(["\(try #require(cluster))/start-node", node], in: folder)

        for task in [0, 1] {
            let told = try slurm(["scontrol", "show", "job", "\(train)_\(task)"], in: folder)
            #expect(told.contains(" Restarts=1 ") && told.contains("JobState=COMPLETED"), "\(told)")
            let log = try folder.read("there/x/slurm/log/train-\(train)_\(task).log")
            #expect(log.components(separatedBy: "run there/x/runs/seed-\(task)\n").count == 3, "\(log)")
        }
        #expect(try submit(folder).state == "up_to_date")
        try expectSame(folder)
    }

    /// Nodes lose their power at random moments of a halving sweep, a shard, a trial or a decision under way or none, and come back: what fails
    /// for good is submitted again, and all ends as if nothing had been. `UNDERTONE_KILLS` says how often.
    @Test func nodesThatDieAtAnyMomentOfASweepChangeNothing() throws {
        let environment = ProcessInfo.processInfo.environment
        let folder = try studied(Self.settings + Self.sweep + Self.launcher(setup: "true"))
        let begin = ContinuousClock.now
        let local = try Program.undertone.run(["sweep", "x.yaml", "-j", "2", "--progress", "none"], in: folder)
        try #require(local.code == 0, "\(local.said)")
        let seconds = begin.duration(to: .now) / .seconds(1)

        var random = SplitMix(state: environment["UNDERTONE_KILL_SEED"].flatMap(UInt64.init) ?? 1)
        #expect(try submit(folder).state == "submitted")
        for _ in 0..<(environment["UNDERTONE_KILLS"].flatMap(Int.init) ?? 2) {
            // Slurm takes longer than make: the kills are spread over what is surely not its end.
            usleep(UInt32(seconds * 1e6 * Double(random.below(1000)) / 1000))
            let busy = try slurm(["squeue", "--noheader", "--states=RUNNING", "--format=%N"], in: folder)
                .split(separator: "\n").map(String.init)
            let node = busy.isEmpty ? "n\(1 + random.below(2))" : busy[random.below(busy.count)]
            try kill(node: node, in: folder)
            // Missed by the controller, or back before it is.
            usleep(UInt32(random.below(8)) * 1_000_000)
            _ = try slurm(["\(try #require(cluster))/start-node", node], in: folder)
        }
        try waitUntilDone(in: folder)
        for _ in 0..<3 where try submit(folder).state != "up_to_date" { try waitUntilDone(in: folder) }
        #expect(try submit(folder).state == "up_to_date" && folder.exists("there/x/report.html"))
        try expectSame(folder)
    }

    /// A job that its user cancels is told to stop, and does not come back.
    @Test func aCancelledJobStaysCancelled() throws {
        let waiting = """
            undertone-cache() {
                echo begun >>begun
                trap 'echo told >>told; exit 75' TERM
                while :; do sleep 0.1; done
            }
            """
        let folder = try studied(Self.settings + Self.launcher(setup: waiting))
        let submission = try submit(folder)
        try waitUntil("a shard is begun") { folder.exists("begun") }
        _ = try slurm(["scancel"] + submission.jobs, in: folder)
        try waitUntilDone(in: folder)
        #expect(folder.exists("told"))
        let states = try slurm(
            [
                "squeue", "--noheader", "--states=all", "--format=%T",
                "--jobs=\(submission.jobs.joined(separator: ","))",
            ],
            in: folder)
        #expect(Set(states.split(separator: "\n")) == ["CANCELLED"], "\(states)")
    }

    // MARK: Means

    private struct Answer {
        var state: String
        var jobs: [String]
        var names: [String]
        var tasks: [Int?]
    }

    private func submit(_ folder: Scratch) throws -> Answer {
        let outcome = try Program.undertone.run(["submit", "x.yaml", "--build", "there", "--json"], in: folder)
        try #require(outcome.code == 0, "\(outcome.said)")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let entries = (json["submitted"] as? [[String: Any]] ?? []) + (json["queued"] as? [[String: Any]] ?? [])
        return Answer(
            state: json["state"] as? String ?? "", jobs: entries.compactMap { $0["job"] as? String },
            names: entries.compactMap { $0["name"] as? String }, tasks: entries.map { $0["tasks"] as? Int })
    }

    /// - Returns: what it printed, without the last newline.
    private func slurm(_ arguments: [String], in folder: Scratch) throws -> String {
        let outcome = try Running(URL(filePath: "/usr/bin/env"), arguments, in: folder).wait(seconds: 60)
        try #require(outcome.code == 0, "\(arguments): \(outcome.said)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    /// It may take the very processes that were asked for, and finds others gone.
    private func kill(node: String, in folder: Scratch) throws {
        let outcome = try Running(URL(filePath: "\(try #require(cluster))/kill-node"), [node], in: folder).wait()
        try #require(outcome.code == 0, "\(outcome.said)")
    }

    private func make(_ target: String, in folder: Scratch) throws -> Outcome {
        let planned = try Program.undertone.run(["plan", "x.yaml", "-o", "build/x/rules.mk"], in: folder)
        try #require(planned.code == 0, "\(planned.said)")
        let programs = try Program.undertone.url.deletingLastPathComponent().path
        return try Running(
            URL(filePath: "/usr/bin/env"),
            ["-u", "MAKEFLAGS", "make", "-f", "build/x/rules.mk", "UNDERTONE_BIN=\(programs)", target], in: folder
        ).wait()
    }

    private func waitUntil(_ what: String, _ isSo: () throws -> Bool) throws {
        let begin = ContinuousClock.now
        while try !isSo() {
            guard begin.duration(to: .now) < .seconds(300) else { throw TooLong(what: what) }
            usleep(50_000)
        }
    }

    private struct TooLong: Error { var what: String }

    /// Slurm lets a job that it queues again wait for two minutes, which nothing is learnt from.
    private func waitUntilDone(in folder: Scratch) throws {
        var since: [String: ContinuousClock.Instant] = [:]
        try waitUntil("the queue is empty") {
            let queue = try slurm(["squeue", "--array", "--noheader", "--format=%i %T %r"], in: folder)
            let waiting = queue.split(separator: "\n").filter { $0.hasSuffix(" PENDING BeginTime") }
                .map { line in String(line.prefix { $0 != " " }) }
            since = since.filter { waiting.contains($0.key) }
            for job in waiting {
                // A node takes a job of the second in which it was told to end the same job for that one, and refuses it: this is what
                // Slurm's two minutes are for.
                guard since[job, default: .now].duration(to: .now) > .seconds(5) else {
                    since[job] = since[job] ?? .now
                    continue
                }
                since[job] = nil
                // It may have been begun since.
                _ = try? Running(
                    URL(filePath: "/usr/bin/env"), ["scontrol", "update", "JobId=\(job)", "StartTime=now"], in: folder
                ).wait()
            }
            return queue.isEmpty
        }
    }

    private func stamps(of rung: Int, in folder: Scratch) -> [String] {
        folder.names(in: "there/x/sweep").flatMap { trial in
            folder.names(in: "there/x/sweep/\(trial)").filter { $0.hasSuffix(".rung-\(rung)") }
        }
    }

    /// Caches, weights, predictions and decisions, byte by byte.
    private func expectSame(_ folder: Scratch) throws {
        func files(_ build: String) throws -> [String: Data] {
            let all = try #require(FileManager.default.enumerator(atPath: "\(folder.path)/\(build)/x"))
            var files: [String: Data] = [:]
            for case let name as String in all {
                let last = URL(filePath: name).lastPathComponent
                let isResult =
                    name.hasPrefix("cache-") && name.contains("/") || last == "best.safetensors" || last == "scores.csv"
                    || last.hasPrefix("predictions-") || name == "sweep/ranking" || name.hasPrefix("sweep/rung-")
                guard isResult else { continue }
                let text = try folder.bytes("\(build)/x/\(name)")
                // Lists name the runs by where they lie.
                files[name] =
                    name.hasPrefix("sweep/r")
                    ? Data(String(decoding: text, as: UTF8.self).replacing("\(build)/", with: "").utf8) : text
            }
            return files
        }
        let (here, there) = (try files("build"), try files("there"))
        #expect(here.keys.sorted() == there.keys.sorted())
        #expect(here.count > 10 && here.keys.contains { $0.hasSuffix("cache.json") })
        for (name, bytes) in here { #expect(bytes == there[name], "\(name)") }
    }
}
