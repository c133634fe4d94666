import Files
import Runs

/// A report over one run, several, or a pipeline: one HTML page that needs nothing but itself, and a summary for a terminal.
///
/// Equal runs give equal bytes: the page carries no date and no path of the machine that wrote it.
public struct Report: Sendable {
    public let title: String
    /// Those that are shown closely: of a pipeline, the best configuration's.
    public let runs: [RunRecord]
    public let sweep: SweepRecord?
    public let caches: [CacheFacts]
    public let corpus: CorpusNote?

    /// - Parameters:
    ///   - runs: at least one.
    ///   - cache: that they were trained from; nil where nothing is known of it.
    ///   - corpus: what is known of the corpus; where nil, the first run that says something is believed.
    ///   - title: nil: the corpus's name, or a general one.
    /// - Throws: `ReportError.noRuns` for an empty list.
    public init(runs: [RunRecord], cache: CacheFacts? = nil, corpus: CorpusNote? = nil, title: String? = nil)
        throws(ReportError)
    {
        guard !runs.isEmpty else { throw .noRuns }
        self.init(runs, sweep: nil, caches: cache.map { [$0] } ?? [], corpus: corpus, title: title)
    }

    /// Of a pipeline. One that made a single run is shown as that run.
    /// - Parameters:
    ///   - sweep: the configurations that were tried, with their runs.
    ///   - caches: one per corpus.
    ///   - corpus: as for runs.
    ///   - title: nil: the pipeline's name; of a single run, as for runs.
    /// - Throws: `ReportError.nothingDone` where no run has done an epoch.
    public init(sweep: SweepRecord, caches: [CacheFacts] = [], corpus: CorpusNote? = nil, title: String? = nil)
        throws(ReportError)
    {
        guard sweep.trials.contains(where: { $0.runs.contains { !$0.epochs.isEmpty } }) else {
            throw .nothingDone(sweep.name)
        }
        let isOneRun = sweep.trials.count == 1 && sweep.trials[0].runs.count == 1 && sweep.best.count == 1
        self.init(
            sweep.best, sweep: isOneRun ? nil : sweep, caches: caches, corpus: corpus,
            title: title ?? (isOneRun ? nil : sweep.name))
    }

    private init(
        _ runs: [RunRecord], sweep: SweepRecord?, caches: [CacheFacts], corpus: CorpusNote?, title: String?
    ) {
        self.runs = runs
        self.sweep = sweep
        self.caches = caches
        // "Synthetic" must survive whichever of the two sources lost it.
        let told = runs.compactMap(\.result.corpus)
        var note = corpus ?? told.first
        if told.contains(where: \.synthetic) { note?.synthetic = true }
        self.corpus = note
        self.title = title ?? note?.name ?? "Undertone report"
    }

    /// The page.
    public func html() throws(ReportError) -> String {
        try rendered(
            "page",
            of: [
                "page": reportTemplate, "headline": headlineTemplate, "details": detailsTemplate,
                "cacheTables": cacheTablesTemplate, "sweep": sweepTemplate,
            ], context)
    }

    /// Writes the page, whole or not at all.
    public func write(to path: String) throws(ReportError) {
        let page = try html()
        do throws(WriteFailure) {
            try AtomicFile.write(page, to: path, makingFolders: true)
        } catch {
            throw .run(RunError(error))
        }
    }
}
