import Buffers
import FeatureStore
import Kernels

/// Which utterances make which batch.
enum Batches {
    /// Shuffled anew for every epoch, and cut into batches whose sizes differ by at most one: a small last batch would
    /// have a CCC of its own that is mostly noise. Packing makes the order free of cost, so nothing is bucketed by length.
    static func shuffled(_ count: Int, size: Int, seed: UInt64, epoch: Int) -> [[Int]] {
        var stream = RandomStream(seed: seed, "shuffle", UInt64(epoch))
        return cut(Array(0..<count).shuffled(using: &stream), size: size)
    }

    /// In order, for evaluation.
    static func inOrder(_ count: Int, size: Int) -> [[Int]] { cut(Array(0..<count), size: size) }

    static func count(of utterances: Int, size: Int) -> Int { (utterances + size - 1) / size }

    private static func cut(_ order: [Int], size: Int) -> [[Int]] {
        let batches = count(of: order.count, size: size)
        return (0..<batches).map { Array(order[$0 * order.count / batches..<($0 + 1) * order.count / batches]) }
    }
}

/// Reads packed batches from a cache.
struct BatchReader: Sendable {
    let cache: FeatureCache
    let cut: String
    let columns: Int
    let engine: any Engine

    /// Rows of the given utterances, end to end, `[N, C]` float32.
    func read(_ examples: [TrainingCorpus.Example]) throws -> (rows: Matrix, offsets: PackedOffsets) {
        let offsets = try PackedOffsets(lengths: examples.map(\.frameCount))
        let storage = cache.description.storage
        let rowBytes = columns * storage.precision.byteCount
        let stored = AlignedBuffer(byteCount: offsets.rowCount * rowBytes)
        let quantisedRowBytes = storage.byteCount(channels: columns)
        let quantised =
            storage == .int8
            ? AlignedBuffer(byteCount: quantisedRowBytes * (examples.map(\.frameCount).max() ?? 0)) : nil
        for (index, example) in examples.enumerated() {
            let range = offsets[index]
            let part = UnsafeMutableRawBufferPointer(
                rebasing: stored.bytes[range.lowerBound * rowBytes..<range.upperBound * rowBytes])
            guard let quantised else {
                try cache.readRows(example.place, cut: cut, into: part)
                continue
            }
            // An utterance at a time, while it is in the processor's cache.
            let block = UnsafeMutableRawBufferPointer(
                rebasing: quantised.bytes[..<(range.count * quantisedRowBytes)])
            try cache.readRows(example.place, cut: cut, into: block)
            storage.decode(UnsafeRawBufferPointer(block), channels: columns, into: part.bindMemory(to: Float.self))
        }
        let rows = engine.makeMatrix(rows: offsets.rowCount, columns: columns, precision: .float32)
        engine.upload(
            stored: UnsafeRawBufferPointer(rebasing: stored.bytes[..<(offsets.rowCount * rowBytes)]),
            as: storage.precision, to: rows)
        return (rows, offsets)
    }
}

extension StorageFormat {
    /// The element type in which rows are handed to an engine: their own, or the one that they are decoded into.
    var precision: Precision {
        switch self {
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float32, .int8: .float32
        }
    }
}
