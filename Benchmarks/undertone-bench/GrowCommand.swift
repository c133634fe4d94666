import ArgumentParser
import Corpus
import FeatureStore
import Files
import Foundation

/// A large cache from a small one: its utterances over and over under new ids, complete in every file, so that what depends on a
/// cache's size can be measured without days of computing.
struct GrowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grow", abstract: "Write a large cache from a small one, repeating its utterances.")

    @Option(help: "The small cache.")
    var from: String

    @Option(help: "The folder of the large one.")
    var to: String

    @Option(help: "How many utterances.")
    var utterances = 23_000

    @Option(help: "Into how many shards.")
    var shards = 4

    func validate() throws {
        guard utterances > 0, shards > 0 else { throw ValidationError("expected --utterances and --shards 1 or more") }
    }

    func run() throws {
        let small = try FeatureCache.open(directory: from)
        let manifest = try CorpusManifest.load("\(from)/corpus.csv")
        // What is rejected or was dropped has no rows.
        let known = manifest.utterances.filter { small.index(of: $0.id) != nil }
        guard !known.isEmpty else { throw ValidationError("\(from): none of corpus.csv's utterances is cached") }
        try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
        try requireRoom(small, known)

        var description = small.description
        let layout = ShardLayout(
            key: description.key, storage: description.storage, cuts: description.cuts,
            sampleRateHz: description.preprocessing.sampleRateHz, hopSamples: description.preprocessing.hopSamples,
            pool: description.pool, shardCount: shards)
        let grown = (0..<utterances).map { copy(of: known[$0 % known.count], number: $0) }
        let paths = (0..<shards).map { "\(to)/\(ShardLayout.fileName(shard: $0))" }
        let writers = try paths.enumerated().map { try ShardWriter(path: $1, layout: layout, shard: $0) }
        let rows = try known.map { original in try layout.cuts.map { try small.rows(id: original.id, cut: $0.name) } }
        var sampleCount = 0
        for (number, utterance) in grown.enumerated() {
            var entry = try small.utterance(id: known[number % known.count].id).entry
            entry.id = utterance.id
            sampleCount += entry.sampleCount
            try writers[ShardLayout.shardIndex(id: entry.id, shardCount: shards)]
                .append(entry, rows: rows[number % known.count])
        }
        for writer in writers { try writer.finish() }

        description.shards = try zip(paths, writers).map { path, writer in
            CacheDescription.Shard(
                file: (path as NSString).lastPathComponent, utterances: writer.utteranceCount, frames: writer.rowCount,
                bytes: try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
        }
        description.totals = .init(
            utterances: utterances, frames: description.shards.reduce(0) { $0 + $1.frames },
            seconds: Double(sampleCount) / Double(layout.sampleRateHz),
            bytes: description.shards.reduce(0) { $0 + $1.bytes })
        for name in ["upper.safetensors", "rejects.csv"] {
            try? FileManager.default.removeItem(atPath: "\(to)/\(name)")
            try FileManager.default.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
        }
        try CorpusManifest(path: "\(to)/corpus.csv", columns: manifest.columns, utterances: grown)
            .write(to: "\(to)/corpus.csv")
        // Last, as stage one has it: a folder without it is no cache.
        try description.write(directory: to)
        print(
            "\(utterances) utterances, \(String(format: "%.1f", description.totals.seconds / 3600)) hours, "
                + "\(String(format: "%.2f", Double(description.totals.bytes) / 1e9)) GB in \(to)")
    }

    /// Of the same split and speaker, so that no speaker and no recording comes to be in two splits.
    private func copy(of original: Utterance, number: Int) -> Utterance {
        let digits = String(number)
        let id = "g" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        var cells = original.cells
        cells["id"] = id
        return Utterance(
            id: id, path: original.path, audioPath: original.audioPath, segment: original.segment,
            split: original.split, speaker: original.speaker, cells: cells, line: number + 2)
    }

    private func requireRoom(_ small: FeatureCache, _ known: [Utterance]) throws {
        let frames = try known.reduce(0) { $0 + (try small.utterance(id: $1.id).entry.frameCount) }
        let perFrame = small.description.cuts.reduce(0) {
            $0 + small.description.storage.byteCount(channels: $1.hiddenSize)
        }
        let wanted = frames * perFrame / known.count * utterances
        guard let free = freeDiskBytes(at: to), free < wanted + (1 << 30) else { return }
        throw ValidationError(
            "\(to): \(wanted / 1_000_000_000) GB are to be written and \(free / 1_000_000_000) GB are free; expected room for "
                + "them and 1 GB more; give fewer --utterances")
    }
}
