import FeatureStore
import Foundation

/// The state of one shard while it is made: where each utterance's rows are, and the segment being written.
struct Assembly {
    private let settings: CachingSettings
    private let plan: ShardPlan
    private var places: [String: (entry: UtteranceEntry, reader: ShardReader)] = [:]
    private var open: ShardWriter?
    private var openSince = ContinuousClock.now
    private var sealed: [ShardReader] = []
    private var isRestamped = false
    private var nextSegment: Int

    init(settings: CachingSettings, plan: ShardPlan) {
        self.settings = settings
        self.plan = plan
        let last = ShardPlan.segmentPaths(of: plan.path).last
        nextSegment = last.flatMap { Int($0.suffix(6)) }.map { $0 + 1 } ?? 0
    }

    /// Notes that an utterance's rows are in a file already.
    mutating func place(_ id: String, _ entry: UtteranceEntry, in reader: ShardReader, isRestamped: Bool = false) {
        places[id] = (entry, reader)
        self.isRestamped = self.isRestamped || isRestamped
    }

    /// Takes in a computed utterance, in the manifest's order.
    mutating func append(_ entry: UtteranceEntry, rows: [[Float]]) throws(StoreError) {
        if open == nil {
            let path = ShardPlan.segmentPath(of: plan.path, number: nextSegment)
            open = try ShardWriter(path: path, layout: settings.layout, shard: plan.shard)
            nextSegment += 1
            openSince = .now
        }
        try open?.append(entry, rows: rows)
        if openSince.duration(to: .now) >= settings.segmentDuration { try seal() }
    }

    /// Finishes the open segment, so that its utterances outlive this process.
    mutating func seal() throws(StoreError) {
        guard let writer = open else { return }
        open = nil
        guard writer.utteranceCount > 0 else { return }
        try writer.finish()
        sealed.append(try ShardReader(path: writer.path))
    }

    /// Whether the shard on the disk already is what would be put together.
    var isUnchanged: Bool {
        guard let existing = plan.existing, open == nil, sealed.isEmpty, !isRestamped else { return false }
        let members = Set(plan.items.map(\.utterance.id))
        let stays = places.values.filter { $0.reader === existing }.count
        return stays == places.count && stays == existing.entries.filter { members.contains($0.id) }.count
    }

    /// Gives the shard its name: the manifest's order first, then what the manifest no longer has.
    mutating func assemble() throws(StoreError) {
        if let writer = open, places.isEmpty, sealed.isEmpty, plan.kept.isEmpty {
            // Everything was computed in one go: the segment is the shard.
            try writer.finish(as: plan.path)
        } else {
            try seal()
            for reader in sealed {
                for entry in reader.entries { places[entry.id] = (entry, reader) }
            }
            let writer = try ShardWriter(path: plan.path, layout: settings.layout, shard: plan.shard)
            for item in plan.items {
                guard let place = places[item.utterance.id] else { continue }
                try writer.appendCopy(place.entry, from: place.reader)
            }
            if let existing = plan.existing {
                for entry in plan.kept { try writer.appendCopy(entry, from: existing) }
            }
            try writer.finish()
        }
        open = nil
        for path in ShardPlan.segmentPaths(of: plan.path) { unlink(path) }
    }
}
