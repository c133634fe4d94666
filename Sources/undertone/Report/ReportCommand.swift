import ArgumentParser
import CacheInspection
import Files
import Foundation
import Pipelines
import Reports
import Runs

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show what came out of one run or several, or of a whole pipeline.",
        discussion: """
            Prints a summary to standard output and, with -o, writes one self-contained HTML page: curves of loss \
            and CCC, truth against prediction, all scores, scores by speaker and other groups, what was trained and how long it took. \
            Several runs are compared on one page.

            With --pipeline, it is the page of all its runs: the best configuration, all that were tried in a table \
            that sorts, hyperparameters against the score, curves with the spread between seeds, what successive \
            halving stopped and when, and what it all took. The runs may be half done.
            """)

    @Argument(help: ArgumentHelp("Run directories, as undertone-train wrote them with --out.", valueName: "run"))
    var runs: [String] = []

    @Option(
        help: ArgumentHelp(
            "Show this pipeline's runs, its sweep's where it has one, and its caches.", valueName: "pipeline"))
    var pipeline: String?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Write the page here, e.g. report.html.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Show what is in this cache too, as undertone inspect does.", valueName: "folder"))
    var cache: String?

    @Option(
        help: ArgumentHelp(
            "Take the corpus's name and whether it is synthetic from the corpus.json beside this manifest; a pipeline's own "
                + "corpora are known, and this takes their place.",
            valueName: "manifest.csv"))
    var corpus: String?

    @Option(help: ArgumentHelp("With --pipeline, the model in place of the manifest's.", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("With --pipeline, the folder for everything that is made.", valueName: "folder"))
    var build = "build"

    @Option(help: "The page's title. (default: the corpus's or the pipeline's name)")
    var title: String?

    func validate() throws {
        if pipeline == nil, runs.isEmpty {
            throw ValidationError("nothing to report; name run directories, or a pipeline with --pipeline")
        }
        if pipeline != nil, !runs.isEmpty {
            throw ValidationError(
                "runs and --pipeline are given; a pipeline's runs are known, leave out one of the two")
        }
        if pipeline != nil, cache != nil {
            throw ValidationError("--cache and --pipeline are given; a pipeline's caches are known, leave out --cache")
        }
        if pipeline == nil, model != nil {
            throw ValidationError("--model is for a pipeline; expected --pipeline with it")
        }
    }

    func run() {
        reportingFaults {
            let report = try pipeline.map(reportOfPipeline) ?? reportOfRuns()
            if let output { try report.write(to: output) }
            for warning in report.runs.flatMap(\.warnings) { printToStandardError("warning: \(warning)") }
            print(report.summary, terminator: "")
            if let output { print("report: \(output)") }
        }
    }

    private func reportOfRuns() throws -> Report {
        try Report(
            runs: runs.map { try RunRecord(path: $0) }, cache: cache.map { try cacheFacts($0) },
            corpus: corpus.flatMap { try CorpusNote.beside(manifest: $0) }, title: title)
    }

    private func reportOfPipeline(_ path: String) throws -> Report {
        let plan = try Plan(Plan.Source(path: path, corpus: corpus, model: model), build: build)
        let outdated = SweepSummary.outdated(plan)
        if let first = outdated.first {
            printToStandardError(
                "warning: \(Words.counted(outdated.count, "run")) of other settings than the pipeline's, e.g. \(first); make sweep "
                    + "trains them again")
        }
        // While it is being made, a cache has no description yet.
        let caches = try plan.caches.filter { FileManager.default.fileExists(atPath: $0.manifest) }.map { cache in
            var facts = try cacheFacts(cache.folder)
            if plan.caches.count > 1 { facts.corpus = cache.corpus.name }
            return facts
        }
        return try Report(
            sweep: SweepRecord(plan), caches: caches, corpus: CorpusNote.beside(manifest: plan.corpus),
            title: title ?? plan.pipeline.reportTitle)
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
