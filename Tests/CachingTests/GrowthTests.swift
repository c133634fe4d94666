import Corpus
import FeatureStore
import Foundation
import Synchronization
import Testing

@testable import Caching

private let shardName = ShardLayout.fileName(shard: 0)

// MARK: - What the manifest no longer has

@Test func absentUtterancesAreCountedAndDroppedOnlyWhenAsked() throws {
    let folder = try TemporaryFolder()
    try cache(corpus(10), folder, FakeRecordings(corpus(10)), layout: layout(shards: 2))
    let fewer = corpus(4)
    let recordings = FakeRecordings(fewer)
    let kept = try cache(fewer, folder, recordings, layout: layout(shards: 2))
    #expect(kept.absent == 6 && kept.dropped == 0 && kept.utterances == 10)
    let encoder = FakeEncoder()
    let dropped = try cache(fewer, folder, recordings, encoder: encoder, layout: layout(shards: 2), prunes: true)
    #expect(dropped.absent == 0 && dropped.dropped == 6 && dropped.utterances == 4 && encoder.callCount == 0)
    let fresh = try TemporaryFolder()
    try cache(fewer, fresh, recordings, layout: layout(shards: 2))
    #expect(folder.names == fresh.names)
    for name in folder.names { #expect(try folder.data(name) == fresh.data(name), "as if they had never been there") }
    // Nothing is left to drop.
    let again = try cache(fewer, folder, recordings, layout: layout(shards: 2), prunes: true)
    #expect(again.absent == 0 && again.dropped == 0 && again.reused == 4)
}

@Test func allOfAShardMayBeDropped() throws {
    let folder = try TemporaryFolder()
    try cache(corpus(3), folder, FakeRecordings(corpus(3)))
    let other = corpus(1, ids: { _ in "other" })
    try cache(other, folder, FakeRecordings(other), prunes: true)
    #expect(try ShardReader(path: folder.file(shardName)).entries.map(\.id) == ["other"])
}

/// Regression: what a run had computed when it was interrupted was lost to a run with a smaller manifest.
@Test func workOfAnInterruptedRunOutlivesASmallerManifest() throws {
    struct Crash: Error {}
    let (whole, folder) = (corpus(20), try TemporaryFolder())
    let failing = FakeEncoder(fail: { if $0 > 12 { throw Crash() } })
    #expect(throws: Crash.self) {
        try cache(whole, folder, FakeRecordings(whole), encoder: failing, workers: 1, segments: .zero)
    }
    let fewer = corpus(2)
    let summary = try cache(fewer, folder, FakeRecordings(fewer))
    // Of the twelve, two at most are the smaller manifest's.
    #expect(10...12 ~= summary.absent && summary.utterances == summary.absent + 2 && folder.names == [shardName])
    let encoder = FakeEncoder()
    try cache(whole, folder, FakeRecordings(whole), encoder: encoder)
    #expect(encoder.callCount == 20 - summary.utterances)
}

/// As if the power had gone between the shard's new name and the removal of its segments.
@Test func segmentsThatAreInTheShardAlreadyCostNothing() throws {
    let (manifest, folder) = (corpus(6), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    try cache(manifest, folder, recordings)
    let shard = try folder.data(shardName)
    try shard.write(to: URL(filePath: folder.file(shardName + ".segment-000000")))
    let encoder = FakeEncoder()
    let number = try FileManager.default.attributesOfItem(atPath: folder.file(shardName))[.systemFileNumber] as? Int
    try cache(manifest, folder, recordings, encoder: encoder)
    #expect(encoder.callCount == 0 && folder.names == [shardName])
    #expect(
        try FileManager.default.attributesOfItem(atPath: folder.file(shardName))[.systemFileNumber] as? Int == number)
}

@Test func leftoversOfADeadProcessGo() throws {
    let (manifest, folder) = (corpus(2), try TemporaryFolder())
    let child = Process()
    child.executableURL = URL(filePath: "/bin/true")
    try child.run()
    child.waitUntilExit()
    let mark = ".partial-\(ProcessInfo.processInfo.hostName)-\(child.processIdentifier)-1"
    for name in [shardName + mark, shardName + ".segment-000007" + mark] {
        try Data("x".utf8).write(to: URL(filePath: folder.file(name)))
    }
    try cache(manifest, folder, FakeRecordings(manifest))
    #expect(folder.names == [shardName])
}

// MARK: - Beside the encoder

@Test func encoderDoesNotWaitForDecoding() throws {
    let (manifest, folder) = (corpus(12), try TemporaryFolder())
    let recordings = FakeRecordings(manifest)
    recordings.decodeDelay = 0.002
    let isAhead = Mutex(false)
    // The first utterance is not done before all the others are decoded: a worker that decodes for itself never gets there.
    let encoder = FakeEncoder(fail: { number in
        guard number == 1 else { return }
        isAhead.withLock { $0 = waits { recordings.decodeCount.withLock { $0 } == 12 } }
    })
    try cache(manifest, folder, recordings, encoder: encoder, workers: 1)
    #expect(isAhead.withLock { $0 })
}

/// Regression: a segment was sealed only when the next utterance came, however long that took.
@Test func longRecordingDoesNotHoldBackTheSeal() throws {
    let (manifest, folder) = (corpus(5), try TemporaryFolder())
    let isSealed = Mutex(false)
    let encoder = FakeEncoder(fail: { number in
        guard number == 5 else { return }
        isSealed.withLock { $0 = waits { folder.names.contains { $0.hasSuffix(".segment-000000") } } }
    })
    try cache(
        manifest, folder, FakeRecordings(manifest), encoder: encoder, workers: 1, segments: .milliseconds(100))
    #expect(isSealed.withLock { $0 })
    #expect(folder.names == [shardName])
}

/// Regression: with a recording that takes long, what was computed beside it waited in memory for its turn.
@Test func resultsAreSealedBeforeAnEarlierOneIsThere() throws {
    let (manifest, folder) = (corpus(12), try TemporaryFolder())
    let areSealed = Mutex(false)
    let encoder = FakeEncoder(fail: { number in
        guard number == 1 else { return }
        areSealed.withLock { $0 = waits { folder.names.filter { $0.contains(".segment-") }.count == 11 } }
    })
    try cache(manifest, folder, FakeRecordings(manifest), encoder: encoder, workers: 2, segments: .zero)
    #expect(areSealed.withLock { $0 })
    #expect(try ShardReader(path: folder.file(shardName)).entries.map(\.id) == manifest.utterances.map(\.id))
}

// MARK: - Room on the disk

@Test func spaceNeededCoversWhatARunWrites() throws {
    let (manifest, folder) = (corpus(50), try TemporaryFolder())
    let settings = CachingSettings(directory: folder.path, layout: layout(), workerCount: 1)
    let stage = StageOne(manifest: manifest, settings: settings, recordings: FakeRecordings(manifest))
    let survey = try stage.survey()
    let summary = try stage.makeShards(survey, encoder: FakeEncoder())
    // One segment, and the shard that is put together from it.
    let written = 2 * summary.bytes
    #expect(survey.peakBytes >= written && survey.peakBytes < written + written / 10, "\(survey.peakBytes), \(written)")
    #expect(try stage.survey().peakBytes == 0, "nothing is left to do")
}

@Test func spaceNeededFollowsTheShards() {
    let entry = UtteranceEntry(
        id: "u", frameCount: 1000, sampleCount: 0, audioSHA256: "", fileByteCount: 0, fileModifiedNanoseconds: 0)
    let row = layout().bytesPerFrame
    let padding = layout().paddingBytes
    var need = SpaceNeed(layout: layout())
    need.beginShard(existingBytes: 0)
    // 1000 hops.
    #expect(need.add(computedSeconds: 20) == 1000 * row)
    need.endShard()
    let one = 2 * (1000 * row + padding) + 1000 * row / 50 + 208
    #expect(need.peakBytes == one)
    // The first stays while the second is made.
    need.beginShard(existingBytes: 0)
    need.add(computedSeconds: 20)
    need.endShard()
    #expect(need.peakBytes == one + 1000 * row + padding + 208)
    // Copying needs no segments, and a shard that shrinks makes room only when it is done.
    var prune = SpaceNeed(layout: layout())
    prune.beginShard(existingBytes: 1 << 30)
    prune.add(copied: entry)
    prune.endShard()
    #expect(prune.peakBytes == 1000 * row + padding + 208)
}
