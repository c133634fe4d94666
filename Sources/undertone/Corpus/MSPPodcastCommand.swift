import ArgumentParser
import CorpusAdapters

struct MSPPodcastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: MSPPodcast.name,
        abstract: "MSP-Podcast: Labels/labels_consensus.csv and Audios/.",
        discussion: """
            Activation, valence and dominance from 1 to 7, with the corpus's own splits; Development and Validation \
            are development. Speakers called Unknown are taken for not known. See data/msp-podcast.md.
            """)

    @Argument(help: ArgumentHelp("The corpus's folder.", valueName: "folder"))
    var folder: String

    @OptionGroup var manifest: ManifestOptions

    func run() { manifest.run(MSPPodcast(folder)) }
}
