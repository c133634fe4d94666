import Buffers
import CacheInspection
import Caching
import Console
import Corpus
import FeatureStore
import Foundation
import FrozenModels
import SpeechEncoder

/// Computes again what is damaged in a cache, and nothing else: takes it out, has stage one fill the gaps with the
/// cache's own settings, and writes the cache's other files anew.
struct RepairJob {
    var directory: String
    /// Nil for the cache's own corpus.
    var manifestPath: String?
    /// Nil for the model that `cache.json` names.
    var model: String?
    var workerCount: Int
    var progress: ProgressReporter.Mode
    /// Takes lines that are no progress.
    var say: @Sendable (String) -> Void

    /// What was done.
    struct Outcome: Encodable {
        struct SetAside: Encodable {
            var file: String
            var renamed: String
        }
        var setAside: [SetAside] = []
        /// Utterances taken out of shards that are otherwise sound.
        var takenOut = 0
        /// Utterances computed again.
        var computed = 0
        /// Damaged utterances that `corpus.csv` no longer had: they are gone.
        var lost: [String] = []
        /// Utterances whose recording is not what it was when the damaged rows were computed.
        var changed: [String] = []
        /// Recordings that turned out to be of no use, be it that they always were and `rejects.csv` was lost.
        var rejected = 0
        /// Of those, utterances that were cached before, as far as one can know.
        var unusable = 0
    }

    /// - Throws: `RepairError`, before anything is changed, if the model or recordings are not there or not the ones;
    ///   `CachingError.interrupted`; and what stage one throws.
    func run(_ verifier: CacheVerifier, _ verification: CacheVerification) throws -> Outcome {
        guard let description = verifier.description, !description.shards.isEmpty else {
            throw RepairError.noDescription(directory: directory)
        }
        if let finding = verification.findings.first(where: { $0.kind == .inaccessible }) {
            throw RepairError.inaccessible(path: "\(directory)/\(finding.file)")
        }
        let frozen = try openModel(description)
        let layout = frozen.layout(
            storage: description.storage, pool: description.pool, shardCount: description.shards.count)
        let reasons = description.key.explainDifference(wanted: layout.key)
        guard reasons.isEmpty else {
            throw RepairError.model(frozen.location, directory: directory, reasons: reasons)
        }
        let plan = try RepairPlan(
            directory: directory, layout: layout, verification: verification, entries: verifier.entries,
            manifestPath: manifestPath)
        warn(description, plan, frozen)

        var outcome = Outcome(lost: plan.lost)
        let salvage = Salvage(directory: directory, layout: layout, observer: observer(nil, plan.wanted.path))
        for name in plan.setAside {
            guard let renamed = try salvage.setAside(name) else { continue }
            outcome.setAside.append(.init(file: name, renamed: renamed))
        }
        for (shard, ids) in plan.takeOut.sorted(by: { $0.key < $1.key }) {
            try salvage.takeOut(ids, ofShard: shard)
            outcome.takenOut += ids.count
        }
        let summary = try compute(plan, frozen, layout, description)
        outcome.computed = summary.computed
        outcome.rejected = summary.rejects.count
        outcome.unusable = summary.rejects.filter { plan.areRejectsKnown || plan.audioSHA256[$0.id] != nil }.count
        outcome.changed = try changed(plan, layout)
        return outcome
    }

    private func openModel(_ description: CacheDescription) throws -> FrozenModel {
        guard let compute = Precision(rawValue: description.compute) else {
            throw RepairError.precision(description.compute, directory: directory)
        }
        let cuts = description.cuts.compactMap { Cut($0.name) }.sorted()
        return try FrozenModel(model ?? description.modelSource, cuts: cuts, compute: compute)
    }

    /// Stage one over the cache's corpus, which finds all of it cached but for what is damaged.
    private func compute(
        _ plan: RepairPlan, _ model: FrozenModel, _ layout: ShardLayout, _ description: CacheDescription
    ) throws -> CachingSummary {
        let settings = CachingSettings(
            directory: directory, layout: layout, workerCount: workerCount,
            withholdsPaths: description.pathsWithheld ?? false, arithmetic: model.arithmetic)
        let recordings = RecordingsToRepair(model.recordings, only: Set(plan.pending.map(\.span)))
        let survey = try StageOne(
            manifest: plan.wanted, settings: settings, recordings: recordings,
            observer: observer(nil, plan.wanted.path)
        ).survey()
        let encoder = model.encoder(
            precision: model.compute,
            threads: survey.threadsPerUtterance(workerCount: workerCount),
            shouldStop: { Interruption.isRequested })
        let reporter = ProgressReporter(
            mode: plan.pending.isEmpty ? .none : progress, label: "repairing",
            total: survey.pendingCount - survey.rejects.count, totalWork: survey.pendingSeconds, unit: "audio s")
        defer { reporter.finish() }
        var stage = StageOne(
            manifest: plan.wanted, settings: settings, recordings: recordings,
            observer: observer(reporter, plan.wanted.path))
        let summary = try stage.makeShards(survey, encoder: encoder)
        // The files tell of the whole corpus, of what was rejected before and of what is now.
        stage = StageOne(manifest: plan.corpus, settings: settings, recordings: recordings)
        var whole = summary
        let lines = Dictionary(plan.corpus.utterances.map { ($0.id, $0.line) }) { first, _ in first }
        whole.rejects = (plan.rejects + summary.rejects).sorted { lines[$0.id] ?? 0 < lines[$1.id] ?? 0 }
        // Nothing is measured here: if rows are now others, the next run of stage one does it.
        try stage.complete(&whole, model: model, programVersions: Version.programVersions) { nil }
        return summary
    }

    private func observer(_ reporter: ProgressReporter?, _ manifestPath: String) -> CachingObserver {
        let notice = say
        let tell: @Sendable (String) -> Void = { line in
            if let reporter { reporter.message(line) } else { notice(line) }
        }
        return CachingObserver(
            shouldStop: { Interruption.isRequested },
            onProgress: { reporter?.advance(done: $0, work: $1) },
            onMessage: tell,
            onReject: { tell("rejected: \($0.reason) (\(manifestPath):\($0.line))") })
    }

    private func warn(_ description: CacheDescription, _ plan: RepairPlan, _ model: FrozenModel) {
        guard !plan.pending.isEmpty, let words = model.arithmeticWarning(for: description, directory: directory)
        else { return }
        say(words)
    }

    private func changed(_ plan: RepairPlan, _ layout: ShardLayout) throws -> [String] {
        var readers: [Int: ShardReader] = [:]
        var changed: [String] = []
        for (id, before) in plan.audioSHA256.sorted(by: { $0.key < $1.key }) {
            let home = ShardLayout.shardIndex(id: id, shardCount: layout.shardCount)
            let path = (directory as NSString).appendingPathComponent(ShardLayout.fileName(shard: home))
            let reader = try readers[home] ?? ShardReader(path: path)
            readers[home] = reader
            if let row = reader.index(of: id), reader.entries[row].audioSHA256 != before { changed.append(id) }
        }
        return changed
    }
}
