import Corpus
import FeatureStore
import Foundation

/// What stage one does beside the engine: decoding recordings and writing rows. On one thread, recordings in the page cache; what is
/// written is flushed to the disk.
struct StorageProfile {
    /// Of the utterances, in seconds.
    var lengths: [Double]
    var hiddenSize: Int

    struct Entry: Encodable {
        var name: String
        var seconds: Double
        var byteCount: Int

        enum CodingKeys: String, CodingKey {
            case name, seconds
            case byteCount = "bytes"
        }
    }

    func run() throws -> [Entry] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "undertone-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return [try decoding(in: folder.path), try writing(in: folder.path)]
    }

    private func decoding(in folder: String) throws -> Entry {
        var byteCount = 0
        let paths = try lengths.enumerated().map { number, length in
            let wave = Self.wave(sampleCount: Int(length * 16_000)), path = "\(folder)/\(number).wav"
            try wave.write(to: URL(filePath: path))
            byteCount += wave.count
            return path
        }
        let seconds = try secondsTaken { for path in paths { _ = try AudioFile.decode(path) } }
        return Entry(name: "decode 16-bit WAV at 16 kHz", seconds: seconds, byteCount: byteCount)
    }

    private func writing(in folder: String) throws -> Entry {
        let layout = ShardLayout(
            key: CacheKey(components: ["benchmark": "rows"]), storage: .float16,
            cuts: [CutLayout(name: "9", hiddenSize: hiddenSize)])
        let counts = lengths.map { Int($0 * 50) }
        let longest = (0..<counts.max()! * hiddenSize).map { Float($0 % 251) / 125 - 1 }
        let seconds = try secondsTaken {
            let writer = try ShardWriter(path: "\(folder)/shard-00000.h5", layout: layout, shard: 0)
            for (number, count) in counts.enumerated() {
                let entry = UtteranceEntry(
                    id: "\(number)", frameCount: count, sampleCount: count * 320, audioSHA256: "", fileByteCount: 0,
                    fileModifiedNanoseconds: 0)
                try writer.append(entry, rows: [Array(longest.prefix(count * hiddenSize))])
            }
            try writer.finish()
        }
        return Entry(
            name: "write float16 rows of one cut", seconds: seconds,
            byteCount: counts.reduce(0, +) * layout.bytesPerFrame)
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
