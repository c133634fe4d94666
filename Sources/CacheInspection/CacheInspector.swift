import Caching
import Corpus
import FeatureStore
import Foundation

/// Looks at a whole cache: its description, its corpus, its indices, and some or all of its rows.
public struct CacheInspector: Sendable {
    public let cache: FeatureCache
    /// Indices into `cache.utterances` of those whose rows are read, in the order of the shards.
    private let sample: [Int]

    /// Rows that tell a channel's mean and spread to a hundredth, and are read in a moment.
    public static let usualFrames = 20_000

    /// Utterances whose rows `overview` is going to read, and their frames.
    public var sampledUtterances: Int { sample.count }
    public var sampledFrames: Int { sample.reduce(0) { $0 + cache.utterances[$1].entry.frameCount } }

    /// - Parameters:
    ///   - directory: the cache's folder.
    ///   - mostFrames: how many rows of each cut are looked at; nil for all. Whole utterances are taken, chosen by the hash of their
    ///     ids: spread over the cache, and the same on every machine.
    /// - Throws: `StoreError` if the cache is not whole; `undertone verify` then says more.
    public init(directory: String, mostFrames: Int? = CacheInspector.usualFrames) throws(StoreError) {
        cache = try FeatureCache.open(directory: directory)
        sample = CacheInspector.sample(cache.utterances, mostFrames: mostFrames)
    }

    private static func sample(_ utterances: [FeatureCache.Utterance], mostFrames: Int?) -> [Int] {
        guard let mostFrames else { return Array(utterances.indices) }
        let ranked = utterances.indices
            .map { (rank: ShardLayout.shardIndex(id: utterances[$0].entry.id, shardCount: .max), index: $0) }
            .sorted { $0.rank < $1.rank }
        var (chosen, frames) = ([Int](), 0)
        for (_, index) in ranked {
            frames += utterances[index].entry.frameCount
            // One at least, however long it is.
            guard frames <= mostFrames || chosen.isEmpty else { break }
            chosen.append(index)
        }
        return chosen.sorted()
    }

    /// - Parameters:
    ///   - shouldStop: asked between utterances.
    ///   - onProgress: so many utterances more have been read, and so many frames.
    /// - Throws: `StoreError`, `ManifestError`; `InspectionError.interrupted`.
    public func overview(
        shouldStop: () -> Bool = { false }, onProgress: (_ utterances: Int, _ frames: Int) -> Void = { _, _ in }
    ) throws -> CacheOverview {
        let description = cache.description
        func path(_ name: String) -> String { (cache.directory as NSString).appendingPathComponent(name) }
        let corpus = CorpusStatistics(
            manifest: try CorpusManifest.load(path("corpus.csv")), entries: cache.utterances.map(\.entry),
            sampleRateHz: description.preprocessing.sampleRateHz)
        let rejects = try Reject.load(path("rejects.csv"))
        let rows = try statistics(shouldStop, onProgress)
        return CacheOverview(
            key: description.cacheKey, modelSource: description.modelSource,
            family: family, cuts: description.cuts,
            storage: description.storage.rawValue, compute: description.compute, shards: cache.shards.count,
            utterances: cache.utterances.count, frames: cache.shards.reduce(0) { $0 + $1.rowCount },
            audioSeconds: corpus.audioSeconds, bytes: bytesOnDisk(), splits: corpus.splits, speakers: corpus.speakers,
            unlistedUtterances: corpus.unlistedUtterances, durations: DurationHistogram(corpus.durations),
            rows: rows, fidelity: description.fidelity, rejects: RejectGroup.grouped(rejects))
    }

    /// `model_type` of the model's configuration.
    private var family: String {
        guard case .object(let model) = cache.description.model, case .string(let name)? = model["model_type"] else {
            return "unknown"
        }
        return name
    }

    private func statistics(
        _ shouldStop: () -> Bool, _ onProgress: (_ utterances: Int, _ frames: Int) -> Void
    ) throws -> [RowStatistics] {
        let cuts = cache.description.cuts
        var moments = cuts.map { ChannelMoments(width: $0.hiddenSize) }
        for index in sample {
            if shouldStop() { throw InspectionError.interrupted }
            let utterance = cache.utterances[index]
            for (number, cut) in cuts.enumerated() {
                let rows = try cache.shards[utterance.shard].readFloats(cut: cut.name, utterance: utterance.row)
                moments[number].add(rows, utterance: utterance.entry.id)
            }
            onProgress(1, utterance.entry.frameCount)
        }
        let frames = cache.shards.reduce(0) { $0 + $1.rowCount }
        return zip(cuts, moments).compactMap { $1.statistics(cut: $0.name, ofFrames: frames) }
    }

    private func bytesOnDisk() -> Int {
        let names = ["cache.json", "corpus.csv", "rejects.csv", "upper.safetensors"]
        let paths =
            cache.shards.map(\.path) + names.map { (cache.directory as NSString).appendingPathComponent($0) }
        return paths.reduce(0) { $0 + (FileStamp(path: $1)?.byteCount ?? 0) }
    }
}
