import ArgumentParser

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Fetch a pretrained encoder, and say what one is.",
        discussion: """
            A model is a folder in Hugging Face layout, wherever it comes from; fetch gets one from a Hugging Face \
            hub. What Hugging Face's own tools have in their cache is used as it lies: its name, such as \
            facebook/wav2vec2-base, stands for it wherever a model is asked for. See docs/models.md.
            """,
        subcommands: [ModelFetchCommand.self, ModelInspectCommand.self])
}
