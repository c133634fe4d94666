import Buffers
import Caching
import Console
import Corpus
import Faults
import FeatureStore
import Foundation
import FrozenModels
import Kernels
import Runs
import SpeechEncoder

/// The whole of stage one, from validated arguments to a finished cache.
struct CacheJob {
    struct Arguments {
        var manifestPath: String
        var model: String
        /// In ascending order, each once.
        var cuts: [Cut]
        var directory: String
        /// Nil for as many as the directory's cache has.
        var shardCount: Int?
        var onlyShard: Int?
        var compute: Precision
        var storage: StorageFormat
        /// Frames per stored row.
        var pool: Int
        var workerCount: Int
        var rejectLimit: RejectLimit
        var sealDuration: Duration
        var prunes: Bool
        var withholdsPaths: Bool
        var progress: ProgressReporter.Mode
        var isDryRun: Bool
        var printsJSON: Bool
        /// A file that receives a line of what the run took; nil: none.
        var measuresPath: String?
    }

    private let arguments: Arguments
    /// For lines that are not progress; it never draws a bar.
    private let notices: ProgressReporter
    private let notes: NoteTally
    private let computed = SpeechTally()

    init(_ arguments: Arguments) {
        self.arguments = arguments
        notices = ProgressReporter(
            mode: arguments.progress == .json ? .json : .none, label: "", total: 0, unit: "audio s")
        notes = NoteTally(manifestPath: arguments.manifestPath, withholdsPaths: arguments.withholdsPaths)
    }

    /// However it ends, what it took is written down.
    func run() throws {
        let begin = ContinuousClock.now
        do {
            try make()
        } catch {
            try writeMeasure(since: begin)
            throw error
        }
        try writeMeasure(since: begin)
    }

    private func writeMeasure(since begin: ContinuousClock.Instant) throws {
        guard let path = arguments.measuresPath, computed.seconds > 0 else { return }
        try CacheMeasure(
            elapsedSeconds: begin.duration(to: .now) / .seconds(1), computedSeconds: computed.seconds,
            peakMemoryBytes: peakMemoryBytes()
        ).append(to: path)
    }

    private func make() throws {
        let manifest = try CorpusManifest.load(arguments.manifestPath)
        // It goes into the cache: what is wrong with it is known before any compute.
        _ = try CorpusNote.beside(manifest: arguments.manifestPath)
        let model = try FrozenModel(arguments.model, cuts: arguments.cuts, compute: arguments.compute)
        if !model.ignoredTensors.isEmpty {
            inform("ignored: \(abbreviated(model.ignoredTensors)) (not part of the encoder)")
        }
        let layout = model.layout(
            storage: arguments.storage, pool: arguments.pool,
            shardCount: arguments.shardCount ?? StageOne.shardCount(ofCacheIn: arguments.directory) ?? 1)

        let survey = try stage(manifest, model, layout, progress: nil).survey()
        survey.rejects.forEach { say($0, manifest) }
        if arguments.isDryRun { return try printPlan(survey, model, layout) }
        try Interruption.check()
        let pending = survey.pendingCount - survey.rejects.count
        try stage(manifest, model, layout, progress: nil).requireSpace(
            survey, besideBytes: arguments.onlyShard == nil ? model.upperWeightsByteCount : 0)
        try stage(manifest, model, layout, progress: nil).makeDirectory()
        if pending > 0, arguments.progress != .none {
            notices.message(plan(survey, model, layout, budget: .milliseconds(50)).line)
        }

        let encoder = model.encoder(
            precision: arguments.compute, threads: threads(survey), shouldStop: { Interruption.isRequested })
        if pending > 0 {
            if let cache = try? CacheDescription.read(directory: arguments.directory),
                let warning = model.arithmeticWarning(for: cache, directory: arguments.directory)
            {
                notices.message(warning)
            }
            try encoder.load()
            inform(
                "computing cut \(arguments.cuts.map(\.description).joined(separator: ", ")) in \(arguments.compute), "
                    + "\(survey.concurrency(workerCount: arguments.workerCount)) at a time"
                    + (encoder.threads > 1 ? " with \(encoder.threads) threads each" : "")
                    + ", on \(CPUEngine.processorName)")
        }
        let progress = ProgressReporter(
            mode: pending > 0 || arguments.progress == .json ? arguments.progress : .none, label: "caching",
            total: pending, totalWork: survey.pendingSeconds, unit: "audio s")
        let stage = stage(manifest, model, layout, progress: progress)
        var summary: CachingSummary
        var fidelity: CacheDescription.Fidelity?
        defer { notes.closingLines.forEach(notices.message) }
        do {
            summary = try stage.makeShards(survey, encoder: encoder)
            progress.finish()
            computed.set(summary.computedSeconds)
            if !stage.allowsRejects(of: summary) {
                // Without a description it is no cache, and nobody goes on from it: no training, no Make, no Slurm.
                try stage.leaveUnfinished(summary)
            } else if arguments.onlyShard == nil {
                fidelity = try stage.complete(&summary, model: model, programVersions: Version.programVersions) {
                    try measureFidelity(stage, model, encoder)
                }
            }
        } catch {
            progress.finish()
            throw error
        }
        try printSummary(summary, fidelity, key: layout.key.hex)
        try stage.checkRejects(summary)
    }

    private func threads(_ survey: CachingSurvey) -> Int {
        survey.threadsPerUtterance(workerCount: arguments.workerCount)
    }

    private func stage(
        _ manifest: CorpusManifest, _ model: FrozenModel, _ layout: ShardLayout, progress: ProgressReporter?
    ) -> StageOne {
        let settings = CachingSettings(
            directory: arguments.directory, layout: layout, onlyShard: arguments.onlyShard,
            workerCount: arguments.workerCount, rejectLimit: arguments.rejectLimit,
            segmentDuration: arguments.sealDuration, prunes: arguments.prunes,
            withholdsPaths: arguments.withholdsPaths, arithmetic: model.arithmetic)
        let reporter = progress ?? notices
        let manifestPath = manifest.path
        let observer = CachingObserver(
            shouldStop: { Interruption.isRequested },
            onProgress: { [computed] done, work in
                computed.add(work)
                reporter.advance(done: done, work: work)
            },
            onMessage: { reporter.message($0) },
            onReject: { reporter.message(CacheJob.line($0, manifestPath)) },
            onNote: { [notes] in notes.line($1, of: $0).map(reporter.message) })
        return StageOne(manifest: manifest, settings: settings, recordings: model.recordings, observer: observer)
    }

    private func measureFidelity(
        _ stage: StageOne, _ model: FrozenModel, _ encoder: EncoderOnDemand
    ) throws -> CacheDescription.Fidelity? {
        let reference =
            arguments.compute == .float32
            ? encoder
            : model.encoder(
                precision: .float32, threads: arguments.workerCount, shouldStop: { Interruption.isRequested })
        return try stage.measureFidelity(of: encoder, reference: reference)
    }

    // MARK: - Words

    /// What is good to know and needs no action; `--progress none` does without.
    private func inform(_ line: String) {
        if arguments.progress != .none { notices.message(line) }
    }

    private func say(_ reject: Reject, _ manifest: CorpusManifest) {
        notices.message(CacheJob.line(reject, manifest.path))
    }

    private static func line(_ reject: Reject, _ manifestPath: String) -> String {
        "rejected: \(reject.reason) (\(manifestPath):\(reject.line))"
    }

    private func printPlan(_ survey: CachingSurvey, _ model: FrozenModel, _ layout: ShardLayout) throws {
        let plan = plan(survey, model, layout, budget: .milliseconds(250))
        print(arguments.printsJSON ? try json(plan) : plan.text)
    }

    /// - Parameter budget: what measuring the processor's rate may take.
    private func plan(
        _ survey: CachingSurvey, _ model: FrozenModel, _ layout: ShardLayout, budget: Duration
    ) -> PlanReport {
        let time =
            survey.secondsOfId.isEmpty
            ? nil
            : TimeEstimate(
                model, durationsSeconds: survey.secondsOfId.values, sampleRateHz: layout.sampleRateHz,
                compute: arguments.compute,
                threads: threads(survey) * survey.concurrency(workerCount: arguments.workerCount), budget: budget)
        return PlanReport(
            survey, layout, time, upperBytes: arguments.onlyShard == nil ? model.upperWeightsByteCount : 0,
            directory: arguments.directory, compute: arguments.compute, prunes: arguments.prunes)
    }

    private func printSummary(
        _ summary: CachingSummary, _ fidelity: CacheDescription.Fidelity?, key: String
    ) throws {
        let report = SummaryReport(summary, fidelity, notes.counts, key: key, directory: arguments.directory)
        print(arguments.printsJSON ? try json(report) : report.text)
    }
}
