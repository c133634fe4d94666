import Buffers
import Checkpoints
import FeatureStore
import Foundation
import Kernels
import SpeechEncoder

/// Hidden states as `undertone-cache` stored them, in one cache or in those of several corpora.
public struct CachedFeatures: FeatureSource {
    private let cache: FeatureCache
    private let isJoined: Bool

    /// - Parameter directories: at least one; what describes the model is read from the first.
    /// - Throws: `StoreError`, naming the file that is missing, damaged or of another cache, or the cache that cannot be trained on
    ///   together with the first.
    public init(directories: [String]) throws(StoreError) {
        cache = try FeatureCache.open(directories: directories)
        isJoined = directories.count > 1
    }

    public var location: String { cache.directory }
    public var manifestPath: String { "\(cache.directory)/corpus.csv" }
    public var key: String { cache.description.cacheKey }
    public var modelKey: String? {
        get throws {
            try cache.description.upperSHA256.map {
                try Self.modelKey(configuration: cache.description.model, upperWeights: $0)
            }
        }
    }
    public var modelSource: String { cache.description.modelSource }
    public var cuts: [Cut] { cache.description.cuts.compactMap { Cut($0.name) } }
    public var pool: Int { cache.description.pool }
    public var rowSeconds: Double {
        Double(cache.description.preprocessing.hopSamples) / Double(cache.description.preprocessing.sampleRateHz)
    }
    public var missingAdvice: String {
        "are \(isJoined ? "in none of the caches" : "not in the cache"); run undertone-cache again"
    }

    public func encoderConfiguration() throws -> EncoderConfiguration {
        try EncoderConfiguration(
            ConfigurationFile(
                path: "\(cache.directory)/\(CacheDescription.fileName)",
                data: try JSONEncoder().encode(cache.description.model)))
    }

    public func record() -> ModelRecord.Features { cache.description.features }

    public func upperWeights() throws -> any TensorSource {
        let path = "\(cache.directory)/upper.safetensors"
        guard FileManager.default.fileExists(atPath: path) else { throw TrainingError.noUpperWeights(path: path) }
        return try SafetensorsFile.open(path)
    }

    public func utterance(_ id: String) -> FeatureUtterance? {
        guard let index = cache.index(of: id) else { return nil }
        let entry = cache.utterances[index].entry
        return FeatureUtterance(frameCount: entry.frameCount, audioSHA256: entry.audioSHA256)
    }

    public func rows(cut: Cut, engine: any Engine) throws -> any RowSource {
        guard let layout = cache.description.cuts.first(where: { $0.name == "\(cut)" }) else {
            preconditionFailure("cut \(cut) is not in the cache")
        }
        return CachedRows(cache: cache, cut: layout, engine: engine)
    }
}

/// Reads packed batches from a cache.
struct CachedRows: RowSource {
    let cache: FeatureCache
    let cut: CutLayout
    let engine: any Engine

    var isCostly: Bool { false }

    /// Rows as they are stored, before they become float32 in the engine.
    var workingBytes: Int {
        let longest = cache.utterances.map(\.entry.frameCount).max() ?? 0
        return longest * cache.description.storage.byteCount(channels: cut.hiddenSize)
    }

    func read(_ examples: [TrainingCorpus.Example]) throws -> Matrix {
        let columns = cut.hiddenSize, storage = cache.description.storage
        let rows = engine.makeMatrix(
            rows: examples.reduce(0) { $0 + $1.frameCount }, columns: columns, precision: .float32)
        let longest = examples.map(\.frameCount).max() ?? 0
        let storedRowBytes = storage.byteCount(channels: columns), rowBytes = columns * storage.precision.byteCount
        // An utterance at a time, while it is in the processor's cache.
        let stored = AlignedBuffer(byteCount: longest * storedRowBytes)
        let decoded = storage == .int8 ? AlignedBuffer(byteCount: longest * rowBytes) : stored
        var first = 0
        for example in examples {
            let count = example.frameCount
            let block = UnsafeMutableRawBufferPointer(rebasing: stored.bytes[..<(count * storedRowBytes)])
            try cache.readRows(try cache.utterance(id: example.id), first: count, cut: cut.name, into: block)
            let values = UnsafeMutableRawBufferPointer(rebasing: decoded.bytes[..<(count * rowBytes)])
            if storage == .int8 {
                storage.decode(
                    UnsafeRawBufferPointer(block), channels: columns, into: values.bindMemory(to: Float.self))
            }
            engine.upload(
                stored: UnsafeRawBufferPointer(values), as: storage.precision, to: rows.rows(first..<first + count))
            first += count
        }
        return rows
    }
}

extension StorageFormat {
    /// The element type in which rows are handed to an engine: their own, or the one that they are decoded into.
    fileprivate var precision: Precision {
        switch self {
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float32, .int8: .float32
        }
    }
}
