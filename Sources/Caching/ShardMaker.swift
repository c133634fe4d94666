import Corpus
import FeatureStore
import Foundation

/// Makes one shard: computes what is missing into segments, then puts the shard together.
///
/// A segment is a whole shard file of its own, `shard-00000.h5.segment-000000`, sealed every minute or so and whenever
/// the work is interrupted. Whatever ends the process, at most the open segment is lost; the next run finds the others
/// and reuses their utterances as it reuses those of an earlier shard. Copying costs next to
/// nothing beside computing.
struct ShardMaker {
    let settings: CachingSettings
    let encoder: any FrozenEncoder
    let recordings: any RecordingSource
    let observer: CachingObserver
    let probeRejects: [String: Reject]

    struct Outcome {
        var rejects: [Reject] = []
        var computed = 0
        var reused = 0
        /// Of audio that went through the encoder.
        var computedSeconds = 0.0
    }

    /// What a worker found out about one utterance.
    private enum Result: Sendable {
        case computed(UtteranceEntry, rows: [[Float]], notes: [RecordingNote])
        /// The recording was touched, but sounds the same.
        case unchanged(UtteranceEntry, ShardReader)
        case rejected(Reject)
        case failed(any Error)
    }

    func make(_ plan: ShardPlan) throws -> Outcome {
        var outcome = Outcome()
        if plan.isDone {
            outcome.reused = plan.items.count
            try markDone(plan)
            return outcome
        }
        var run = Assembly(settings: settings, plan: plan)
        let pending = plan.items.indices.filter { index in
            let item = plan.items[index]
            if case .reuse(let reader) = item.action {
                run.place(item.utterance.id, reader.entries[reader.index(of: item.utterance.id)!], in: reader)
                outcome.reused += 1
                return false
            }
            if let reject = probeRejects[item.utterance.id] {
                outcome.rejects.append(reject)
                return false
            }
            return true
        }
        do {
            let finished = try inOrder(
                count: pending.count, workers: settings.workerCount, window: settings.workerCount + 2,
                shouldStop: observer.shouldStop,
                produce: { [self] in work(on: plan.items[pending[$0]]) },
                consume: { try take($1, plan.items[pending[$0]], &run, &outcome) })
            if finished < pending.count { throw CachingError.interrupted }
        } catch {
            // What is computed stays, whatever went wrong; the first error is the one to report.
            try? run.seal()
            throw error
        }
        if run.isUnchanged {
            try markDone(plan)
        } else {
            try run.assemble()
        }
        return outcome
    }

    /// Leaves the shard as it is, but newer than what Make compares it with.
    private func markDone(_ plan: ShardPlan) throws(StoreError) {
        for path in ShardPlan.segmentPaths(of: plan.path) { unlink(path) }
        guard utimensat(AT_FDCWD, plan.path, nil, 0) == 0 else {
            throw .cannotWrite(path: plan.path, detail: String(cString: strerror(errno)))
        }
    }

    // MARK: - In a worker

    private func work(on item: ShardPlan.Item) -> Result {
        let utterance = item.utterance
        do {
            let recording = try recordings.decode(utterance.audioPath)
            if case .confirm(let sources) = item.action {
                for source in sources {
                    var entry = source.entries[source.index(of: utterance.id)!]
                    guard entry.audioSHA256 == recording.sha256 else { continue }
                    entry.fileByteCount = item.stamp?.byteCount ?? 0
                    entry.fileModifiedNanoseconds = item.stamp?.modifiedNanoseconds ?? 0
                    return .unchanged(entry, source)
                }
            }
            let states = try encoder.hiddenStates(of: recording.samples)
            let rows = try rows(of: states, utterance.id)
            let entry = UtteranceEntry(
                id: utterance.id, frameCount: rows[0].count / settings.layout.cuts[0].hiddenSize,
                sampleCount: recording.samples.count, audioSHA256: recording.sha256,
                fileByteCount: item.stamp?.byteCount ?? 0,
                fileModifiedNanoseconds: item.stamp?.modifiedNanoseconds ?? 0)
            return .computed(entry, rows: rows, notes: recording.notes)
        } catch {
            return Reject(utterance, error).map { .rejected($0) } ?? .failed(error)
        }
    }

    /// The encoder's rows in the layout's order, pooled as it says, if they have its shape.
    private func rows(of states: [String: HiddenStates], _ id: String) throws(CachingError) -> [[Float]] {
        var rows: [[Float]] = []
        var frameCount: Int?
        for cut in settings.layout.cuts {
            guard let state = states[cut.name] else { throw .encoder(id: id, detail: "nothing for cut \(cut.name)") }
            guard state.columns == cut.hiddenSize, state.values.count == state.rows * state.columns,
                state.rows == frameCount ?? state.rows
            else {
                throw .encoder(
                    id: id,
                    detail: "\(state.rows) rows of \(state.columns) at cut \(cut.name), not of \(cut.hiddenSize)")
            }
            frameCount = state.rows
            rows.append(state.pooled(by: settings.layout.pool).values)
        }
        return rows
    }

    // MARK: - On the caller's thread, in order

    private func take(
        _ result: Result, _ item: ShardPlan.Item, _ run: inout Assembly, _ outcome: inout Outcome
    ) throws {
        var seconds = 0.0
        switch result {
        case .computed(let entry, let rows, let notes):
            for note in notes { observer.onNote(item.utterance, note) }
            try run.append(entry, rows: rows)
            seconds = Double(entry.sampleCount) / Double(settings.layout.sampleRateHz)
            outcome.computed += 1
            outcome.computedSeconds += seconds
        case .unchanged(let entry, let source):
            run.place(entry.id, entry, in: source, isRestamped: true)
            outcome.reused += 1
        case .rejected(let reject):
            outcome.rejects.append(reject)
            observer.onReject(reject)
        case .failed(let error):
            throw error
        }
        observer.onProgress(1, seconds)
    }
}
