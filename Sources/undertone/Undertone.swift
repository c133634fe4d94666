import ArgumentParser
import Console

/// What surrounds the two stages: models, manifests and planning before them, looking after caches between them, reporting and comparing after them.
@main
struct Undertone: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undertone",
        abstract: "Plans and reports the finetuning of speech encoders for dimensional emotion recognition.",
        discussion: """
            The two stages are programs of their own: undertone-cache runs the frozen lower layers over a corpus, \
            undertone-train trains the upper layers and the heads from what that left. This program fetches models, turns \
            corpora into manifests, writes the Make rules that link the stages, runs sweeps, looks after caches, reports \
            and compares what came out, predicts with it, and hands it to other software.

            To begin with: make demo, then docs/first-study.md.
            """,
        version: Version.text,
        subcommands: [
            ModelCommand.self, CorpusCommand.self, PlanCommand.self, JoinCommand.self, SweepCommand.self,
            SubmitCommand.self, RunsCommand.self, RankCommand.self, PredictCommand.self, ExportCommand.self,
            ReportCommand.self, PaperCommand.self, CompareCommand.self, InspectCommand.self, VerifyCommand.self,
            DoctorCommand.self,
        ])
}
