import Dispatch
import FeatureStore
import Foundation

/// The state of one shard while it is made: where each utterance's rows are, and the segment being written.
struct Assembly {
    private let settings: CachingSettings
    private let plan: ShardPlan
    private var places: [String: (entry: UtteranceEntry, file: StoredShard)] = [:]
    private var open: ShardWriter?
    private var hasSealed = false
    private var isRestamped = false
    private var nextSegment: Int
    /// When the open segment is due, nil while there is none.
    private(set) var sealDeadline: DispatchTime?

    init(settings: CachingSettings, plan: ShardPlan) {
        self.settings = settings
        self.plan = plan
        let last = ShardPlan.segmentPaths(of: plan.path).last
        nextSegment = last.flatMap { Int($0.suffix(6)) }.map { $0 + 1 } ?? 0
    }

    /// Notes that an utterance's rows are in a file already.
    mutating func place(_ entry: UtteranceEntry, in file: StoredShard, isRestamped: Bool = false) {
        places[entry.id] = (entry, file)
        self.isRestamped = self.isRestamped || isRestamped
    }

    /// Takes in a computed utterance, in any order.
    mutating func append(_ entry: UtteranceEntry, rows: [[Float]]) throws(StoreError) {
        if open == nil {
            let path = ShardPlan.segmentPath(of: plan.path, number: nextSegment)
            let arithmetic = settings.arithmetic.map { [$0] } ?? []
            open = try ShardWriter(path: path, layout: settings.layout, shard: plan.shard, arithmetic: arithmetic)
            nextSegment += 1
            sealDeadline = .now() + settings.segmentDuration / .seconds(1)
        }
        try open?.append(entry, rows: rows)
        if let sealDeadline, .now() >= sealDeadline { try seal() }
    }

    /// Finishes the open segment, so that its utterances outlive this process.
    mutating func seal() throws(StoreError) {
        guard let writer = open else { return }
        open = nil
        sealDeadline = nil
        guard writer.utteranceCount > 0 else { return }
        try writer.finish()
        hasSealed = true
        let segment = StoredShard(try ShardReader(path: writer.path))
        for entry in segment.entries { places[entry.id] = (entry, segment) }
    }

    /// Whether the shard on the disk already is what would be put together.
    var isUnchanged: Bool {
        guard let existing = plan.existing, open == nil, !hasSealed, !isRestamped, plan.droppedCount == 0 else {
            return false
        }
        let members = Set(plan.items.map(\.utterance.id))
        return places.values.allSatisfy { $0.file === existing } && plan.kept.allSatisfy { $0.file === existing }
            && places.count == existing.entries.filter { members.contains($0.id) }.count
    }

    /// Gives the shard its name: the manifest's order first, then what the manifest no longer has.
    ///
    /// Segments go only after the shard that has their rows is on the disk under its name: between any two steps, every
    /// row is in at least one whole file.
    /// - Throws: `CachingError.interrupted` when asked to stop: the segments stay as they are; `StoreError`.
    mutating func assemble(shouldStop: () -> Bool) throws {
        try seal()
        let sources = plan.items.compactMap { places[$0.utterance.id]?.file } + plan.kept.map { $0.file }
        let writer = try ShardWriter(
            path: plan.path, layout: settings.layout, shard: plan.shard,
            arithmetic: Set(sources.flatMap(\.arithmetic)).sorted())
        var files = OpenShards()
        for item in plan.items {
            guard let place = places[item.utterance.id] else { continue }
            if shouldStop() { throw CachingError.interrupted }
            try writer.appendCopy(place.entry, from: try files.reader(of: place.file))
        }
        for (entry, file) in plan.kept {
            if shouldStop() { throw CachingError.interrupted }
            try writer.appendCopy(entry, from: try files.reader(of: file))
        }
        try writer.finish()
        for path in ShardPlan.segmentPaths(of: plan.path) { unlink(path) }
    }
}
