import CacheInspection
import FeatureStore
import Foundation
import Testing

// MARK: - Durations

@Test(
    arguments: [
        ([1.5], 1), ([2, 2, 2], 1), ([0.4, 0.5, 0.6], 3), ((1...100).map { Double($0) / 10 }, 11),
        ((1...50).map { Double($0) * 3.7 }, 10),
    ] as [([Double], Int)])
func histogramCountsEveryRecordingOnce(seconds: [Double], bins: Int) throws {
    let histogram = try #require(DurationHistogram(seconds))
    #expect(histogram.bins.count == bins, "\(histogram.bins)")
    #expect(histogram.bins.reduce(0) { $0 + $1.count } == seconds.count)
    for (bin, next) in zip(histogram.bins, histogram.bins.dropFirst()) { #expect(bin.toSeconds == next.fromSeconds) }
    for bin in histogram.bins {
        let end = bin.toSeconds ?? .infinity
        let inside = seconds.filter { $0 > bin.fromSeconds - 1e-6 && $0 < end - 1e-6 }.count
        #expect(bin.count == inside, "\(bin)")
    }
    #expect(histogram.minimumSeconds == seconds.min() && histogram.maximumSeconds == seconds.max())
}

@Test func fewLongRecordingsDoNotSpoilTheHistogram() throws {
    let seconds = (0..<500).map { 1 + Double($0 % 40) / 10 } + [600]
    let histogram = try #require(DurationHistogram(seconds))
    let last = try #require(histogram.bins.last)
    #expect(last.toSeconds == nil && last.fromSeconds < 5)
    #expect(histogram.bins.dropLast().allSatisfy { $0.toSeconds != nil })
    #expect(histogram.bins.reduce(0) { $0 + $1.count } == 501)
    #expect(histogram.medianSeconds == 2.9 && histogram.maximumSeconds == 600)
    #expect(DurationHistogram([]) == nil)
}

// MARK: - Rows

/// Channel 0 never changes, channel 7 is large, channel 9 lies far from zero, channel 11 is nearly constant.
private func peculiar(_ number: Int, _ frame: Int, _ channel: Int) -> Float {
    let noise = SampleCache.noise(number, frame, channel)
    return switch channel {
    case 0: 0.75
    case 7: 100 * noise
    case 9: 1000 + noise
    case 11: 0.5 + 1e-5 * noise
    default: noise
    }
}

@Test func channelsThatAreDeadOrExplodeAreNamed() throws {
    let cache = try SampleCache(storage: .float32, value: peculiar)
    let overview = try CacheInspector(directory: cache.path, mostFrames: nil).overview()
    #expect(overview.rows.map(\.cut) == ["2", "3"])
    for (number, rows) in overview.rows.enumerated() {
        #expect(rows.frames == overview.frames && rows.ofFrames == overview.frames && rows.notFinite == 0)
        #expect(rows.deadChannels.map(\.channel) == [0, 11])
        #expect(rows.explodingChannels.map(\.channel) == [7, 9])
        #expect(rows.largest.channel == 9 && rows.largest.magnitude == rows.maximum)

        // Two passes over all values, the plain way.
        var columns = [[Double]](repeating: [], count: 48)
        for (index, member) in cache.members.enumerated() {
            for frame in 0..<member.frames {
                for channel in 0..<48 {
                    columns[channel].append(Double(peculiar(index, number * 1000 + frame, channel)))
                }
            }
        }
        func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (mean, (squares / Double(values.count)).squareRoot())
        }
        let whole = moments(columns.flatMap(\.self))
        #expect(abs(rows.mean - whole.mean) <= 1e-9 * abs(whole.mean))
        #expect(abs(rows.standardDeviation - whole.deviation) <= 1e-9 * whole.deviation)
        #expect(rows.minimum == columns.compactMap { $0.min() }.min())
        #expect(rows.maximum == columns.compactMap { $0.max() }.max())
        for channel in rows.deadChannels + rows.explodingChannels {
            let expected = moments(columns[channel.channel])
            // Relative to the deviation itself, also in the channel around 1000.
            #expect(abs(channel.standardDeviation - expected.deviation) <= 1e-7 * max(expected.deviation, 1e-7))
            let rms = (expected.mean * expected.mean + expected.deviation * expected.deviation).squareRoot()
            #expect(abs(channel.rms - rms) <= 1e-9 * rms)
        }
    }
}

@Test func sampleIsWholeUtterancesSpreadOverTheShards() throws {
    let cache = try SampleCache(SampleCache.members(120), shards: 4)
    let all = try CacheInspector(directory: cache.path, mostFrames: nil)
    let some = try CacheInspector(directory: cache.path, mostFrames: 200)
    #expect(all.sampledUtterances == 120)
    #expect(some.sampledFrames <= 200 && some.sampledFrames > 190 - 11)
    let rows = try some.overview().rows
    #expect(rows[0].frames == some.sampledFrames && rows[0].ofFrames == all.sampledFrames)
    #expect(try CacheInspector(directory: cache.path, mostFrames: 200).overview() == some.overview())
    // However long the first one is, it is looked at.
    #expect(try CacheInspector(directory: cache.path, mostFrames: 1).sampledUtterances == 1)
    // The sample's spread is that of the whole, for it is the same noise.
    let ratio = rows[0].standardDeviation / (try all.overview().rows[0].standardDeviation)
    #expect(abs(ratio - 1) < 0.03)
}

// MARK: - Corpus

@Test func corpusIsToldBySplitSpeakerAndLabel() throws {
    func member(_ id: String, _ frames: Int, _ split: String, _ speaker: String, _ labels: String...)
        -> SampleCache.Member
    {
        SampleCache.Member(id: id, frames: frames, split: split, speaker: speaker, labels: labels)
    }
    let cache = try SampleCache(
        [
            member("a", 10, "test1", "x", "4", "1"), member("b", 20, "train", "y", "1", ""),
            member("c", 30, "train", "z", "3", ""), member("d", 40, "train", "z", "", ""),
            member("e", 50, "development", "", "2", "7.5"),
        ], labelNames: ["activation", "valence"],
        rejects: [
            ["r1", "r1.wav", "/audio/r1.wav: 30 samples at 16000 Hz; expected at least 400"],
            ["r2", "r2.wav", "/audio/r2.wav: 31 samples at 16000 Hz; expected at least 400"],
            ["r3", "sub/r3.wav", "/audio/sub/r3.wav: no such file; expected an audio file"],
        ])
    let overview = try CacheInspector(directory: cache.path).overview()
    #expect(overview.splits.map(\.split) == ["train", "development", "test1"])
    #expect(overview.splits.map(\.utterances) == [3, 1, 1] && overview.splits.map(\.speakers) == [2, 0, 1])
    #expect(overview.splits.map(\.frames) == [90, 50, 10])
    let train = overview.splits[0].labels
    #expect(train.map(\.name) == ["activation", "valence"] && train.map(\.count) == [2, 0])
    #expect(train[0].mean == 2 && train[0].standardDeviation == 1 && train[0].minimum == 1 && train[0].maximum == 3)
    #expect(train[1].mean == nil && train[1].standardDeviation == nil)
    #expect(overview.splits[1].labels[1].mean == 7.5)

    #expect(overview.speakers.count == 3 && overview.speakers.unnamedUtterances == 1)
    #expect(overview.speakers.list.map(\.speaker) == ["z", "y", "x"])
    #expect(overview.speakers.list[0].utterances == 2)
    #expect(overview.utterances == 5 && overview.frames == 150 && overview.unlistedUtterances == 0)
    #expect(abs(overview.audioSeconds - Double(150 * 320 + 5 * 80) / 16000) < 1e-12)
    #expect(overview.family == "wav2vec2" && overview.storage == "float16" && overview.compute == "float32")
    #expect(overview.rejects.map(\.count) == [2, 1])
    #expect(
        overview.rejects[0].reason == "… samples at … Hz; expected at least …"
            && overview.rejects[0].firstPath == "r1.wav")
    #expect(overview.rejects[1].reason == "no such file; expected an audio file")
    let size = try [
        "cache.json", "corpus.csv", "rejects.csv", "upper.safetensors", "shard-00000.h5", "shard-00001.h5",
        "shard-00002.h5",
    ]
    .reduce(0) { try $0 + cache.bytes($1).count }
    #expect(overview.bytes == size)
}

@Test func allSpeakersAreListed() throws {
    let cache = try SampleCache(
        (1...9).map {
            SampleCache.Member(id: "u\($0)", frames: 10 * $0, split: "train", speaker: "s\($0)", labels: [])
        })
    let speakers = try CacheInspector(directory: cache.path).overview().speakers
    #expect(speakers.count == 9 && speakers.list.map(\.speaker) == (1...9).reversed().map { "s\($0)" })
}

@Test func cacheThatIsNotWholeIsRefusedWithItsFile() throws {
    let cache = try SampleCache.copy()
    try cache.remove("shard-00001.h5")
    let error = #expect(throws: StoreError.self) { try CacheInspector(directory: cache.path) }
    #expect(error?.description.contains("shard-00001.h5") == true)
}

@Test func inspectionCanBeStopped() throws {
    let cache = try SampleCache.copy()
    let inspector = try CacheInspector(directory: cache.path)
    #expect(throws: InspectionError.interrupted) { try inspector.overview(shouldStop: { true }) }
    var frames = 0
    _ = try inspector.overview(onProgress: { frames += $1 })
    #expect(frames == inspector.sampledFrames)
}
