import ArgumentParser
import Pipelines

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Turn a pipeline manifest into Make rules.",
        discussion: """
            Every shard of the cache, every run and the report become a target, so that `make` makes what is \
            missing or out of date and nothing else, and an interrupted `make` goes on. Beside the rules, small \
            files that hold the settings are written into the build folder, each only where it changes: another \
            learning rate trains again and leaves the cache alone; another cut makes another cache.

            The project's Makefile calls this by itself:
              make report PIPELINE=pipelines/demo.yaml
            """)

    @Argument(help: ArgumentHelp("The pipeline manifest, e.g. pipelines/demo.yaml.", valueName: "pipeline"))
    var pipeline: String

    @Option(help: ArgumentHelp("Take this corpus in place of the manifest's.", valueName: "manifest.csv"))
    var corpus: String?

    @Option(
        help: ArgumentHelp("Take this model in place of the manifest's: a folder, or random:….", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("The folder for everything that is made.", valueName: "folder"))
    var build = "build"

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "Write the rules here, only where they change. (default: standard output)", valueName: "file"))
    var output: String?

    func run() {
        reportingFaults {
            let plan = try Plan(Pipeline(path: pipeline, corpus: corpus, model: model), build: build)
            try plan.writeStamps()
            guard let output else {
                print(plan.makeRules, terminator: "")
                return
            }
            if try plan.writeRules(to: output) {
                printToStandardError("planned \(plan.shards.count) shards, \(plan.runs.count) run(s), \(plan.report)")
            }
        }
    }
}
