import Buffers
import Caching
import Console
import Corpus
import Faults
import FeatureStore
import Foundation
import FrozenModels
import Kernels
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
        var workerCount: Int
        var rejectLimit: RejectLimit
        var progress: ProgressReporter.Mode
        var isDryRun: Bool
        var printsJSON: Bool
    }

    private let arguments: Arguments
    /// For lines that are not progress; it never draws a bar.
    private let notices: ProgressReporter

    init(_ arguments: Arguments) {
        self.arguments = arguments
        notices = ProgressReporter(
            mode: arguments.progress == .json ? .json : .none, label: "", total: 0, unit: "audio s")
    }

    func run() throws {
        let manifest = try CorpusManifest.load(arguments.manifestPath)
        let model = try FrozenModel(arguments.model, cuts: arguments.cuts, compute: arguments.compute)
        if !model.ignoredTensors.isEmpty {
            inform("ignored: \(abbreviated(model.ignoredTensors)) (not part of the encoder)")
        }
        let layout = try model.layout(
            storage: arguments.storage,
            shardCount: arguments.shardCount ?? StageOne.shardCount(ofCacheIn: arguments.directory) ?? 1)

        let survey = try stage(manifest, model, layout, progress: nil).survey()
        survey.rejects.forEach { say($0, manifest) }
        if arguments.isDryRun { return try printPlan(survey, layout) }
        try Interruption.check()
        try stage(manifest, model, layout, progress: nil).makeDirectory()

        let pending = survey.pendingCount - survey.rejects.count
        let encoder = model.encoder(
            precision: arguments.compute,
            threads: max(1, ProcessInfo.processInfo.activeProcessorCount / arguments.workerCount))
        if pending > 0 {
            try encoder.load()
            inform(
                "computing cut \(arguments.cuts.map(\.description).joined(separator: ", ")) in \(arguments.compute), "
                    + "\(arguments.workerCount) at a time, on \(CPUEngine.processorName)")
        }
        let progress = ProgressReporter(
            mode: pending > 0 || arguments.progress == .json ? arguments.progress : .none, label: "caching",
            total: pending, totalWork: survey.pendingSeconds, unit: "audio s")
        let stage = stage(manifest, model, layout, progress: progress)
        let summary: CachingSummary
        do {
            summary = try stage.makeShards(survey, encoder: encoder)
            progress.finish()
            if arguments.onlyShard == nil { try complete(stage, summary, model, encoder) }
        } catch {
            progress.finish()
            throw error
        }
        try printSummary(summary, key: layout.key.hex)
        try stage.checkRejects(summary)
    }

    private func stage(
        _ manifest: CorpusManifest, _ model: FrozenModel, _ layout: ShardLayout, progress: ProgressReporter?
    ) -> StageOne {
        let settings = CachingSettings(
            directory: arguments.directory, layout: layout, onlyShard: arguments.onlyShard,
            workerCount: arguments.workerCount, rejectLimit: arguments.rejectLimit)
        let reporter = progress ?? notices
        let manifestPath = manifest.path
        let observer = CachingObserver(
            shouldStop: { Interruption.isRequested },
            onProgress: { reporter.advance(done: $0, work: $1) },
            onMessage: { reporter.message($0) },
            onReject: { reporter.message(CacheJob.line($0, manifestPath)) })
        return StageOne(manifest: manifest, settings: settings, recordings: model.recordings, observer: observer)
    }

    /// What makes a folder of shards a cache: fidelity, the weights above the cut, the corpus, and the description
    /// last.
    private func complete(
        _ stage: StageOne, _ summary: CachingSummary, _ model: FrozenModel, _ encoder: EncoderOnDemand
    ) throws {
        let directory = arguments.directory
        var fidelity = summary.computed == 0 ? (try? CacheDescription.read(directory: directory))?.fidelity : nil
        if fidelity == nil {
            let reference =
                arguments.compute == .float32 ? encoder : model.encoder(precision: .float32, threads: encoder.threads)
            fidelity = try stage.measureFidelity(reference: reference)
        }
        try model.writeUpperWeights(to: directory + "/upper.safetensors")
        let description = CacheDescription(
            key: stage.settings.layout.key, cuts: stage.settings.layout.cuts,
            frozenWeightsSHA256: model.frozenWeightsSHA256, model: try model.configurationJSON(),
            modelSource: model.location, preprocessing: model.preprocessing, storage: arguments.storage,
            compute: arguments.compute.rawValue,
            shards: summary.shards,
            totals: .init(
                utterances: summary.utterances, frames: summary.frames, seconds: summary.seconds, bytes: summary.bytes),
            fidelity: fidelity,
            versions: [
                "undertone": Version.text, "swift": Version.swift, "onednn": CPUEngine.libraryVersion,
                "hdf5": ShardLayout.libraryVersion, "resampler": AudioFile.resamplerDescription,
            ])
        try stage.writeSummaryFiles(summary, description: description)
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

    private func printPlan(_ survey: CachingSurvey, _ layout: ShardLayout) throws {
        let plan = PlanReport(survey, layout, directory: arguments.directory)
        print(arguments.printsJSON ? try json(plan) : plan.text)
    }

    private func printSummary(_ summary: CachingSummary, key: String) throws {
        let report = SummaryReport(summary, key: key, directory: arguments.directory)
        print(arguments.printsJSON ? try json(report) : report.text)
    }
}
