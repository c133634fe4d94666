import ArgumentParser
import Buffers
import Corpus
import FeatureStore
import Foundation
import Kernels
import Runs
import SpeechEncoder
import Synchronization
import Training

/// How fast a cache's rows are read in shuffled order, from the page cache. The cache has to be larger than the processor's, or it is
/// the processor's that is measured.
struct ReadingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reading", abstract: "Measure how fast a cache's rows are read, in shuffled order.")

    @Option(help: "The cache.")
    var cache: String

    @Option(help: "Repetitions, after one that is not counted.")
    var repetitions = 3

    @Option(help: "Utterances of a batch, as stage two reads them.")
    var batch = 32

    @Option(help: "Threads.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print JSON.")
    var json = false

    struct Outcome: Encodable {
        var bytes: Int
        var utterances: Int
        var lastLevelCacheBytes: Int?
        var threads: Int
        /// Stored bytes per second of each repetition: as they are stored, one thread.
        var oneThread: [Double]
        /// The same with all threads at it; HDF5 lets one at a time.
        var allThreads: [Double]
        /// As stage two has them: batches of float32 in the engine's memory.
        var asTrained: [Double]

        enum CodingKeys: String, CodingKey {
            case bytes, utterances, threads
            case lastLevelCacheBytes = "last_level_cache_bytes"
            case oneThread = "one_thread"
            case allThreads = "all_threads"
            case asTrained = "as_trained"
        }
    }

    func run() throws {
        let opened = try FeatureCache.open(directory: cache)
        guard let cut = opened.description.cuts.compactMap({ Cut($0.name) }).max() else {
            throw ValidationError("\(cache): has no cut to read")
        }
        let rowBytes = opened.description.storage.byteCount(
            channels: opened.description.cuts.first { $0.name == "\(cut)" }!.hiddenSize)
        let bytes = opened.utterances.reduce(0) { $0 + $1.entry.frameCount } * rowBytes
        func rates(_ body: () throws -> Int) throws -> [Double] {
            _ = try body()
            return try (0..<max(1, repetitions)).map { _ in
                var read = 0
                let seconds = try secondsTaken { read = try body() }
                return Double(read) / seconds
            }
        }
        let outcome = Outcome(
            bytes: bytes, utterances: opened.utterances.count,
            lastLevelCacheBytes: MemoryBandwidth.lastLevelCacheBytes, threads: threads,
            oneThread: try rates { try stored(opened, cut: "\(cut)", rowBytes: rowBytes, threads: 1) },
            allThreads: try rates { try stored(opened, cut: "\(cut)", rowBytes: rowBytes, threads: threads) },
            asTrained: try rates { try asTrained(cut: cut, rowBytes: rowBytes) })
        if json { return print(try jsonLine(outcome)) }
        print("\(outcome.utterances) utterances, \(String(format: "%.2f", Double(bytes) / 1e9)) GB, shuffled:")
        for (name, rates) in [
            ("as stored, one thread", outcome.oneThread), ("as stored, \(threads) threads", outcome.allThreads),
            ("in batches, as stage two has them", outcome.asTrained),
        ] { print("  \(filled(name, 36)) \(padded(String(format: "%.2f", rates.max()! / 1e9), 6)) GB/s") }
    }

    /// - Returns: how many bytes were read.
    private func stored(_ cache: FeatureCache, cut: String, rowBytes: Int, threads: Int) throws -> Int {
        var stream = RandomStream(seed: 1, "order")
        let order = cache.utterances.shuffled(using: &stream)
        let longest = order.map(\.entry.frameCount).max() ?? 0
        let next = Counter(), failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let buffer = AlignedBuffer(byteCount: longest * rowBytes)
            while let index = next.take(below: order.count) {
                let rows = UnsafeMutableRawBufferPointer(
                    rebasing: buffer.bytes[..<(order[index].entry.frameCount * rowBytes)])
                do { try cache.readRows(order[index], cut: cut, into: rows) } catch {
                    return failure.withLock { $0 = error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return order.reduce(0) { $0 + $1.entry.frameCount } * rowBytes
    }

    /// - Returns: how many stored bytes were read.
    private func asTrained(cut: Cut, rowBytes: Int) throws -> Int {
        let features = try CachedFeatures(directories: [cache])
        let manifest = try CorpusManifest.load(features.manifestPath)
        let corpus = try TrainingCorpus(
            features: features, manifest: manifest,
            labels: [TrainConfiguration.Label(name: manifest.labelColumns.first ?? "activation")])
        let source = try features.rows(cut: cut, engine: CPUEngine(threads: threads))
        var stream = RandomStream(seed: 2, "order")
        let order = (corpus.splits[.train] ?? []).shuffled(using: &stream)
        for first in stride(from: 0, to: order.count, by: batch) {
            _ = try source.read(Array(order[first..<min(order.count, first + batch)]))
        }
        return order.reduce(0) { $0 + $1.frameCount } * rowBytes
    }
}
