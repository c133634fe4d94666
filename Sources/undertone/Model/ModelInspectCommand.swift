import ArgumentParser
import Console
import FrozenModels

struct ModelInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a model is and whether it can be used.",
        discussion: """
            Its family and sizes, how its weights are stored, what of them is not the encoder's, how it hears, where \
            it can be cut. The exit code is 65 if it cannot be used, and each reason is named.

            Example:
              undertone model inspect models/wav2vec2-base
            """)

    @Argument(
        help: ArgumentHelp(
            "A model's folder in Hugging Face layout; the name of one in the Hugging Face cache; or "
                + "random:wav2vec2-base?seed=0.", valueName: "model"))
    var model: String

    @Flag(help: "Print everything as JSON on standard output.")
    var json = false

    func run() {
        reportingFaults {
            let overview = try ModelOverview(model)
            print(json ? try Words.json(overview) : ModelText(overview).text)
            guard overview.isUsable else {
                throw ModelError.unusable(model: model, problemCount: overview.problems.count)
            }
        }
    }
}
