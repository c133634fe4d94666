import Corpus
import Faults
import FeatureStore
import Foundation
import Synchronization
import Testing

@testable import Caching

private let shardName = ShardLayout.fileName(shard: 0)

@Test(arguments: [1, 2, 5], [1, 3])
func sameBytesWhateverTheWorkers(workers: Int, shards: Int) throws {
    let manifest = corpus(40)
    let (one, many) = (try TemporaryFolder(), try TemporaryFolder())
    try cache(manifest, one, FakeRecordings(manifest), layout: layout(shards: shards), workers: 1)
    try cache(manifest, many, FakeRecordings(manifest), layout: layout(shards: shards), workers: workers)
    #expect(one.names == (0..<shards).map(ShardLayout.fileName(shard:)))
    #expect(one.names == many.names)
    for name in one.names { #expect(try one.data(name) == many.data(name)) }
}

@Test func shardHoldsItsUtterancesInTheManifestsOrder() throws {
    let (manifest, folder) = (corpus(60), try TemporaryFolder())
    let summary = try cache(manifest, folder, FakeRecordings(manifest), layout: layout(shards: 4))
    #expect(summary.computed == 60 && summary.reused == 0 && summary.utterances == 60)
    for shard in 0..<4 {
        let reader = try ShardReader(path: folder.file(ShardLayout.fileName(shard: shard)))
        let expected = manifest.utterances.map(\.id).filter { ShardLayout.shardIndex(id: $0, shardCount: 4) == shard }
        #expect(reader.entries.map(\.id) == expected)
        #expect(try reader.verify().isEmpty)
    }
}

@Test func onlyOneShardIsMade() throws {
    let (manifest, folder) = (corpus(30), try TemporaryFolder())
    try cache(manifest, folder, FakeRecordings(manifest), layout: layout(shards: 3), onlyShard: 1)
    #expect(folder.names == ["shard-00001.h5"])
    #expect(throws: CachingError.shardNumber(3, count: 3)) {
        try cache(manifest, folder, FakeRecordings(manifest), layout: layout(shards: 3), onlyShard: 3)
    }
    let encoder = FakeEncoder()
    let summary = try cache(manifest, folder, FakeRecordings(manifest), encoder: encoder, layout: layout(shards: 3))
    #expect(summary.reused + encoder.callCount == 30 && summary.reused > 0)
}

// MARK: - Doing nothing twice

@Test func secondRunDecodesNothingAndTouchesTheShard() throws {
    let (manifest, folder) = (corpus(20), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    let before = try folder.data(shardName)
    var old = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
    utimensat(AT_FDCWD, folder.file(shardName), &old, 0)
    let decoded = recordings.decodeCount.withLock { $0 }
    let summary = try cache(manifest, folder, recordings)
    #expect(recordings.decodeCount.withLock { $0 } == decoded)
    #expect(summary.reused == 20 && summary.computed == 0 && summary.computedSeconds == 0)
    #expect(try folder.data(shardName) == before)
    #expect(try #require(FileStamp(path: folder.file(shardName))).modifiedNanoseconds > 2000 * 1_000_000_000)
}

@Test func addedUtteranceIsTheOnlyOneComputed() throws {
    let folder = try TemporaryFolder()
    try cache(corpus(20), folder, FakeRecordings(corpus(20)))
    let encoder = FakeEncoder()
    try cache(corpus(21), folder, FakeRecordings(corpus(21)), encoder: encoder)
    #expect(encoder.callCount == 1)
    // As if it had been there from the start.
    let fresh = try TemporaryFolder()
    try cache(corpus(21), fresh, FakeRecordings(corpus(21)))
    #expect(try folder.data(shardName) == fresh.data(shardName))
}

@Test func touchedRecordingIsDecodedButNotComputed() throws {
    let (manifest, folder) = (corpus(10), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    recordings.change("/audio/u4.wav") { $0.stamp.modifiedNanoseconds = 77 }
    let encoder = FakeEncoder()
    let decoded = recordings.decodeCount.withLock { $0 }
    try cache(manifest, folder, recordings, encoder: encoder)
    #expect(encoder.callCount == 0)
    #expect(recordings.decodeCount.withLock { $0 } == decoded + 1)
    // The new time is recorded, so the third run decodes nothing.
    try cache(manifest, folder, recordings, encoder: encoder)
    #expect(recordings.decodeCount.withLock { $0 } == decoded + 1)
    let reader = try ShardReader(path: folder.file(shardName))
    let stamp = FileStamp(byteCount: reader.entries[4].fileByteCount, modifiedNanoseconds: 77)
    #expect(reader.entries[4].fileModifiedNanoseconds == stamp.marked(by: manifest.utterances[4]).modifiedNanoseconds)
    #expect(reader.entries.map(\.id) == manifest.utterances.map(\.id))
}

/// The same utterances, heard in other files of `/audio`.
private func moved(_ manifest: CorpusManifest, to files: [String]) -> CorpusManifest {
    let utterances = zip(manifest.utterances, files).map { row, file in
        Utterance(
            id: row.id, path: file, audioPath: "/audio/\(file)", split: row.split, speaker: row.speaker,
            cells: row.cells, line: row.line)
    }
    return CorpusManifest(path: manifest.path, columns: manifest.columns, utterances: utterances)
}

/// Regression: a path that came to lead to another file of the same size and time went unseen, and another recording's rows stayed.
@Test func recordingsThatChangePlacesAreComputedAgain() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    for utterance in manifest.utterances {
        recordings.change(utterance.audioPath) {
            $0.samples = Array($0.samples.prefix(400))
            $0.stamp = FileStamp(byteCount: 844, modifiedNanoseconds: 1_700_000_000_000_000_000)
        }
    }
    try cache(manifest, folder, recordings)
    let (swapped, encoder) = (moved(manifest, to: ["u1.wav", "u0.wav", "u2.wav"]), FakeEncoder())
    let summary = try cache(swapped, folder, recordings, encoder: encoder)
    #expect(encoder.callCount == 2 && summary.computed == 2 && summary.reused == 1)
    let fresh = try TemporaryFolder()
    try cache(swapped, fresh, recordings)
    #expect(try folder.data(shardName) == fresh.data(shardName))
}

@Test func renamedRecordingIsDecodedButNotComputed() throws {
    let (manifest, folder) = (corpus(4), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    recordings.files.withLock { files in
        let recording = files.removeValue(forKey: "/audio/u2.wav")
        files["/audio/new.wav"] = recording
    }
    let (renamed, encoder) = (moved(manifest, to: ["u0.wav", "u1.wav", "new.wav", "u3.wav"]), FakeEncoder())
    // The new path is recorded, so the second of these runs decodes nothing.
    for _ in 0..<2 { #expect(try cache(renamed, folder, recordings, encoder: encoder).reused == 4) }
    #expect(encoder.callCount == 0 && recordings.decodeCount.withLock { $0 } == 4 + 1)
}

@Test func changedRecordingIsComputedAgain() throws {
    let (manifest, folder) = (corpus(10), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    recordings.change("/audio/u4.wav") {
        $0.samples = Array(repeating: 0.25, count: 2000)
        $0.stamp.modifiedNanoseconds = 77
    }
    let encoder = FakeEncoder()
    try cache(manifest, folder, recordings, encoder: encoder)
    #expect(encoder.callCount == 1)
    let reader = try ShardReader(path: folder.file(shardName))
    #expect(reader.entries.map(\.id) == manifest.utterances.map(\.id))
    let rows = try reader.readFloats(cut: "9", utterance: 4)
    #expect(rows.count == 6 * 5 && rows.allSatisfy { $0 == 1.25 })
}

@Test func utterancesThatLeftTheManifestStay() throws {
    let folder = try TemporaryFolder()
    try cache(corpus(10), folder, FakeRecordings(corpus(10)))
    let encoder = FakeEncoder()
    let fewer = corpus(4)
    let summary = try cache(fewer, folder, FakeRecordings(fewer), encoder: encoder)
    #expect(encoder.callCount == 0 && summary.utterances == 10)
    // A rewritten shard has them as well, after the manifest's.
    let others = corpus(3, ids: { ["u9", "new", "u2"][$0] })
    try cache(others, folder, FakeRecordings(others), encoder: FakeEncoder())
    let ids = try ShardReader(path: folder.file(shardName)).entries.map(\.id)
    #expect(ids == ["u9", "new", "u2", "u0", "u1", "u3", "u4", "u5", "u6", "u7", "u8"])
}

@Test func featuresOutliveTheirRecordings() throws {
    let (manifest, folder) = (corpus(6), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    for utterance in manifest.utterances { recordings.remove(utterance.audioPath) }
    let summary = try cache(manifest, folder, recordings)
    #expect(summary.reused == 6 && summary.rejects.isEmpty)
}

// MARK: - Other caches

@Test func anotherCachesFolderIsRefusedInWords() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    try cache(manifest, folder, FakeRecordings(manifest))
    let error = #expect(throws: StoreError.self) {
        try cache(manifest, folder, FakeRecordings(manifest), layout: layout(weights: "b"))
    }
    #expect(error == .wrongKey(path: folder.file(shardName), reasons: ["weights a there, b wanted"]))
    #expect(error?.kind == .badInput)
}

@Test func anotherCountOfShardsIsRefused() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    try cache(manifest, folder, FakeRecordings(manifest), layout: layout(shards: 2))
    #expect(throws: CachingError.shardCount(directory: folder.path, found: 2, wanted: 1)) {
        try cache(manifest, folder, FakeRecordings(manifest))
    }
}

// MARK: - Rejects

@Test func badRecordingsAreRejectedAndTheOthersCached() throws {
    let (manifest, folder) = (corpus(12), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    recordings.remove("/audio/u3.wav")
    recordings.change("/audio/u7.wav") { $0.fault = .empty(path: "/audio/u7.wav") }
    let rejected = Mutex<[String]>([])
    let observer = CachingObserver(onReject: { reject in rejected.withLock { $0.append(reject.id) } })
    let summary = try cache(manifest, folder, recordings, observer: observer)
    #expect(summary.rejects.map(\.id) == ["u3", "u7"] && summary.rejects.map(\.line) == [5, 9])
    #expect(summary.rejects.map(\.isMissing) == [true, false])
    #expect(rejected.withLock { $0 } == ["u7"], "the missing one was known before any compute")
    #expect(try ShardReader(path: folder.file(shardName)).entries.count == 10)
    // Rejects are looked at again each time, and a shard that stays as it was is not rewritten.
    let before = try folder.data(shardName)
    let encoder = FakeEncoder()
    #expect(try cache(manifest, folder, recordings, encoder: encoder).rejects.count == 2)
    #expect(try folder.data(shardName) == before && encoder.callCount == 0)
}

@Test func recordingThatTurnedBadIsNoLongerServed() throws {
    let (manifest, folder) = (corpus(5), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    recordings.change("/audio/u2.wav") {
        $0.fault = .empty(path: "/audio/u2.wav")
        $0.stamp.byteCount = 0
    }
    #expect(try cache(manifest, folder, recordings).rejects.map(\.id) == ["u2"])
    #expect(try ShardReader(path: folder.file(shardName)).entries.map(\.id) == ["u0", "u1", "u3", "u4"])
}

@Test func nothingUsableIsSaidBeforeAnyCompute() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    for utterance in manifest.utterances { recordings.remove(utterance.audioPath) }
    let error = #expect(throws: CachingError.self) { try cache(manifest, folder, recordings) }
    #expect(error?.kind == .missingInput)
    #expect(error?.description.contains("manifest.csv:3: /audio/u1.wav: no such file") == true)
    #expect(folder.names == [])
}

@Test(arguments: [
    ("0", 1, 100, false), ("0", 0, 100, true), ("3", 3, 5, true), ("3", 4, 5, false), ("2%", 2, 100, true),
    ("2%", 3, 100, false), ("0.5%", 1, 200, true), ("100%", 7, 7, true),
])
func rejectLimits(text: String, rejects: Int, total: Int, isAllowed: Bool) throws {
    #expect(try #require(RejectLimit(text)).allows(rejects, of: total) == isAllowed)
}

@Test(arguments: ["", "-1", "x", "1.5", "101%", "%", "-2%", "nan%"])
func wrongRejectLimits(text: String) { #expect(RejectLimit(text) == nil) }

@Test func rejectsCSVQuotesWhatNeedsIt() {
    let utterance = corpus(1, ids: { _ in "a,\"b\"" }).utterances[0]
    let reject = Reject(utterance, AudioError.empty(path: "x"))
    #expect(
        Reject.csv([reject!])
            == "id,path,reason\n\"a,\"\"b\"\"\",\"a,\"\"b\"\".wav\",x: holds no samples; expected a recording\n")
}

// MARK: - Failure and interruption

@Test func interruptedRunGoesOnWhereItStopped() throws {
    let (manifest, folder) = (corpus(30), try TemporaryFolder())
    let done = Mutex(0)
    let observer = CachingObserver(
        shouldStop: { done.withLock { $0 } >= 12 }, onProgress: { count, _ in done.withLock { $0 += count } })
    // The encoder does not run ahead of whoever takes its results.
    let slow = FakeEncoder(fail: { if $0 > 14 { _ = waits { done.withLock { $0 } >= 12 } } })
    #expect(throws: CachingError.interrupted) {
        try cache(manifest, folder, FakeRecordings(manifest), encoder: slow, observer: observer)
    }
    #expect(folder.names == [shardName + ".segment-000000"])
    let kept = try ShardReader(path: folder.file(folder.names[0])).entries.count
    #expect(kept >= 12)
    let encoder = FakeEncoder()
    let summary = try cache(manifest, folder, FakeRecordings(manifest), encoder: encoder)
    #expect(encoder.callCount == 30 - kept && summary.reused == kept)
    #expect(folder.names == [shardName])
    let fresh = try TemporaryFolder()
    try cache(manifest, fresh, FakeRecordings(manifest))
    #expect(try folder.data(shardName) == fresh.data(shardName), "the same bytes as without the interruption")
}

/// A long recording is not waited for, and what is computed beside it is kept.
@Test func recordingsThatStopInTheMiddleAreAbandoned() throws {
    let (manifest, folder) = (corpus(8), try TemporaryFolder())
    let isStopped = Mutex(false)
    let encoder = FakeEncoder(fail: { number in
        guard number == 5 else { return }
        isStopped.withLock { $0 = true }
        throw CachingError.interrupted
    })
    let observer = CachingObserver(shouldStop: { isStopped.withLock { $0 } })
    #expect(throws: CachingError.interrupted) {
        try cache(manifest, folder, FakeRecordings(manifest), encoder: encoder, workers: 1, observer: observer)
    }
    #expect(folder.names == [shardName + ".segment-000000"])
    #expect(try ShardReader(path: folder.file(folder.names[0])).entries.count == 4)
    let rest = FakeEncoder()
    #expect(try cache(manifest, folder, FakeRecordings(manifest), encoder: rest).reused == 4 && rest.callCount == 4)
}

/// Putting a shard together takes long where it is large: it, too, can be stopped, and nothing is computed again.
@Test func shardIsNotPutTogetherByARunThatIsToStop() throws {
    let (manifest, folder) = (corpus(6), try TemporaryFolder())
    let done = Mutex(0)
    let observer = CachingObserver(
        shouldStop: { done.withLock { $0 } == 6 }, onProgress: { count, _ in done.withLock { $0 += count } })
    #expect(throws: CachingError.interrupted) {
        try cache(manifest, folder, FakeRecordings(manifest), observer: observer)
    }
    #expect(folder.names == [shardName + ".segment-000000"])
    let rest = FakeEncoder()
    #expect(try cache(manifest, folder, FakeRecordings(manifest), encoder: rest).reused == 6 && rest.callCount == 0)
}

@Test(arguments: [(8, 1, 2, 2, 1), (8, 8, 2, 1, 2), (1, 1, 4, 1, 4), (5, 5, 2, 1, 2)])
func coresAreSharedAmongWhatIsComputedAtTheSameTime(
    count: Int, shards: Int, workers: Int, together: Int, threads: Int
) throws {
    // Ids that fall into one shard after the other.
    let ids = (0..<count).map { index in
        (0...).lazy.map { "u\(index)-\($0)" }
            .first { ShardLayout.shardIndex(id: $0, shardCount: shards) == index % shards }!
    }
    let (manifest, folder) = (corpus(count, ids: { ids[$0] }), try TemporaryFolder())
    let settings = CachingSettings(directory: folder.path, layout: layout(shards: shards), workerCount: workers)
    let survey = try StageOne(manifest: manifest, settings: settings, recordings: FakeRecordings(manifest)).survey()
    #expect(survey.concurrency(workerCount: workers) == together)
    #expect(survey.threadsPerUtterance(workerCount: workers) == threads)
}

@Test func segmentsSealedOnTheWayOutliveACrash() throws {
    struct Crash: Error {}
    let (manifest, folder) = (corpus(20), try TemporaryFolder())
    let failing = FakeEncoder(fail: { number in
        // Each begins when what came before is sealed.
        _ = waits { folder.names.count == number - 1 }
        if number > 9 { throw Crash() }
    })
    #expect(throws: Crash.self) {
        try cache(manifest, folder, FakeRecordings(manifest), encoder: failing, workers: 1, segments: .zero)
    }
    #expect(folder.names.count == 9 && folder.names.allSatisfy { $0.contains(".segment-") })
    // A segment cut short, as by a full disk, costs its utterances and nothing else.
    try folder.data(folder.names[3])[..<700].write(to: URL(filePath: folder.file(folder.names[3])))
    let encoder = FakeEncoder()
    try cache(manifest, folder, FakeRecordings(manifest), encoder: encoder, segments: .zero)
    #expect(encoder.callCount == 12)
    #expect(folder.names == [shardName])
    let fresh = try TemporaryFolder()
    try cache(manifest, fresh, FakeRecordings(manifest))
    #expect(try folder.data(shardName) == fresh.data(shardName))
}

@Test func twoRunsOfTheSameShardShareTheWork() async throws {
    let (manifest, folder) = (corpus(30), try TemporaryFolder())
    let waited = Mutex(0)
    // The first to come does not begin before the other waits for it.
    let encoder = FakeEncoder(fail: { _ in _ = waits { waited.withLock { $0 } > 0 } })
    let observer = CachingObserver(onMessage: { _ in waited.withLock { $0 += 1 } })
    let ended = DispatchSemaphore(value: 0)
    for _ in 0..<2 {
        Thread {
            _ = try? cache(manifest, folder, FakeRecordings(manifest), encoder: encoder, workers: 1, observer: observer)
            ended.signal()
        }.start()
    }
    for _ in 0..<2 { ended.wait() }
    #expect(encoder.callCount == 30, "the second finds what the first has made")
    #expect(waited.withLock { $0 } == 1)
    #expect(folder.names == [shardName])
    #expect(try ShardReader(path: folder.file(shardName)).verify().isEmpty)
}
