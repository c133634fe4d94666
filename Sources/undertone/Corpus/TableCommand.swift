import ArgumentParser
import CorpusAdapters

struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: TableCorpus.name,
        abstract: "Any CSV file with a line per utterance.",
        discussion: """
            Columns path, split, speaker, id, start and end are taken by their names or as --column says; the id is \
            otherwise the path without its extension. See data/csv.md.

            Example:
              undertone corpus csv labels.csv --audio wav --extension wav -o manifest.csv \\
                --column path=FileName --column speaker=SpkrID --column activation=EmoAct \\
                --scale activation=1:7 --fractions train=0.7,development=0.15,test=0.15
            """)

    @Argument(help: ArgumentHelp("The file of labels.", valueName: "labels.csv"))
    var file: String

    @Option(help: ArgumentHelp("What paths are relative to. (default: the file's folder)", valueName: "folder"))
    var audio: String?

    @Option(
        name: .customLong("extension"),
        help: ArgumentHelp("Put behind every path, for files that leave it out.", valueName: "wav"))
    var fileExtension: String?

    @OptionGroup var mapping: MappingOptions
    @OptionGroup var manifest: ManifestOptions

    func run() {
        manifest.run(
            TableCorpus(file, audioFolder: audio, fileExtension: fileExtension, options: mapping.options))
    }
}
