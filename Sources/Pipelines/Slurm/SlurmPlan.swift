/// Which jobs make what is missing of a pipeline's report: arrays over shards, then what makes caches of them, then arrays over
/// runs or over the trials of each rung, then the report.
///
/// They leave behind what Make would have left, times of files included, so that either goes on where the other stopped.
public struct SlurmPlan: Sendable, Equatable {
    public let plan: Plan
    public let settings: SlurmSettings
    /// The folder of the programs.
    public let programs: String
    /// Each after those that it needs; empty where everything is up to date.
    public private(set) var jobs: [SlurmJob] = []

    /// For scripts, lists and logs.
    public var folder: String { "\(plan.folder)/slurm" }
    public var logFolder: String { "\(folder)/log" }

    private let needed: Set<String>

    /// - Parameters:
    ///   - plan: the whole pipeline's.
    ///   - explanation: what of the plan is missing or out of date.
    ///   - settings: what the jobs ask of Slurm.
    ///   - programs: the folder of the programs, as the nodes see it.
    public init(_ plan: Plan, _ explanation: Explanation, settings: SlurmSettings, programs: String) {
        self.plan = plan
        self.settings = settings
        self.programs = programs
        needed = Set(explanation.entries.map(\.target))
        let caches = plan.caches.indices.flatMap(cacheJobs)
        let corpus = corpusJobs
        jobs = caches + corpus
        let sources = (caches.filter { $0.work == nil } + corpus).map(\.name)
        var last = sources
        if plan.trials.isEmpty {
            last = add(trainJob(after: sources)) ?? sources
        } else {
            for rung in plan.rungs { last = add(rung, after: last) }
        }
        add(reportJob(after: last))
    }

    /// - Returns: what the next job waits for; nil where there is no such job.
    @discardableResult
    private mutating func add(_ job: SlurmJob?) -> [String]? {
        guard let job else { return nil }
        jobs.append(job)
        return [job.name]
    }

    // MARK: Caches

    private func cacheJobs(_ number: Int) -> [SlurmJob] {
        let cache = plan.caches[number]
        let suffix = cache.corpus.name.isEmpty ? "" : "-\(cache.corpus.name)"
        let command = ["resumable", "undertone-cache"] + words(plan.cacheArguments(number)) + ["--progress plain"]
        let missing = cache.shards.indices.filter { needed.contains(cache.shards[$0]) }
        var jobs: [SlurmJob] = []
        if !missing.isEmpty {
            jobs.append(
                array(
                    "shards\(suffix)", .cache,
                    purpose:
                        "Stage one, a shard of \(cache.folder) at a time. One that is whole is left as it is, and one that "
                        + "was begun is gone on with.",
                    lines: missing.map(String.init), each: "shard",
                    SlurmScript.folded(command + ["--only-shard \"$shard\"", "|| return"]) + [
                        "touch -c \(shellWord(cache.folder))/shard-$(printf %05d \"$shard\").h5"
                    ]))
        }
        if needed.contains(cache.manifest) {
            jobs.append(
                SlurmJob(
                    name: "cache\(suffix)", stage: .cache,
                    purpose: "All shards of \(cache.folder) are there: checks them and writes the cache's description.",
                    after: jobs.map(\.name), body: SlurmScript.folded(command)))
        }
        return jobs
    }

    private var corpusJobs: [SlurmJob] {
        guard let joint = plan.joint, needed.contains(joint.manifest) else { return [] }
        return [
            SlurmJob(
                name: "corpus", stage: .report, purpose: "Joins the corpora's manifests.",
                body: SlurmScript.folded(["undertone"] + words(plan.joinArguments(joint))))
        ]
    }

    // MARK: Runs and trials

    /// Of the run in `$run`.
    private var trainCommand: [String] {
        ["resumable", "undertone-train"] + words(plan.trainArguments)
            + ["--config \"$run.yaml\"", "--out \"$run\"", "--resume", "--replace", "--progress plain"]
    }

    private func trainJob(after sources: [String]) -> SlurmJob? {
        let missing = plan.runs.filter { needed.contains($0.result) }.map(\.directory)
        guard !missing.isEmpty else { return nil }
        return array(
            "train", .train, purpose: "Stage two, a run at a time. A finished one is left as it is.", after: sources,
            lines: missing, each: "run",
            SlurmScript.folded(trainCommand + ["|| return"]) + ["touch -c \"$run/result.json\""])
    }

    /// - Returns: what the next job waits for.
    private mutating func add(_ rung: Rung, after last: [String]) -> [String] {
        var last = last
        let isDecided = rung.admission.map { !needed.contains($0) } ?? true
        if !isDecided { last = add(admissionJob(rung, after: last)) ?? last }
        let missing = plan.trials.filter { needed.contains($0.stamp(rung: rung.number)) }.map(\.directory)
        guard !missing.isEmpty else { return last }
        let isOnly = plan.rungs.count == 1
        var job = array(
            isOnly ? "trials" : "rung-\(rung.number)", .train,
            purpose:
                "Stage two, a trial at a time, up to epoch \(rung.epochs). One that is there already is left as it is.",
            after: last, lines: missing, each: "run", trialBody(rung))
        if let admission = rung.admission, !isDecided {
            job.work = .init(
                item: "run", list: admission, content: nil, count: rung.points * plan.pipeline.seeds.count)
        }
        return add(job) ?? last
    }

    private func trialBody(_ rung: Rung) -> [String] {
        let until = rung.number == plan.rungs.count - 1 ? [] : ["--until-epoch \(rung.epochs)"]
        let train =
            [
                "# One that was tried and cannot be trained (exit code 65), as its loss is not finite, is an outcome: it ranks last."
            ] + SlurmScript.folded(trainCommand + until + ["|| {"]) + [
                "    local code=$?",
                "    ((code == 65)) && grep -qs \(failedAttempt) \"$run/attempt.json\" || return $code",
                "    echo \"$run: ranks last\" >&2",
                "}",
            ]
        let stamp = "touch \"$run.rung-\(rung.number)\""
        guard let admission = rung.admission else { return train + [stamp] }
        return Self.askIfAdmitted(to: admission, orElse: "return")
            + ["if ((answer == 0)); then"] + train.map { "    \($0)" } + ["fi", stamp]
    }

    /// Sets `answer` to 0 if the run is on the list, and to 1 if it is not.
    /// - Parameter leave: `return` or `exit`, with grep's own code, where there is no answer.
    private static func askIfAdmitted(to admission: String, orElse leave: String) -> [String] {
        [
            "answer=0",
            "grep -qxF \"$run\" \(shellWord(admission)) || answer=$?",
            "# More than 1 is no answer: grep was killed, or cannot read the list.",
            "((answer <= 1)) || \(leave) $answer",
        ]
    }

    private func admissionJob(_ rung: Rung, after last: [String]) -> SlurmJob? {
        guard let admission = rung.admission, let all = plan.trialList?.path else { return nil }
        let before = plan.rungs[rung.number - 1], candidates = before.admission ?? all
        return SlurmJob(
            name: "admission-\(rung.number)", stage: .report,
            purpose: "Decides which trials go on from epoch \(before.epochs) to \(rung.epochs).", after: last,
            body: [
                "mapfile -t runs <\(shellWord(candidates))",
                "undertone rank --epoch \(before.epochs) --keep \(rung.points) -o \(shellWord(admission)) \"${runs[@]}\"",
                "# The others are through with this rung, for make, too.",
                "while read -r run; do",
            ] + Self.askIfAdmitted(to: admission, orElse: "exit").map { "    \($0)" } + [
                "    ((answer == 0)) || touch \"$run.rung-\(rung.number)\"",
                "done <\(shellWord(all))",
            ])
    }

    // MARK: Report

    private func reportJob(after last: [String]) -> SlurmJob? {
        guard needed.contains(plan.report) || needed.contains(plan.ranking) else { return nil }
        var body = SlurmScript.folded(["undertone report"] + words(Array(plan.reportArguments.dropFirst())))
        if let all = plan.trialList?.path {
            body.insert(
                contentsOf: [
                    "mapfile -t runs <\(shellWord(all))",
                    "undertone rank -o \(shellWord(plan.ranking)) \"${runs[@]}\"",
                ], at: 0)
        }
        return SlurmJob(
            name: "report", stage: .report, purpose: "The HTML report, \(plan.report).", after: last, body: body)
    }

    // MARK: Words

    /// An array whose tasks do what there is to do for each line of a list.
    /// - Parameter body: with the line in the variable `item`; its last command's success is the line's.
    private func array(
        _ name: String, _ stage: SlurmSettings.Stage, purpose: String, after: [String] = [], lines: [String],
        each item: String, _ body: [String]
    ) -> SlurmJob {
        let list = "\(folder)/\(name).list"
        return SlurmJob(
            name: name, stage: stage, purpose: purpose, after: after,
            work: .init(item: item, list: list, content: lines.map { "\($0)\n" }.joined(), count: lines.count),
            body: body)
    }

    /// As a shell takes them, an option and its value as one.
    private func words(_ arguments: [String]) -> [String] {
        var words: [String] = [], isOption = false
        for argument in arguments {
            if isOption, !argument.hasPrefix("-") {
                words[words.count - 1] += " \(shellWord(argument))"
                isOption = false
            } else {
                words.append(shellWord(argument))
                isOption = argument.hasPrefix("--") && !argument.contains("=")
            }
        }
        return words
    }
}
