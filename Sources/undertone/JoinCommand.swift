import ArgumentParser
import Pipelines

struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Make one corpus manifest of a pipeline's corpora.",
        discussion: """
            Labels are taken to the pipeline's scales, speakers carry their corpus's name, and the column corpus says \
            where an utterance is from. Of corpora under test_on, every utterance is of the split test-<name>. Beside \
            the manifest, a link for each corpus leads to its folder.
            """)

    @Argument(help: ArgumentHelp("A pipeline manifest with several corpora.", valueName: "pipeline"))
    var pipeline: String

    @Option(help: ArgumentHelp("Take this model in place of the manifest's.", valueName: "model"))
    var model: String?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Where the manifest is written.", valueName: "manifest.csv"))
    var output: String

    func run() {
        reportingFaults {
            let pipeline = try Pipeline(path: pipeline, model: model)
            guard pipeline.corpora.count > 1 else { throw JoinError.oneCorpus(self.pipeline) }
            let joined = try JoinedCorpus(pipeline, path: output)
            try joined.write()
            printToStandardError(
                "joined \(pipeline.corpora.count) corpora: \(Words.counted(joined.manifest.utterances.count, "utterance"))"
            )
        }
    }
}
