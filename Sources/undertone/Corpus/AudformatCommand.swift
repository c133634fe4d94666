import ArgumentParser
import CorpusAdapters

struct AudformatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Audformat.name,
        abstract: "A database in audformat: db.yaml and its tables.",
        discussion: """
            Filewise and segmented tables; a segment is cached as a part of its file. A table's split is that of its \
            split_id, unless a column has it or --fractions makes splits. A column may come from another filewise \
            table: --column speaker=files:speaker. Scales are those of the schemes. See data/audformat.md.
            """)

    @Argument(help: ArgumentHelp("The database's folder.", valueName: "folder"))
    var folder: String

    @Option(
        name: .customLong("table"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A table of utterances. Repeatable. (default: the only one)", valueName: "name"))
    var tables: [String] = []

    @OptionGroup var mapping: MappingOptions
    @OptionGroup var manifest: ManifestOptions

    func run() { manifest.run(Audformat(folder, tables: tables, options: mapping.options)) }
}
