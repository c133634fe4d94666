import CacheInspection
import Caching
import Corpus
import FeatureStore
import Foundation

/// What repairing a cache takes, found out before anything is changed.
struct RepairPlan {
    /// Shards of which nothing can be used.
    private(set) var setAside: [String] = []
    /// Utterances to take out of a shard that is otherwise sound, by shard.
    private(set) var takeOut: [Int: Set<String>] = [:]
    /// The cache's corpus, with recordings where the user says they are.
    let corpus: CorpusManifest
    /// What stage one is to see: the corpus without what was rejected.
    let wanted: CorpusManifest
    let rejects: [Reject]
    /// Whether `rejects.csv` could be read: else what was rejected before is found out again.
    let areRejectsKnown: Bool
    /// To be computed.
    private(set) var pending: [Utterance] = []
    /// Damaged, and of no corpus that could give them back.
    private(set) var lost: [String] = []
    /// What the damaged rows were computed from, by id.
    private(set) var audioSHA256: [String: String] = [:]

    /// - Parameter manifestPath: says where the recordings are; nil if they lie beside the cache's own `corpus.csv`.
    /// - Throws: `RepairError` if recordings that are needed are not there; `ManifestError`.
    init(
        directory: String, layout: ShardLayout, verification: CacheVerification, entries: [Int: [UtteranceEntry]],
        manifestPath: String?
    ) throws {
        let named = try manifestPath.map { path throws(ManifestError) in try CorpusManifest.load(path) }
        corpus = try RepairPlan.corpus(directory, named)
        let rejects = try? Reject.load((directory as NSString).appendingPathComponent("rejects.csv"))
        let rejected = Set((rejects ?? []).map(\.id))
        self.rejects = rejects ?? []
        areRejectsKnown = rejects != nil
        // Stage one remembers which path it met, also in a cache that names none: the user's manifest is what it will meet again.
        let pathOfId = Dictionary((named?.utterances ?? []).map { ($0.id, $0.path) }) { first, _ in first }
        wanted = CorpusManifest(
            path: corpus.path, columns: corpus.columns,
            utterances: corpus.utterances.filter { !rejected.contains($0.id) }.map { row in
                Utterance(
                    id: row.id, path: pathOfId[row.id] ?? row.path, audioPath: row.audioPath, segment: row.segment,
                    split: row.split, speaker: row.speaker, cells: row.cells, line: row.line)
            })
        sort(verification.damage)
        setAside += RepairPlan.strangers(verification.findings, directory, layout)

        var sound: [Int: Set<String>] = [:]
        for (shard, entries) in entries {
            sound[shard] = Set(entries.map(\.id)).subtracting(takeOut[shard] ?? [])
            for entry in entries where takeOut[shard]?.contains(entry.id) == true {
                audioSHA256[entry.id] = entry.audioSHA256
            }
        }
        pending = wanted.utterances.filter { utterance in
            let home = ShardLayout.shardIndex(id: utterance.id, shardCount: layout.shardCount)
            return sound[home]?.contains(utterance.id) != true
        }
        let known = Set(corpus.utterances.map(\.id)).union(sound.values.flatMap(\.self))
        lost = Set(takeOut.values.flatMap(\.self)).subtracting(known).sorted()
        try requireRecordings(directory: directory, manifestPath: manifestPath, layout: layout, usable: Set(sound.keys))
    }

    /// What was cached must be there to be computed again. Where `rejects.csv` is lost, a recording that is not there may
    /// be one that was rejected for it; all of those of a lost shard can hardly be.
    private func requireRecordings(
        directory: String, manifestPath: String?, layout: ShardLayout, usable: Set<Int>
    ) throws(RepairError) {
        func isAbsent(_ utterance: Utterance) -> Bool { !FileManager.default.fileExists(atPath: utterance.audioPath) }
        var absent = pending.filter(isAbsent)
        if !areRejectsKnown, manifestPath != nil {
            let ofLostShards = pending.filter {
                !usable.contains(ShardLayout.shardIndex(id: $0.id, shardCount: layout.shardCount))
            }
            if ofLostShards.isEmpty || !ofLostShards.allSatisfy(isAbsent) {
                absent = absent.filter { audioSHA256[$0.id] != nil }
            }
        }
        guard let first = absent.first else { return }
        throw .recordings(count: absent.count, first: first.audioPath, directory: directory, manifest: manifestPath)
    }

    private mutating func sort(_ damage: [Finding]) {
        for finding in damage {
            guard case .shard(let number) = CacheFile(name: finding.file) else { continue }
            switch finding.kind {
            case .unreadable, .foreign: setAside.append(finding.file)
            case .rows, .misplaced: takeOut[number, default: []].insert(finding.utterance ?? "")
            default: break
            }
        }
    }

    /// Shards beyond the cache's number that stage one would refuse to work beside.
    private static func strangers(_ findings: [Finding], _ directory: String, _ layout: ShardLayout) -> [String] {
        findings.filter { $0.kind == .leftover }.compactMap { finding in
            guard case .shard = CacheFile(name: finding.file) else { return nil }
            let path = (directory as NSString).appendingPathComponent(finding.file)
            return (try? ShardReader(path: path))?.layout.key == layout.key ? nil : finding.file
        }
    }

    /// The cache's own corpus decides which utterances there are; the manifest that the user names, where they are.
    private static func corpus(_ directory: String, _ named: CorpusManifest?) throws -> CorpusManifest {
        let ownPath = (directory as NSString).appendingPathComponent("corpus.csv")
        let own: CorpusManifest
        do throws(ManifestError) {
            own = try CorpusManifest.load(ownPath)
        } catch {
            guard let named else { throw RepairError.corpus(path: ownPath) }
            return named
        }
        guard let named else { return own }
        let spans = Dictionary(named.utterances.map { ($0.id, $0.span) }) { first, _ in first }
        let folder = URL(filePath: named.path).absoluteURL.deletingLastPathComponent()
        let utterances = own.utterances.map { row in
            let beside = folder.appending(path: row.path).path(percentEncoded: false)
            let span = spans[row.id] ?? AudioSpan(path: beside, segment: row.segment)
            return Utterance(
                id: row.id, path: row.path, audioPath: span.path, segment: span.segment, split: row.split,
                speaker: row.speaker, cells: row.cells, line: row.line)
        }
        return CorpusManifest(path: own.path, columns: own.columns, utterances: utterances)
    }
}
