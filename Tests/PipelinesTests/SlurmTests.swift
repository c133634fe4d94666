import Foundation
import Pipelines
import Testing

/// The scripts for Slurm, without Slurm: what they say, and what they do when bash runs them as Slurm would, with stand-ins for the
/// programs (see `Workshop`). Tests/CommandLineTests/SlurmTests.swift has the real thing.
@Suite struct SlurmTests {
    private static let launcher = """
        launcher:
          slurm:
            partition: cpu
            account: speech
            time: 4:00:00
            memory: 16G
            cpus: 8
            tasks: 2
            options: {qos: long, exclusive: true}
            setup: |
              module load hdf5
              ulimit -c 0
            cache: {cpus: 16, at_once: 2, time: 1-0, options: {qos: short}}
            report: {memory: 2G, cpus: 1, partition: login}

        """
    private static let study = SweepMakeTests.halved + launcher
    private static let corpora = """
        name: x
        model: random:wav2vec2-base?seed=0
        labels: [activation]
        corpora: {one: {manifest: one.csv}, two: {manifest: two.csv}}
        cache: {cuts: [9], shards: 1}
        seeds: [0, 1]
        launcher: slurm

        """

    private func planned(_ yaml: String, folder: String? = nil) throws -> SlurmPlan {
        let corpus = folder.map { "\($0)/corpus/manifest.csv" }
        let plan = try Plan(
            Pipeline(yaml: yaml, source: "x.yaml", corpus: corpus), source: .init(path: "x.yaml"),
            build: folder.map { "\($0)/build" } ?? "no-such-build")
        guard case .slurm(let settings) = plan.pipeline.launcher else { throw NotSlurm() }
        return SlurmPlan(
            plan, Explanation(plan), settings: settings, programs: folder.map { "\($0)/bin" } ?? "/opt/under tone/bin")
    }

    private struct NotSlurm: Error {}

    /// After changing a script on purpose, write them anew with `UNDERTONE_REWRITE_GOLDEN=1 swift test --filter SlurmTests`.
    @Test(arguments: [(study, "slurm-sweep.txt"), (corpora, "slurm-corpora.txt")])
    func scriptsAreAsReviewed(_ yaml: String, name: String) throws {
        let text = try planned(yaml).dryRun
        let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)")
        if ProcessInfo.processInfo.environment["UNDERTONE_REWRITE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: golden)
        }
        #expect(text == (try String(contentsOf: golden, encoding: .utf8)))
    }

    // MARK: Run as Slurm would

    /// Runs what is missing, a task after another; a job of which a task fails takes those after it with it.
    /// - Returns: the exit codes that are not 0, by job.
    private func run(_ workshop: Workshop, _ yaml: String) throws -> (jobs: [SlurmJob], failed: [String: Int32]) {
        let slurm = try planned(yaml, folder: workshop.path)
        try slurm.plan.writeStamps()
        try slurm.write()
        var failed: [String: Int32] = [:]
        for job in slurm.jobs {
            guard job.after.allSatisfy({ failed[$0] == nil }) else {
                failed[job.name] = -1
                continue
            }
            let count = job.taskCount(slurm.settings)
            for task in 0..<(count ?? 1) {
                let process = try start(workshop, slurm.scriptPath(of: job), task: count.map { (task, $0) })
                process.waitUntilExit()
                if process.terminationStatus != 0 { failed[job.name] = process.terminationStatus }
            }
        }
        return (slurm.jobs, failed)
    }

    private func start(_ workshop: Workshop, _ script: String, task: (Int, Int)?) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [script]
        process.currentDirectoryURL = URL(filePath: workshop.path)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLURM_") }
        environment["SLURM_JOB_ID"] = "77"
        environment["SLURM_ARRAY_TASK_ID"] = task.map { "\($0.0)" }
        environment["SLURM_ARRAY_TASK_COUNT"] = task.map { "\($0.1)" }
        process.environment = environment
        let log = "\(workshop.path)/said"
        if !workshop.exists("said") { try Data().write(to: URL(filePath: log)) }
        let handle = FileHandle(forWritingAtPath: log)
        try handle?.seekToEnd()
        process.standardOutput = handle
        process.standardError = handle
        // This thread may have signals blocked, which would be inherited; Slurm starts scripts with none blocked.
        var (none, own) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &own)
        defer { pthread_sigmask(SIG_SETMASK, &own, nil) }
        try process.run()
        return process
    }

    /// `module` is a shell's function on a cluster.
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.writeProgram("module", "true\n")
        try workshop.writeProgram("scontrol", "echo \"$@\" >>\"\(workshop.path)/requeued\"\n")
        return workshop
    }

    /// Every trial's last epoch, and who was let into each rung, but for where they lie.
    private func outcome(_ workshop: Workshop, _ plan: Plan) throws -> [String: String] {
        var outcome = ["ranking": (try? workshop.read(plan.ranking)) ?? "none"]
        for trial in plan.trials { outcome[trial.id] = (try? workshop.read("\(trial.directory)/metrics")) ?? "none" }
        for rung in plan.rungs { if let path = rung.admission { outcome["\(rung.number)"] = try workshop.read(path) } }
        return outcome.mapValues { $0.replacing(workshop.path + "/", with: "") }
    }

    @Test(arguments: [study, SweepMakeTests.grid + "launcher: slurm\n", Workshop.pipeline + "launcher: slurm\n"])
    func jobsLeaveWhatMakeLeaves(_ yaml: String) throws {
        let workshop = try workshop()
        let (jobs, failed) = try run(workshop, yaml)
        #expect(failed.isEmpty, "\(workshop.said)")
        #expect(jobs.first?.name == "shards" && jobs.last?.name == "report")
        let plan = try planned(yaml, folder: workshop.path).plan
        #expect("\(Explanation(plan))" == "everything is up to date")
        try workshop.write(plan.makeRules, to: "build/x/rules.mk")
        #expect(try workshop.make("-q", "report").code == 0)

        let local = try self.workshop()
        let there = try planned(yaml, folder: local.path).plan
        try there.writeStamps()
        try local.write(there.makeRules, to: "build/x/rules.mk")
        let (code, output) = try local.make("-j2", "report")
        #expect(code == 0, "\(output)")
        let expected = try outcome(local, there)
        #expect(try outcome(workshop, plan) == expected)
        // Nothing is trained twice.
        let epochs = try workshop.text(of: "epochs").split(separator: "\n")
        #expect(Set(epochs).count == epochs.count)
        #expect(epochs.count == (try local.text(of: "epochs").split(separator: "\n").count))
        // And Make's work is taken for done.
        #expect(try planned(yaml, folder: local.path).jobs.isEmpty)
    }

    @Test func aFailingTrialTakesNoOtherDownAndIsSubmittedAlone() throws {
        let workshop = try workshop()
        let plan = try planned(Self.study, folder: workshop.path).plan
        let trial = plan.trials[1]
        try workshop.write("7", to: "build/x/sweep/\(trial.id)/fail")
        let (_, failed) = try run(workshop, Self.study)
        #expect(
            failed == ["rung-0": 7, "admission-1": -1, "rung-1": -1, "admission-2": -1, "rung-2": -1, "report": -1])
        let done = plan.trials.filter { FileManager.default.fileExists(atPath: $0.stamp(rung: 0)) }
        #expect(done.count == plan.trials.count - 1)

        try workshop.remove("build/x/sweep/\(trial.id)/fail")
        let missing = try planned(Self.study, folder: workshop.path).jobs
        #expect(missing.map(\.name) == ["rung-0", "admission-1", "rung-1", "admission-2", "rung-2", "report"])
        #expect(missing.first?.work?.content == "\(trial.directory)\n")
        #expect(missing.first?.after == [])
        #expect(try run(workshop, Self.study).failed.isEmpty)
        let undisturbed = try self.workshop()
        #expect(try run(undisturbed, Self.study).failed.isEmpty)
        let there = try planned(Self.study, folder: undisturbed.path).plan
        let expected = try outcome(undisturbed, there)
        #expect(try outcome(workshop, plan) == expected)
    }

    /// Exit code 65: its loss is not finite, say.
    @Test func aTrialThatCannotBeTrainedRanksLast() throws {
        let workshop = try workshop()
        let plan = try planned(Self.study, folder: workshop.path).plan
        try workshop.write("65", to: "build/x/sweep/\(plan.trials[2].id)/fail")
        #expect(try run(workshop, Self.study).failed.isEmpty)
        #expect(try workshop.text(of: "said").contains("\(plan.trials[2].directory): ranks last\n"))
        #expect("\(Explanation(plan))" == "everything is up to date")
    }

    /// A grep that is killed has not said who goes on: of nine trials, the third, while that is decided, and the first of three that do.
    @Test(arguments: [(3, "admission-1"), (10, "rung-1")])
    func nothingIsConcludedFromAGrepThatIsKilled(_ call: Int, job: String) throws {
        let workshop = try workshop()
        try workshop.writeProgram(
            "grep",
            """
            echo >>"\(workshop.path)/greps"
            if [ "$(wc -l <"\(workshop.path)/greps")" -eq \(call) ]; then kill -9 $$; fi
            PATH=/usr/bin:/bin exec grep "$@"

            """)
        #expect(try run(workshop, Self.study).failed[job] == 128 + SIGKILL, "\(workshop.said)")
        #expect(try run(workshop, Self.study).failed.isEmpty, "\(workshop.said)")
        let undisturbed = try self.workshop()
        #expect(try run(undisturbed, Self.study).failed.isEmpty)
        let expected = try outcome(undisturbed, try planned(Self.study, folder: undisturbed.path).plan)
        #expect(try outcome(workshop, try planned(Self.study, folder: workshop.path).plan) == expected)
    }

    /// The trial of a decided rung that failed, and none that were not let in.
    @Test func aDecidedRungIsGoneOnWith() throws {
        let workshop = try workshop()
        #expect(try run(workshop, Self.study).failed.isEmpty)
        let plan = try planned(Self.study, folder: workshop.path).plan
        let last = try #require(plan.rungs.last)
        let best = try workshop.read(plan.ranking).split(separator: "\n").map(String.init)
        for directory in best { try FileManager.default.removeItem(atPath: "\(directory).rung-\(last.number)") }
        let jobs = try planned(Self.study, folder: workshop.path).jobs
        #expect(jobs.map(\.name) == ["rung-2", "report"])
        #expect(jobs.first?.work?.content == best.map { "\($0)\n" }.joined())
        #expect(try run(workshop, Self.study).failed.isEmpty)
        #expect("\(Explanation(plan))" == "everything is up to date")
    }

    /// Of settings that leave what is there as it is, and of other rungs: once, as under Make.
    @Test(arguments: [("shards: 3", "shards: 3, max_rejects: 1"), ("min_epochs: 1", "min_epochs: 3")])
    func changedSettingsAreSubmittedOnce(_ old: String, _ new: String) throws {
        let workshop = try workshop()
        #expect(try run(workshop, Self.study).failed.isEmpty)
        let changed = Self.study.replacing(old, with: new)
        let (jobs, failed) = try run(workshop, changed)
        #expect(!jobs.isEmpty && failed.isEmpty, "\(workshop.said)")
        let plan = try planned(changed, folder: workshop.path).plan
        #expect("\(Explanation(plan))" == "everything is up to date")
        let fresh = try self.workshop()
        #expect(try run(fresh, changed).failed.isEmpty)
        let expected = try outcome(fresh, try planned(changed, folder: fresh.path).plan)
        #expect(try outcome(workshop, plan) == expected)
    }

    // MARK: Signals

    /// A program that says that it has begun, and saves when it is asked to stop.
    private static let patient = """
        trap 'echo saved >>saved; exit 75' TERM
        echo begun >>begun
        while :; do sleep 0.02; done

        """

    /// The warning before the time is up reaches the program once, and the job is queued again; of what Slurm sends to the program
    /// itself, the script makes nothing more.
    @Test(arguments: [(SIGUSR1, false, "requeue 77\n"), (SIGTERM, true, "")])
    func whatIsStoppedIsSavedFirst(_ signal: Int32, tellsProgram: Bool, requeued: String) throws {
        let workshop = try workshop()
        try workshop.writeProgram("undertone-cache", Self.patient)
        let slurm = try planned(Self.study, folder: workshop.path)
        try slurm.plan.writeStamps()
        try slurm.write()
        let process = try start(workshop, slurm.scriptPath(of: slurm.jobs[0]), task: (0, 1))
        while process.isRunning, !workshop.exists("begun") { usleep(2000) }
        kill(process.processIdentifier, signal)
        if tellsProgram {
            for child in try children(of: process.processIdentifier) { kill(child, signal) }
        }
        process.waitUntilExit()
        #expect(process.terminationStatus == 75, "\(workshop.said)")
        #expect(try workshop.text(of: "saved") == "saved\n")
        // The shards that were left are not begun.
        #expect(try workshop.text(of: "begun") == "begun\n")
        #expect(((try? workshop.text(of: "requeued")) ?? "") == requeued)
    }

    private func children(of parent: pid_t) throws -> [pid_t] {
        try String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8).split(separator: " ")
            .compactMap { pid_t($0) }
    }

    // MARK: The queue

    @Test func theQueueIsReadByTaskAndNothingElseIsCounted() {
        let output = """
            12\tRUNNING\t/here\tx:shards
            12\tRUNNING\t/here\tx:shards
            12\tPENDING\t/here\tx:shards
            9\tPENDING\t/here\tx:cache
            30\tRUNNING\t/elsewhere\tx:cache
            31\tRUNNING\t/here\txx:cache
            40\tRUNNING\t/elsewhere\trenamed\tby hand
            bad line

            """
        let queue = SlurmQueue(output, recorded: ["40", "41"], pipeline: "x", directory: "/here")
        #expect(queue.jobs.map(\.identifier) == ["9", "12", "40"])
        #expect(queue.jobs[1].states == ["RUNNING": 2, "PENDING": 1])
        #expect(queue.jobs[2].name == "renamed\tby hand")
        #expect(SlurmQueue("", recorded: [], pipeline: "x", directory: "/here").jobs.isEmpty)
    }

    @Test func jobsAreRecordedOneByOne() throws {
        let workshop = try workshop()
        let record = SlurmRecord(try planned(Self.study, folder: workshop.path).plan)
        #expect(record.identifiers().isEmpty)
        try workshop.write("", to: "build/x/slurm/other")
        try record.append(.init(job: "12", name: "x:shards", tasks: 3, after: []))
        try record.append(.init(job: "13", name: "x:cache", tasks: nil, after: ["12"]))
        #expect(record.identifiers() == ["12", "13"])
        #expect(try workshop.read(record.path) == "job,name,tasks,after\n12,x:shards,3,\n13,x:cache,,12\n")
    }

    // MARK: Settings

    @Test func aStageSaysWhatItAsksForBeyondTheRest() throws {
        guard case .slurm(let settings) = try Pipeline(yaml: Self.study, source: "x.yaml").launcher else {
            throw NotSlurm()
        }
        let (cache, train) = (settings.resources(of: .cache), settings.resources(of: .train))
        #expect(cache.cpus == 16 && cache.memory == "16G" && cache.atOnce == 2 && cache.time == "1-0")
        #expect(train.cpus == 8 && train.atOnce == nil && train.time == "4:00:00")
        #expect(cache.options.map(\.name) == ["exclusive", "qos"] && cache.options.map(\.value) == [nil, "short"])
        #expect(train.options.map(\.value) == ["long", nil])
        #expect(settings.resources(of: .report).partition == "login")
    }
}

extension Workshop {
    fileprivate func read(_ absolutePath: String) throws -> String {
        try String(contentsOfFile: absolutePath, encoding: .utf8)
    }

    /// By all scripts.
    fileprivate var said: String { (try? text(of: "said")) ?? "" }
}
