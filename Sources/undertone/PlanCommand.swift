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
        help: ArgumentHelp("Take this model in place of the manifest's: a folder, or random:….", valueName: "model"))
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
        abstract: "Turn a pipeline manifest into Make rules.",
        discussion: """
            Every shard of the cache, every run, every trial of a sweep and the report become a target, so that `make` \
            makes what is missing or out of date and nothing else, and an interrupted `make` goes on. Beside the rules, \
            small files that hold the settings are written into the build folder, each only where it changes: another \
            learning rate trains again and leaves the cache alone; another cut makes another cache.

            With --explain nothing is written: it says what make would make, and why.

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

    func validate() throws {
        if explain, output != nil { throw ValidationError("--explain writes nothing; leave out -o") }
    }

    func run() {
        reportingFaults {
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
}
