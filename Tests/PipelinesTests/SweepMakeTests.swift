import Foundation
import Pipelines
import Testing

/// Sweeps and seeds under GNU Make itself, with stand-ins for the programs: see `Workshop`.
@Suite struct SweepMakeTests {
    /// Nine trials, of whom three see epoch 3 and one epoch 9. The larger the heads' learning rate the better.
    static let sweep =
        Workshop.pipeline + """
            sweep:
              space: {optimiser.learning_rate.heads: [0.01, 0.02, 0.09, 0.03, 0.04, 0.08, 0.05, 0.06, 0.07]}
              halving: {eta: 3, min_epochs: 1}

            """
    static let halved = sweep.replacing("train: {", with: "train: {epochs: 9, ")
    static let grid = sweep.replacing("  halving: {eta: 3, min_epochs: 1}\n", with: "").replacing(
        "train: {", with: "train: {epochs: 2, ")

    private func planned(_ pipeline: String) throws -> (Workshop, Plan) {
        let workshop = try Workshop(pipeline: pipeline)
        try workshop.writePlan()
        return (workshop, try workshop.plan())
    }

    private func trial(_ rate: String, of plan: Plan) throws -> Trial {
        try #require(plan.trials.first { $0.point.settings.contains { $0.value == rate } })
    }

    /// What there is of every trial at the end, but for times.
    private func outcome(_ workshop: Workshop, _ plan: Plan) throws -> [String: String] {
        var outcome = ["ranking": try workshop.text(of: plan.ranking)]
        for trial in plan.trials {
            outcome[trial.id] = (try? workshop.text(of: "\(trial.directory)/metrics")) ?? "none"
            if workshop.exists(trial.run.resultPath) { outcome[trial.id, default: ""] += "finished" }
        }
        for rung in plan.rungs { if let path = rung.admission { outcome[path] = try workshop.text(of: path) } }
        return outcome
    }

    @Test func halvingTrainsTheBestOnFromTheirState() throws {
        let (workshop, plan) = try planned(Self.halved)
        let (code, output) = try workshop.make("-j2", "trials", "report")
        #expect(code == 0, "\(output)")
        let outcome = try outcome(workshop, plan)
        let best = try trial("0.09", of: plan)
        #expect(outcome["ranking"] == "\(best.directory)\n")
        #expect(
            outcome["build/x/sweep/rung-1"]
                == (try ["0.09", "0.08", "0.07"].map { "\(try trial($0, of: plan).directory)\n" }.joined()))
        #expect(outcome[best.id] == "0.09 9\nfinished")
        #expect(outcome[try trial("0.08", of: plan).id] == "0.08 3\n")
        #expect(outcome[try trial("0.06", of: plan).id] == "0.06 1\n")
        // Every epoch of every trial is trained once: 9 + 3·2 + 6.
        let epochs = try workshop.text(of: "epochs").split(separator: "\n")
        #expect(epochs.count == 21 && Set(epochs).count == 21)
        try workshop.writePlan()
        #expect(try workshop.make("-q", "trials", "report").code == 0)
    }

    @Test func aGridIsAPlainTargetPerTrial() throws {
        let (workshop, plan) = try planned(Self.grid)
        #expect(plan.rungs.count == 1)
        let one = try trial("0.04", of: plan)
        #expect(try workshop.make("trial-\(one.id)").code == 0)
        #expect(workshop.log.filter { $0.hasPrefix("train") } == ["train anew"])
        #expect(workshop.exists(one.run.resultPath))
        #expect(try workshop.make(try trial("0.05", of: plan).stamp(rung: 0)).code == 0)
        #expect(workshop.log == ["train anew"])
        #expect(try workshop.make("trials").code == 0)
        #expect(workshop.log.filter { $0 == "train anew" }.count == 7)
        let ranked = try workshop.text(of: plan.ranking).split(separator: "\n").map(String.init)
        #expect(ranked.count == 9)
        #expect(ranked.first == (try trial("0.09", of: plan).directory))
    }

    @Test func aLargerGridTrainsWhatItAdds() throws {
        let (workshop, _) = try planned(Self.grid)
        try workshop.make("trials")
        try workshop.write(Self.grid.replacing("0.01, 0.02", with: "0.11, 0.01, 0.02"), to: "x.yaml")
        try workshop.writePlan()
        try workshop.make("trials")
        #expect(workshop.log == ["train anew", "rank 0"])
    }

    @Test func aSmallerGridForgetsWhatItLeavesOut() throws {
        let (workshop, plan) = try planned(Self.grid)
        try workshop.make("trials")
        try workshop.write(Self.grid.replacing("0.09, ", with: ""), to: "x.yaml")
        try workshop.writePlan()
        try workshop.make("trials")
        #expect(workshop.log == ["rank 0"])
        let ranked = try workshop.text(of: plan.ranking).split(separator: "\n").map(String.init)
        #expect(ranked.count == 8)
        #expect(ranked.first == (try trial("0.08", of: plan).directory))
    }

    /// Other rungs, or none, are decided as if they had been there from the start, and go on from what is trained.
    @Test(arguments: [
        ("min_epochs: 1", "min_epochs: 3"), ("eta: 3", "eta: 2"), ("  halving: {eta: 3, min_epochs: 1}\n", ""),
    ])
    func otherRungsGoOnFromWhatIsTrained(_ old: String, _ new: String) throws {
        let (workshop, _) = try planned(Self.halved)
        #expect(try workshop.make("-j2", "trials").code == 0)
        let changed = Self.halved.replacing(old, with: new)
        try workshop.write(changed, to: "x.yaml")
        try workshop.writePlan()
        #expect(try workshop.make("-q", "trials").code != 0)
        let (code, output) = try workshop.make("-j2", "trials")
        #expect(code == 0, "\(output)")
        #expect(try workshop.make("-q", "trials").code == 0)

        let (fresh, plan) = try planned(changed)
        try fresh.make("-j2", "trials")
        for path in [plan.ranking] + plan.rungs.compactMap(\.admission) {
            let expected = try fresh.text(of: path)
            #expect(try workshop.text(of: path) == expected, "\(path)")
        }
        // Each is at least as far as it would be, and no epoch was trained twice.
        let epochs = try workshop.text(of: "epochs").split(separator: "\n")
        let least = try fresh.text(of: "epochs").split(separator: "\n")
        #expect(Set(epochs).count == epochs.count && Set(epochs).isSuperset(of: least))
    }

    /// So many runs may be side by side, and no more share the machine than there are.
    @Test(arguments: [([], 1), (["-j2"], 2), (["-j3"], 3), (["-j400"], 9), (["-j"], 9)])
    func threadsAreDividedAmongTheRunsAtOnce(_ flags: [String], share: Int) throws {
        let (workshop, _) = try planned(Self.grid)
        let (process, pipe) = try workshop.start(flags + ["trials"], environment: ["PATH": try workshop.withCores(12)])
        _ = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let threads = try workshop.text(of: "threads").split(separator: "\n")
        #expect(threads.count == 9 && threads.allSatisfy { $0 == "threads \(12 / share)" }, "\(Set(threads))")
    }

    @Test func seedsAreRunsOfTheirOwn() throws {
        let (workshop, plan) = try planned(Workshop.pipeline + "seeds: [4, 5, 6]\n")
        let (process, pipe) = try workshop.start(["-j2", "train"], environment: ["PATH": try workshop.withCores(4)])
        _ = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(plan.runs.allSatisfy { workshop.exists($0.result) })
        #expect(try workshop.text(of: "threads") == "threads 2\nthreads 2\nthreads 2\n")
        #expect(workshop.log.filter { $0 == "train anew" }.count == 3)
        try workshop.write(Workshop.pipeline + "seeds: [4, 5, 6, 7]\n", to: "x.yaml")
        try workshop.writePlan()
        try workshop.make("train")
        #expect(workshop.log == ["train anew"])
    }

    @Test func dryRunSaysWhatAndDoesNothing() throws {
        let (workshop, plan) = try planned(Self.halved)
        let (code, output) = try workshop.make("-n", "trials")
        #expect(code == 0)
        #expect(workshop.log.isEmpty && !workshop.exists("build/x/sweep/rung-1"))
        for trial in plan.trials {
            #expect(output.contains("--out \(trial.directory) --resume --replace --until-epoch 1 "))
            #expect(output.contains("grep -qxF '\(trial.directory)' build/x/sweep/rung-1 || exit $(($? - 1)); "))
        }
        #expect(output.contains("undertone rank --epoch 1 --keep 3 -o build/x/sweep/rung-1 "))
        try workshop.make("trials")
        #expect(try workshop.make("-n", "trials").output.contains("Nothing to be done"))
    }

    /// A trial that cannot be trained is an outcome, and ranks last.
    @Test(arguments: [halved, grid]) func aTrialThatCannotBeTrainedRanksLast(_ pipeline: String) throws {
        let (workshop, plan) = try planned(pipeline)
        try workshop.write("65", to: "build/x/sweep/\(try trial("0.09", of: plan).id)/fail")
        let (code, output) = try workshop.make("trials")
        #expect(code == 0, "\(output)")
        #expect(output.contains("\(try trial("0.09", of: plan).directory): ranks last"))
        let first = try workshop.text(of: plan.ranking).split(separator: "\n").first.map(String.init)
        #expect(first == (try trial("0.08", of: plan).directory))
        #expect(try workshop.make("-q", "trials").code == 0)
    }

    /// As by `strict`: what lies there is of other settings, and must not be ranked.
    @Test func aTrialThatIsNotEvenTriedStopsMake() throws {
        let (workshop, plan) = try planned(Self.grid)
        #expect(try workshop.make("trials").code == 0)
        let refused = try trial("0.09", of: plan)
        try workshop.write("65", to: "build/x/sweep/\(refused.id)/refuse")
        try workshop.remove(refused.stamp(rung: 0))
        let (code, output) = try workshop.make("trials")
        #expect(code != 0 && output.contains("Error 65") && !output.contains("ranks last\n"), "\(output)")
        #expect(!workshop.exists(refused.stamp(rung: 0)))
    }

    @Test func anyOtherFailureStopsMakeAndKGoesOnPastIt() throws {
        let (workshop, plan) = try planned(Self.grid)
        let failing = try trial("0.01", of: plan)
        try workshop.write("70", to: "build/x/sweep/\(failing.id)/fail")
        let (code, output) = try workshop.make("trials")
        #expect(code != 0 && output.contains("Error 70"))
        #expect(plan.trials.allSatisfy { !workshop.exists($0.run.resultPath) })
        #expect(try workshop.make("-k", "trials").code != 0)
        let finished = plan.trials.filter { workshop.exists($0.run.resultPath) }
        #expect(finished.count == 8 && !finished.contains(failing))
        #expect(!workshop.exists(plan.ranking) && !workshop.exists(failing.stamp(rung: 0)))
        try workshop.remove("build/x/sweep/\(failing.id)/fail")
        #expect(try workshop.make("trials").code == 0)
        #expect(workshop.log == ["train anew", "rank 0"])
    }

    /// A tool that is killed has given no answer, or a part of one: neither may be taken for one.
    @Test(arguments: [
        ("grep", "case $* in *rung-1) kill -9 $$;; esac\n"),
        ("cat", "case $1 in */sweep/trials) head -n 3 $1; kill -9 $$;; esac\n"),
    ])
    func nothingIsConcludedFromAToolThatIsKilled(_ tool: String, _ body: String) throws {
        let (undisturbed, plan) = try planned(Self.halved)
        try undisturbed.make("-j2", "trials")
        let (workshop, _) = try planned(Self.halved)
        let tools = try workshop.withTool(tool, body + "PATH=/usr/bin:/bin exec \(tool) \"$@\"\n")
        let (process, pipe) = try workshop.start(["-j2", "trials"], environment: ["PATH": tools])
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus != 0, "\(said)")
        #expect(plan.trials.allSatisfy { !workshop.exists($0.stamp(rung: 1)) })

        let (code, output) = try workshop.make("-j2", "trials")
        #expect(code == 0, "\(output)")
        let expected = try outcome(undisturbed, plan)
        #expect(try outcome(workshop, plan) == expected)
    }

    /// `kill -9` of make at random moments, what it started living on, and then the same command: the same end as undisturbed, no
    /// epoch trained twice.
    @Test(arguments: 0..<3) func killedAtAnyMomentItEndsTheSame(_ number: Int) throws {
        let (undisturbed, plan) = try planned(Self.halved)
        try undisturbed.make("-j3", "trials")
        let expected = try outcome(undisturbed, plan)

        let (workshop, _) = try planned(Self.halved)
        var killed: [Process] = []
        for kill in 0..<6 {
            let (process, _) = try workshop.start(["-j3", "trials"], environment: ["EPOCH_SECONDS": "0.02"])
            usleep(UInt32(20_000 * (1 + (kill * 7 + number * 5) % 11)))
            Foundation.kill(process.processIdentifier, SIGKILL)
            killed.append(process)
            // Sometimes at once, sometimes after those that live on have got further.
            if kill % 2 == 1 { usleep(60_000) }
        }
        let (code, output) = try workshop.make("-j3", "trials")
        #expect(code == 0, "\(output)")
        // Foundation takes a process for ended once all that it started is, too.
        for process in killed { process.waitUntilExit() }
        #expect(try outcome(workshop, plan) == expected)
    }
}
