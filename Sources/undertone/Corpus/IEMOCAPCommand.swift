import ArgumentParser
import CorpusAdapters

struct IEMOCAPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: IEMOCAP.name,
        abstract: "IEMOCAP: Session1 to Session5, a wav file per turn.",
        discussion: """
            Activation, valence and dominance from 1 to 5. One session is for the test and one for development, so \
            that no speaker is in two splits; for a whole study, go through --test-session 1 to 5. See data/iemocap.md.
            """)

    @Argument(help: ArgumentHelp("The corpus's folder, in which the sessions are.", valueName: "folder"))
    var folder: String

    @OptionGroup var sessions: SessionOptions
    @OptionGroup var manifest: ManifestOptions

    func run() { manifest.run(IEMOCAP(folder, splits: sessions.splits(of: 5))) }
}
