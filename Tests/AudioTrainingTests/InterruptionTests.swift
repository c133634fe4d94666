import AudioTraining
import Corpus
import Foundation
import Kernels
import Runs
import SpeechEncoder
import Synchronization
import Testing
import Training

/// Wherever the stop comes, within a recording too, no rows are handed out; without one, the rows are those of always.
@Test func aRecordingThatIsStoppedGivesNoRows() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "undertone-audio-training-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var lines = ["id,path,split,speaker,activation"]
    for (index, split) in ["train", "train", "development", "development"].enumerated() {
        try wave(samples: index == 0 ? 150_000 : 4000).write(to: folder.appending(path: "u\(index).wav"))
        lines.append("u\(index),u\(index).wav,\(split),s\(index),\(index)")
    }
    let manifest = folder.appending(path: "manifest.csv")
    try lines.map { $0 + "\n" }.joined().write(to: manifest, atomically: true, encoding: .utf8)

    let corpus = try CorpusManifest.load(manifest.path)
    var configuration = TrainConfiguration(labels: [.init(name: "activation")])
    configuration.layers = .top(2)
    let left = Mutex(Int.max)
    let features = try RecordedFeatures(
        corpus: corpus, model: "random:wav2vec2-tiny", configuration: configuration, precision: .float32, threads: 1,
        shouldStop: {
            left.withLock {
                guard $0 > 0 else { return true }
                $0 -= 1
                return false
            }
        })
    let train = try TrainingCorpus(features: features, manifest: corpus, labels: configuration.labels).train
    let examples = Array(train.prefix(1)), engine = CPUEngine(threads: 1)
    let rows = try features.rows(cut: .layer(2), engine: engine)
    let whole = engine.download(try rows.read(examples))
    var chances = 0
    while true {
        left.withLock { [chances] in $0 = chances }
        do {
            let again = engine.download(try rows.read(examples))
            #expect(again == whole)
            break
        } catch is StopRequest {
            chances += 1
        }
    }
    // Before the recording, and in it four pieces, three steps and two layers' four heads each.
    #expect(chances > 12)
}

/// A WAV file of 16-bit integers at 16 kHz.
private func wave(samples: Int) -> Data {
    var bytes = Array("RIFF".utf8)
    func append<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(UInt32(2 * samples + 36))
    bytes += Array("WAVEfmt ".utf8)
    append(UInt32(16))
    append(UInt16(1))
    append(UInt16(1))
    append(UInt32(16_000))
    append(UInt32(32_000))
    append(UInt16(2))
    append(UInt16(16))
    bytes += Array("data".utf8)
    append(UInt32(2 * samples))
    for sample in 0..<samples { append(Int16(sample % 211 * 100 - 10_500)) }
    return Data(bytes)
}
