import ArgumentParser
import CacheInspection
import Reports
import Runs

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show what came out of one run or several.",
        discussion: """
            Prints a summary to standard output and, with -o, writes one self-contained HTML page: curves of loss \
            and CCC, truth against prediction, all scores, scores by speaker and other groups, what was trained and how long it took. \
            Several runs are compared on one page.
            """)

    @Argument(help: ArgumentHelp("Run directories, as undertone-train wrote them with --out.", valueName: "run"))
    var runs: [String]

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Write the page here, e.g. report.html.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Show what is in this cache too, as undertone inspect does.", valueName: "folder"))
    var cache: String?

    @Option(
        help: ArgumentHelp(
            "Take the corpus's name and whether it is synthetic from the corpus.json beside this manifest.",
            valueName: "manifest.csv"))
    var corpus: String?

    @Option(help: "The page's title. (default: the corpus's name)")
    var title: String?

    func run() {
        reportingFaults {
            let report = try Report(
                runs: runs.map { try RunRecord(path: $0) }, cache: cache.map(cacheFacts),
                corpus: corpus.flatMap { try CorpusNote.beside(manifest: $0) }, title: title)
            if let output { try report.write(to: output) }
            for warning in report.runs.flatMap(\.warnings) { printToStandardError("warning: \(warning)") }
            print(report.summary, terminator: "")
            if let output { print("report: \(output)") }
        }
    }

    /// A cache may have been thinned out since training: what can be said is said, and the rest is a warning.
    private func cacheFacts(_ folder: String) throws -> CacheFacts {
        var facts = try CacheFacts(folder: folder)
        do {
            facts.overview = try CacheInspector(directory: folder).overview()
        } catch {
            printToStandardError("warning: the report shows less of the cache: \(error)")
        }
        return facts
    }
}
