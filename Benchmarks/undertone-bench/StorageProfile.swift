import Corpus
import FeatureStore
import Foundation

/// What lies around the engine: decoding recordings and writing rows, which stage one does beside it, and reading rows, which stage
/// two does before each step. On one thread, files in the page cache.
struct StorageProfile {
    /// Of the utterances, in seconds.
    var lengths: [Double]
    var hiddenSize: Int

    struct Entry {
        var name: String
        var seconds: Double
        var byteCount: Int
    }

    func run() throws -> [Entry] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "undertone-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return [try decoding(in: folder.path)] + (try rows(in: folder.path))
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let begin = ContinuousClock.now
        try body()
        return begin.duration(to: .now) / .seconds(1)
    }

    private func decoding(in folder: String) throws -> Entry {
        var byteCount = 0
        let paths = try lengths.enumerated().map { number, length in
            let wave = Self.wave(sampleCount: Int(length * 16_000)), path = "\(folder)/\(number).wav"
            try wave.write(to: URL(filePath: path))
            byteCount += wave.count
            return path
        }
        let seconds = try seconds { for path in paths { _ = try AudioFile.decode(path) } }
        return Entry(name: "decode 16-bit WAV at 16 kHz", seconds: seconds, byteCount: byteCount)
    }

    private func rows(in folder: String) throws -> [Entry] {
        let layout = ShardLayout(
            key: CacheKey(components: ["benchmark": "rows"]), storage: .float16,
            cuts: [CutLayout(name: "9", hiddenSize: hiddenSize)])
        let counts = lengths.map { Int($0 * 50) }, path = "\(folder)/shard-00000.h5"
        let longest = (0..<counts.max()! * hiddenSize).map { Float($0 % 251) / 125 - 1 }
        let writing = try seconds {
            let writer = try ShardWriter(path: path, layout: layout, shard: 0)
            for (number, count) in counts.enumerated() {
                let entry = UtteranceEntry(
                    id: "\(number)", frameCount: count, sampleCount: count * 320, audioSHA256: "", fileByteCount: 0,
                    fileModifiedNanoseconds: 0)
                try writer.append(entry, rows: [Array(longest.prefix(count * hiddenSize))])
            }
            try writer.finish()
        }
        let byteCount = counts.reduce(0, +) * layout.bytesPerFrame
        let reader = try ShardReader(path: path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: counts.max()! * layout.bytesPerFrame, alignment: 64)
        defer { buffer.deallocate() }
        var order = SystemRandomNumberGenerator()
        let shuffled = counts.indices.shuffled(using: &order)
        func read() throws {
            for index in shuffled {
                let size = counts[index] * layout.bytesPerFrame
                try reader.readRows(
                    cut: "9", utterance: index, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]))
            }
        }
        try read()
        let reading = try seconds { for _ in 0..<5 { try read() } } / 5
        return [
            Entry(name: "write float16 rows of one cut", seconds: writing, byteCount: byteCount),
            Entry(name: "read them, shuffled, from the page cache", seconds: reading, byteCount: byteCount),
        ]
    }

    /// A 16-bit WAV file.
    private static func wave(sampleCount: Int) -> Data {
        func bytes<T: FixedWidthInteger>(_ value: T) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }
        let size = UInt32(2 * sampleCount)
        var data = Data("RIFF".utf8) + bytes(size + 36) + Data("WAVEfmt ".utf8) + bytes(UInt32(16))
        data += bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(16_000)) + bytes(UInt32(32_000)) + bytes(UInt16(2))
        data += bytes(UInt16(16)) + Data("data".utf8) + bytes(size)
        let samples = (0..<sampleCount).map { Int16(truncatingIfNeeded: ($0 &* 7919) % 16_381 - 8190).littleEndian }
        return data + samples.withUnsafeBytes { Data($0) }
    }
}
