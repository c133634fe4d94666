import ArgumentParser
import CorpusAdapters

struct MSPImprovCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: MSPImprov.name,
        abstract: "MSP-Improv: Evaluation.txt and Audio/session1 to session6.",
        discussion: """
            Activation, valence, dominance and naturalness from 1 to 5. The corpus rates activation from 1, very \
            active, to 5, very passive: 6 − A is written, so that more is more active, unless --keep-activation. \
            One session is for the test and one for development. See data/msp-improv.md.
            """)

    @Argument(help: ArgumentHelp("The corpus's folder.", valueName: "folder"))
    var folder: String

    @Flag(help: "Write activation as the corpus has it, 5 for very passive.")
    var keepActivation = false

    @OptionGroup var sessions: SessionOptions
    @OptionGroup var manifest: ManifestOptions

    func run() {
        manifest.run(MSPImprov(folder, splits: sessions.splits(of: 6), keepsActivation: keepActivation))
    }
}
