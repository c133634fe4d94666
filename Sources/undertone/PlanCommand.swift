import ArgumentParser
import Pipelines
import SpeechEncoder

/// Which pipeline, with what in place of its own, into which folder.
struct PipelineArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("The pipeline manifest, e.g. pipelines/demo.yaml.", valueName: "pipeline"))
    var pipeline: String

    @Option(help: ArgumentHelp("Take this corpus in place of the manifest's.", valueName: "manifest.csv"))
    var corpus: String?

    @Option(
        help: ArgumentHelp(
            "Take this model in place of the manifest's: a folder, a hub's name, or random:….", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("The folder for everything that is made.", valueName: "folder"))
    var build = "build"

    func plan() throws -> Plan {
        try Plan(Plan.Source(path: pipeline, corpus: corpus, model: model), build: build) { model in
            try EncoderConfiguration(try ModelSpecification(model).open().configuration).layerCount
        }
    }
}

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Turn a pipeline manifest into Make rules, or say what it would take.",
        discussion: """
            Every shard of the cache, every run, every trial of a sweep and the report become a target, so that `make` \
            makes what is missing or out of date and nothing else, and an interrupted `make` goes on. Beside the rules, \
            small files that hold the settings are written into the build folder, each only where it changes: another \
            learning rate trains again and leaves the cache alone; another cut makes another cache.

            With --explain nothing is written: it says what make would make, and why.

            With --estimate nothing is written either: it says what all of the pipeline would take of compute, time, \
            disk, files and memory, from rates that it measures in some seconds with the pipeline's own model \
            (docs/scaling.md), whether anything of it is done already or not.

            The project's Makefile calls this by itself:
              make report PIPELINE=pipelines/demo.yaml
            """)

    @OptionGroup var arguments: PipelineArguments

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "Write the rules here, only where they change. (default: standard output)", valueName: "file"))
    var output: String?

    @Flag(help: "Say what would be made and why, and write nothing.")
    var explain = false

    @Flag(help: "Say what the whole pipeline would take, and write nothing.")
    var estimate = false

    @Option(
        help: ArgumentHelp(
            "Of --estimate: so many hours of speech in place of the corpus's own, in utterances as it has them, or, "
                + "where there is none yet, as MSP-Podcast has.", valueName: "hours"))
    var hours: Double?

    @Option(help: ArgumentHelp("Of --estimate: so many machines like this one, under Slurm.", valueName: "n"))
    var nodes: Int?

    @Option(
        help: ArgumentHelp(
            "Of --estimate: measure nothing, but take the rates that --estimate --json printed elsewhere.",
            valueName: "file"))
    var rates: String?

    @Flag(help: "Of --estimate: print JSON.")
    var json = false

    func validate() throws {
        if explain, output != nil { throw ValidationError("--explain writes nothing; leave out -o") }
        if estimate {
            if output != nil { throw ValidationError("--estimate writes nothing; leave out -o") }
            if explain { throw ValidationError("--explain and --estimate are both given; expected one of them") }
        }
        let own = [("--hours", hours != nil), ("--nodes", nodes != nil), ("--rates", rates != nil), ("--json", json)]
        if !estimate, let option = own.first(where: \.1)?.0 {
            throw ValidationError(
                "\(option) is given without --estimate, whose option it is; add that, or leave it out")
        }
        if let hours, !(hours > 0 && hours <= 1e9) {
            throw ValidationError("--hours is \(hours); expected a number of hours above 0, at most 1000000000")
        }
        if let nodes, !(1...1_000_000 ~= nodes) {
            throw ValidationError("--nodes is \(nodes); expected a number of machines from 1 to 1000000")
        }
    }

    func run() {
        reportingFaults {
            if estimate { return try printEstimate() }
            let plan = try arguments.plan()
            if explain {
                print(Explanation(plan))
                return
            }
            try plan.writeStamps()
            guard let output else {
                print(plan.makeRules, terminator: "")
                return
            }
            if try plan.writeRules(to: output) {
                let shards = plan.caches.reduce(0) { $0 + $1.shards.count }
                let sweep = plan.trials.isEmpty ? "" : ", \(Words.counted(plan.trials.count, "trial"))"
                let study = plan.study.map { ", a study of \(Words.counted($0.members.count, "set-up"))" } ?? ""
                printToStandardError(
                    "planned \(Words.counted(shards, "shard")), \(Words.counted(plan.runs.count, "run"))\(sweep)\(study), "
                        + plan.report)
            }
        }
    }

    private func printEstimate() throws {
        let job = EstimateJob(arguments: arguments, hours: hours, nodes: nodes ?? 1, ratesPath: rates)
        let (estimate, basis) = try job.run()
        if json {
            print(try Words.json(EstimateReport(estimate, basis)))
        } else {
            print(EstimateText(estimate, basis).text, terminator: "")
        }
    }
}
