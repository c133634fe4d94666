import ArgumentParser

struct CorpusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Turn a corpus as its makers hand it out into a manifest.",
        discussion: """
            Each subcommand knows one layout on the disk. It reads the labels, looks for the recordings, reports \
            what it found, and writes the manifest that undertone-cache takes. Labels keep the corpus's own scale. \
            A line that cannot be used is named, and nothing is written, unless --skip-faulty leaves such lines out.

            Example:
              undertone corpus msp-podcast MSP-PODCAST -o MSP-PODCAST/manifest.csv
            """,
        subcommands: [
            MSPPodcastCommand.self, IEMOCAPCommand.self, MSPImprovCommand.self, AudformatCommand.self,
            TableCommand.self,
        ])
}
