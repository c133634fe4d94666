import Corpus
import FeatureStore
import Files
import Foundation
import Synchronization

extension StageOne {
    /// Looks at what is cached, and at the header of every recording that is not.
    ///
    /// - Throws: `StoreError` if the folder holds another cache; `CachingError.nothingUsable`, `.shardNumber`,
    ///   `.shardCount`, `.interrupted` when asked to stop.
    public func survey() throws -> CachingSurvey {
        if let shard = settings.onlyShard, !(0..<settings.layout.shardCount ~= shard) {
            throw CachingError.shardNumber(shard, count: settings.layout.shardCount)
        }
        try refuseAnotherCache()
        if let count = StageOne.shardCount(ofCacheIn: settings.directory), count != settings.layout.shardCount {
            throw CachingError.shardCount(
                directory: settings.directory, found: count, wanted: settings.layout.shardCount)
        }
        var survey = CachingSurvey()
        var need = SpaceNeed(layout: settings.layout)
        let members = membersByShard()
        for shard in shardNumbers {
            let plan = try self.plan(shard, members[shard])
            survey.utteranceCount += plan.items.count
            survey.absentCount += plan.kept.count + plan.droppedCount
            guard !plan.isDone else { continue }
            survey.shardsToDo.append(shard)
            try look(at: plan, &survey, &need)
        }
        survey.peakBytes = need.peakBytes
        survey.rejects.sort { $0.line < $1.line }
        if survey.utteranceCount > 0, survey.rejects.count == survey.utteranceCount, settings.onlyShard == nil {
            throw CachingError.nothingUsable(manifest: manifest.path, rejects: survey.rejects)
        }
        return survey
    }

    /// Adds what one shard needs.
    private func look(at plan: ShardPlan, _ survey: inout CachingSurvey, _ need: inout SpaceNeed) throws {
        need.beginShard(existingBytes: plan.existing.flatMap { FileStamp(path: $0.path)?.byteCount } ?? 0)
        for (entry, _) in plan.kept { need.add(copied: entry) }
        let pending = plan.items.filter { item in
            guard case .reuse(let file) = item.action else { return true }
            if let entry = file[item.utterance.id] { need.add(copied: entry) }
            return false
        }
        let rejectsBefore = survey.rejects.count
        for (item, header) in zip(pending, probe(pending.map(\.utterance))) {
            switch header {
            case .success(let seconds):
                survey.addPending(item.utterance, seconds: seconds)
                if case .confirm(let files) = item.action, let entry = files[0][item.utterance.id] {
                    need.add(copied: entry)
                } else {
                    survey.pendingBytes += need.add(computedSeconds: seconds ?? 0)
                }
            case .failure(let error):
                let reject = Reject(item.utterance, error, withholdsPaths: settings.withholdsPaths)
                guard let reject else { throw error }
                survey.addPending(item.utterance, seconds: nil)
                survey.rejects.append(reject)
                survey.rejectOfId[reject.id] = reject
            }
        }
        let usable = pending.count - (survey.rejects.count - rejectsBefore)
        survey.mostPendingOfShard = max(survey.mostPendingOfShard, usable)
        need.endShard()
    }

    /// Reads headers on several threads: on a network file system each costs a round trip.
    private func probe(_ utterances: [Utterance]) -> [Result<Double?, any Error>] {
        let results = Mutex([Result<Double?, any Error>](repeating: .success(nil), count: utterances.count))
        DispatchQueue.concurrentPerform(iterations: utterances.count) { index in
            let result = Result {
                if observer.shouldStop() { throw CachingError.interrupted }
                return try recordings.probe(utterances[index].span)
            }
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0 }
    }

    /// A folder belongs to one cache: every shard that is there must be of this one, those that this run leaves alone
    /// too. One for a single shard looks at that and at one other: each of K such runs would else open up to K files.
    private func refuseAnotherCache() throws {
        if FileManager.default.fileExists(atPath: settings.path(CacheDescription.fileName)) {
            let key = try CacheDescription.read(directory: settings.directory).key
            guard key == settings.layout.key else {
                throw StoreError.wrongKey(
                    path: settings.directory, reasons: key.explainDifference(wanted: settings.layout.key))
            }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: settings.directory)) ?? []
        var shards = names.sorted().filter { $0.hasPrefix("shard-") && $0.hasSuffix(".h5") }
        if let own = settings.onlyShard.map(ShardLayout.fileName(shard:)) {
            shards = shards.filter { $0 == own } + shards.filter { $0 != own }.prefix(1)
        }
        for name in shards {
            let number = Int(name.dropFirst("shard-".count).dropLast(".h5".count)) ?? -1
            let reader = try ShardReader(path: settings.path(name))
            // How many shards there are is said in the user's own terms, not in a file's.
            var layout = settings.layout
            layout.shardCount = reader.layout.shardCount
            try reader.require(layout, shard: number)
        }
    }

    /// Refuses what the disk has no room for.
    ///
    /// - Parameters:
    ///   - survey: what `survey()` returned; its `peakBytes` is what shards and segments take.
    ///   - besideBytes: of what is written beside the shards.
    /// - Throws: `CachingError.noSpace`. A file system that does not say how much it has is taken at its word later.
    public func requireSpace(_ survey: CachingSurvey, besideBytes: Int) throws(CachingError) {
        let needed = survey.peakBytes + besideBytes
        guard let free = freeDiskBytes(at: settings.directory), free < needed else { return }
        throw .noSpace(directory: settings.directory, needed: needed, free: free)
    }
}
