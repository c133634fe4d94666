import Corpus
import Faults
import FeatureStore
import Foundation
import Synchronization
import Testing

@testable import Caching

/// A folder that is gone when the test is over.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "undertone-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
    func data(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: file(name))) }
}

/// Recordings that exist in memory only, and can be touched, changed, broken and removed.
final class FakeRecordings: RecordingSource {
    struct Recording: Sendable {
        var samples: [Float]
        var stamp: FileStamp
        var fault: AudioError?
        var notes: [RecordingNote] = []
        /// Whether the header already shows the fault.
        var isProbed = false
    }

    let files: Mutex<[String: Recording]>
    let decodeCount = Mutex(0)
    private let delay = Mutex(0.0)
    /// Seconds that decoding takes, as from a slow disk.
    var decodeDelay: Double {
        get { delay.withLock { $0 } }
        set { delay.withLock { $0 = newValue } }
    }

    init(_ manifest: CorpusManifest) {
        files = Mutex(
            Dictionary(
                uniqueKeysWithValues: manifest.utterances.enumerated().map { number, utterance in
                    let count = 400 + (number * 977) % 5000
                    let samples = (0..<count).map { Float(($0 * (number + 3)) % 101) / 50 - 1 }
                    let stamp = FileStamp(byteCount: count, modifiedNanoseconds: 1000 + number)
                    return (utterance.audioPath, Recording(samples: samples, stamp: stamp))
                }))
    }

    func change(_ path: String, _ change: (inout Recording) -> Void) {
        files.withLock { change(&$0[path]!) }
    }

    func remove(_ path: String) { files.withLock { $0[path] = nil } }

    func stamp(_ span: AudioSpan) -> FileStamp? { files.withLock { $0[span.path]?.stamp } }

    func probe(_ span: AudioSpan) throws -> Double? {
        guard let file = files.withLock({ $0[span.path] }) else { throw AudioError.missing(path: span.path) }
        if let fault = file.fault, file.isProbed { throw fault }
        return Double(file.samples.count) / 16000
    }

    func decode(_ span: AudioSpan) throws -> DecodedRecording {
        Thread.sleep(forTimeInterval: decodeDelay)
        decodeCount.withLock { $0 += 1 }
        guard let file = files.withLock({ $0[span.path] }) else { throw AudioError.missing(path: span.path) }
        if let fault = file.fault { throw fault }
        let hash = file.samples.reduce(into: UInt64(5381)) { $0 = $0 &* 33 &+ UInt64($1.bitPattern) }
        return DecodedRecording(samples: file.samples, sha256: String(hash, radix: 16), notes: file.notes)
    }
}

/// Rows that depend on the samples only; counts what it is asked for, takes unevenly long, and can fail.
final class FakeEncoder: FrozenEncoder {
    let calls = Mutex(0)
    let fail: @Sendable (Int) throws -> Void

    init(fail: @escaping @Sendable (Int) throws -> Void = { _ in }) { self.fail = fail }

    var callCount: Int { calls.withLock { $0 } }

    func hiddenStates(of waveform: [Float]) throws -> [String: HiddenStates] {
        let number = calls.withLock { calls in
            calls += 1
            return calls
        }
        try fail(number)
        usleep(UInt32(waveform.count % 7) * 300)
        let frames = (waveform.count - 400) / 320 + 1
        return Dictionary(
            uniqueKeysWithValues: [("cnn", 3), ("9", 5)].map { name, width in
                let values = (0..<frames * width).map { waveform[($0 * 61) % waveform.count] * Float(width) }
                return (name, HiddenStates(rows: frames, columns: width, values: values))
            })
    }
}

func corpus(_ count: Int, ids: ((Int) -> String)? = nil) -> CorpusManifest {
    CorpusManifest(
        path: "manifest.csv", columns: CorpusManifest.requiredColumns,
        utterances: (0..<count).map { number in
            let id = ids?(number) ?? "u\(number)"
            return Utterance(
                id: id, path: "\(id).wav", audioPath: "/audio/\(id).wav", split: .train, speaker: nil,
                cells: ["id": id, "path": "\(id).wav", "split": "train", "speaker": ""], line: number + 2)
        })
}

func layout(shards: Int = 1, weights: String = "a") -> ShardLayout {
    ShardLayout(
        key: CacheKey(components: ["weights": weights]), storage: .float32,
        cuts: [CutLayout(name: "cnn", hiddenSize: 3), CutLayout(name: "9", hiddenSize: 5)], shardCount: shards)
}

/// One run, from survey to shards.
@discardableResult
func cache(
    _ manifest: CorpusManifest, _ folder: TemporaryFolder, _ recordings: FakeRecordings,
    encoder: FakeEncoder = FakeEncoder(), layout shardLayout: ShardLayout = layout(), onlyShard: Int? = nil,
    workers: Int = 2, segments: Duration = .seconds(60), observer: CachingObserver = CachingObserver(),
    prunes: Bool = false
) throws -> CachingSummary {
    let settings = CachingSettings(
        directory: folder.path, layout: shardLayout, onlyShard: onlyShard, workerCount: workers,
        segmentDuration: segments, prunes: prunes)
    let stage = StageOne(manifest: manifest, settings: settings, recordings: recordings, observer: observer)
    return try stage.makeShards(try stage.survey(), encoder: encoder)
}

/// Waits for what other threads have to do; a minute is more than any machine needs.
func waits(until condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        usleep(500)
    }
    return false
}
