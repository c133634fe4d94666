import Foundation
import Testing

/// A folder of its own for one test, in which programs run, so that paths in their messages are short and relative
/// where the user gave them so. Removed when the value goes.
final class Scratch {
    let path: String
    /// What the programs said; apart from `path`, so that listings of that are theirs.
    let logs: String

    init() throws {
        let name = "undertone-tests-\(UUID().uuidString)"
        let root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        path = "\(root)/\(name)"
        logs = "\(root)/\(name)-logs"
        for folder in [path, logs] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
    }

    deinit {
        for folder in [path, logs] { try? FileManager.default.removeItem(atPath: folder) }
    }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }

    func write(_ name: String, _ text: String) throws { try write(name, text.utf8) }

    func read(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: "\(path)/\(name)")) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }

    /// A manifest with the columns id, path, split, speaker, activation.
    func writeManifest(_ rows: [String], to name: String = "manifest.csv") throws {
        try write(name, (["id,path,split,speaker,activation"] + rows).map { $0 + "\n" }.joined())
    }

    /// Recordings `u0.wav`, `u1.wav`, … of different lengths, and their manifest: of six, three train, two are for
    /// development and one for the test; labels from 1 to 5.
    @discardableResult
    func writeCorpus(_ count: Int, frames: Int = 4000, step: Int = 530) throws -> [String] {
        let splits = ["train", "development", "train", "test", "train", "development"]
        let rows = try (0..<count).map { index in
            try write("u\(index).wav", Wave(frames: frames + step * index, pitchHz: 90 + 37 * index).bytes)
            return "u\(index),u\(index).wav,\(splits[index % 6]),s\(index % 4),\(1 + index * 7 % 5)"
        }
        try writeManifest(rows)
        return rows
    }

    /// A copy of the tiny model of the goldens, a real folder in Hugging Face layout with both formats of weights.
    func copyModel(to name: String = "model") throws {
        let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let source = goldens.appending(path: "Goldens/wav2vec2-tiny").path
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        for file in ["config.json", "preprocessor_config.json", "model.safetensors", "pytorch_model.bin"] {
            try write("\(name)/\(file)", Data(contentsOf: URL(filePath: "\(source)/\(file)")))
        }
    }

    /// Replaces bytes in a file, which must hold them exactly once.
    func edit(_ name: String, _ old: String, _ new: String) throws {
        var data = try bytes(name)
        let range = try #require(data.range(of: Data(old.utf8)), "\(name) does not hold \(old)")
        try #require(data.range(of: Data(old.utf8), in: range.upperBound..<data.endIndex) == nil)
        data.replaceSubrange(range, with: Data(new.utf8))
        try write(name, data)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
}

/// A WAV file: a voiced-like sound, in 16-bit integers or float32.
struct Wave {
    var samples: [Float]
    var sampleRateHz = 16_000
    var channels = 1
    var isFloat = false

    init(samples: [Float], isFloat: Bool = false) {
        self.samples = samples
        self.isFloat = isFloat
    }

    init(frames: Int, pitchHz: Int, sampleRateHz: Int = 16_000, channels: Int = 1) {
        self.sampleRateHz = sampleRateHz
        self.channels = channels
        samples = (0..<frames * channels).map { index in
            let seconds = Double(index / channels) / Double(sampleRateHz)
            let phase = 2 * Double.pi * Double(pitchHz + index % channels * 11) * seconds
            return Float(0.3 * sin(phase) + 0.1 * sin(3.1 * phase + Double(pitchHz)))
        }
    }

    var bytes: [UInt8] {
        let width = isFloat ? 4 : 2
        var data: [UInt8] = []
        for sample in samples {
            if isFloat {
                append(sample.bitPattern, to: &data)
            } else {
                append(UInt16(bitPattern: Int16(sample * 32767)), to: &data)
            }
        }
        var bytes = Array("RIFF".utf8)
        append(UInt32(data.count + 36), to: &bytes)
        bytes += Array("WAVEfmt ".utf8)
        append(UInt32(16), to: &bytes)
        append(UInt16(isFloat ? 3 : 1), to: &bytes)
        append(UInt16(channels), to: &bytes)
        append(UInt32(sampleRateHz), to: &bytes)
        append(UInt32(sampleRateHz * channels * width), to: &bytes)
        append(UInt16(channels * width), to: &bytes)
        append(UInt16(8 * width), to: &bytes)
        bytes += Array("data".utf8)
        append(UInt32(data.count), to: &bytes)
        return bytes + data
    }

    private func append<Integer: FixedWidthInteger>(_ value: Integer, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
