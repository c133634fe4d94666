import ArgumentParser
import Console
import CorpusAdapters
import Foundation

/// What all adapters share, and what is done with what they read.
struct ManifestOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "The manifest to write, in a folder that the recordings lie below.", valueName: "manifest.csv"))
    var output: String

    @Flag(help: "Read every recording's header, add up the time, and look for recordings of the same content.")
    var checkAudio = false

    @Flag(help: "Leave out lines that cannot be used, and recordings that are not there.")
    var skipFaulty = false

    @Flag(help: "Replace a manifest that is there.")
    var force = false

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Print the report as JSON on standard output.")
    var json = false

    func validate() throws {
        if output.isEmpty || output.hasSuffix("/") {
            throw ValidationError("-o '\(output)': expected a file, such as \(output)manifest.csv")
        }
    }

    func run(_ adapter: some CorpusAdapter) {
        reportingFaults {
            let draft = try adapter.read()
            let reporter = ProgressReporter(
                mode: checkAudio ? progress : .none, label: "checking", total: draft.rows.count,
                totalWork: Double(draft.rows.count), unit: "recordings")
            let corpus: AssembledCorpus
            do {
                defer { reporter.finish() }
                corpus = try AssembledCorpus(draft, of: adapter, manifestPath: output, checksAudio: checkAudio) {
                    reporter.advance(done: $0, work: Double($0))
                }
            }
            print(json ? try Words.json(corpus.report) : CorpusText(report: corpus.report).text)
            try corpus.write(skipsFaults: skipFaulty, replaces: force)
            let about = try adapter.about(), description = try about?.write(besideManifest: output)
            if let about, case .there(let path, let name) = description, name != about.name {
                printToStandardError(
                    "note: \(path) describes '\(name ?? "")', and not \(about.name), to reports and model cards; edit it, or give "
                        + "each corpus a folder of its own")
            }
            guard !json else { return }
            print("manifest: \(output)")
            if case .new(let path) = description { print("description: \(path), for reports and model cards") }
        }
    }
}

/// Of corpora whose sessions have two speakers each.
struct SessionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The session to test on. (default: the last)", valueName: "n"))
    var testSession: Int?

    @Option(
        help: ArgumentHelp("The session for development. (default: the one before the test's)", valueName: "n"))
    var developmentSession: Int?

    func splits(of sessionCount: Int) -> SessionSplits {
        SessionSplits(test: testSession ?? sessionCount, development: developmentSession, of: sessionCount)
    }
}

/// Of corpora whose columns have names of their own.
struct MappingOptions: ParsableArguments {
    @Option(
        name: .customLong("column"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Which column becomes which of the manifest, such as activation=EmoAct. Repeatable. (default: all, under their "
                + "own names)", valueName: "name=column"))
    var columns: [ColumnMapping] = []

    @Option(
        name: .customLong("scale"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The scale of a label, such as activation=1:7; labels outside are counted. Repeatable.",
            valueName: "label=low:high"))
    var scales: [NamedScale] = []

    @Option(
        help: ArgumentHelp(
            "Make the splits, each speaker in one only, with such shares of the utterances: "
                + "train=0.7,development=0.15,test=0.15.", valueName: "split=share,…"))
    var fractions: SplitFractions?

    @Option(help: ArgumentHelp("Of --fractions: the same seed gives the same splits.", valueName: "n"))
    var seed: UInt64 = 0

    var options: TableOptions {
        TableOptions(columns: columns, scales: scales, fractions: fractions, seed: seed)
    }
}

extension ColumnMapping: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
extension NamedScale: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
extension SplitFractions: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
