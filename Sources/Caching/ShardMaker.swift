import Corpus
import FeatureStore
import Files
import Foundation

/// Makes one shard: computes what is missing into segments, then puts the shard together.
///
/// A segment is a whole shard file of its own, `shard-00000.h5.segment-000000`, sealed every half a minute or so and
/// whenever the work is interrupted. Whatever ends the process, at most the open segment is lost, and the recordings just being
/// computed; the next run finds the others and reuses their utterances as it reuses those of an earlier shard. Copying costs
/// next to nothing beside computing.
struct ShardMaker {
    let settings: CachingSettings
    let encoder: any FrozenEncoder
    let recordings: any RecordingSource
    let observer: CachingObserver
    /// What the headers say.
    let survey: CachingSurvey

    struct Outcome {
        var rejects: [Reject] = []
        var computed = 0
        var reused = 0
        /// Of audio that went through the encoder.
        var computedSeconds = 0.0
    }

    private typealias Decoded = Swift.Result<DecodedRecording, any Error>

    /// What a worker found out about one utterance.
    private enum Result: Sendable {
        case computed(UtteranceEntry, rows: [[Float]], notes: [RecordingNote])
        /// The recording was touched or has another path, but sounds the same.
        case unchanged(UtteranceEntry, StoredShard)
        case rejected(Reject)
        /// Not finished, because the run is to stop.
        case abandoned
        case failed(any Error)
    }

    func make(_ plan: ShardPlan) throws -> Outcome {
        // Whoever left these is dead: nobody else is at this shard.
        TemporaryName.removeStale(for: plan.path, andWhatFollows: true)
        var outcome = Outcome()
        if plan.isDone {
            outcome.reused = plan.items.count
            try markDone(plan)
            return outcome
        }
        var run = Assembly(settings: settings, plan: plan)
        let pending = plan.items.filter { item in
            let id = item.utterance.id
            if case .reuse(let file) = item.action, let entry = file[id] {
                run.place(entry, in: file)
                outcome.reused += 1
                return false
            }
            if let reject = survey.rejectOfId[id] {
                outcome.rejects.append(reject)
                return false
            }
            return true
        }
        do {
            try compute(pending, &run, &outcome)
        } catch {
            // What is computed stays, whatever went wrong; the first error is the one to report.
            try? run.seal()
            throw error
        }
        if run.isUnchanged {
            try markDone(plan)
        } else {
            try run.assemble(shouldStop: observer.shouldStop)
        }
        return outcome
    }

    private func compute(_ pending: [ShardPlan.Item], _ run: inout Assembly, _ outcome: inout Outcome) throws {
        let estimates = pending.map { item in
            let seconds = survey.secondsOfId[item.utterance.id] ?? 0
            return Int(seconds * Double(settings.layout.sampleRateHz))
        }
        let line = ComputeLine<Decoded, Result>(
            estimates: estimates, limits: settings.lineLimits, shouldStop: observer.shouldStop,
            decode: { [recordings] index in
                let recording = Swift.Result { try recordings.decode(pending[index].utterance.span) }
                return (recording, samples: (try? recording.get())?.samples.count ?? 0)
            },
            compute: { [self] index, recording in work(on: pending[index], recording) })
        defer { line.stopAndJoin() }
        var done = 0
        while true {
            switch line.next(until: run.sealDeadline ?? .distantFuture) {
            case .computed(let index, let result):
                if case .abandoned = result { continue }
                try take(result, pending[index], &run, &outcome)
                done += 1
            case .nothingYet:
                // A long recording is being computed: what was before it does not wait for its end.
                try run.seal()
            case .over:
                if done < pending.count { throw CachingError.interrupted }
                return
            }
        }
    }

    /// Leaves the shard as it is, but newer than what Make compares it with.
    private func markDone(_ plan: ShardPlan) throws(StoreError) {
        for path in ShardPlan.segmentPaths(of: plan.path) { unlink(path) }
        guard utimensat(AT_FDCWD, plan.path, nil, 0) == 0 else {
            throw .cannotWrite(path: plan.path, detail: String(cString: strerror(errno)))
        }
    }

    // MARK: - In a worker

    private func work(on item: ShardPlan.Item, _ decoded: Decoded) -> Result {
        let utterance = item.utterance
        do {
            let recording = try decoded.get()
            if case .confirm(let sources) = item.action {
                for source in sources {
                    guard var entry = source[utterance.id], entry.audioSHA256 == recording.sha256 else { continue }
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
        } catch CachingError.interrupted {
            return .abandoned
        } catch {
            let reject = Reject(utterance, error, withholdsPaths: settings.withholdsPaths)
            return reject.map { .rejected($0) } ?? .failed(error)
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

    // MARK: - On the caller's thread, as results come

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
            run.place(entry, in: source, isRestamped: true)
            outcome.reused += 1
        case .rejected(let reject):
            outcome.rejects.append(reject)
            observer.onReject(reject)
        case .abandoned:
            return
        case .failed(let error):
            throw error
        }
        observer.onProgress(1, seconds)
    }
}
