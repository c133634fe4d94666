import FeatureStore

/// How much a run takes on the disk at its fullest, beyond what is there when it begins.
///
/// Shards are made one after the other. A shard's new rows go into segments first; then they and the rows of the shard that
/// is there are copied into a new file; then the segments and the old file go:
///
///     peak = max over k of ( Σ j<k (new_j − old_j)  +  segments_k + new_k ),   new = rows copied + rows computed
struct SpaceNeed {
    private let layout: ShardLayout
    /// By the shards that are finished; negative where they have shrunk.
    private var growthBytes = 0
    private var highestBytes = 0
    private var existingBytes = 0
    private var copiedBytes = 0
    private var computedBytes = 0
    private var utteranceCount = 0

    init(layout: ShardLayout) { self.layout = layout }

    mutating func beginShard(existingBytes: Int) {
        self.existingBytes = existingBytes
        (copiedBytes, computedBytes, utteranceCount) = (0, 0, 0)
    }

    mutating func add(copied entry: UtteranceEntry) {
        utteranceCount += 1
        copiedBytes += entry.frameCount * layout.bytesPerFrame
    }

    /// - Returns: the bytes that it adds to the shard.
    @discardableResult
    mutating func add(computedSeconds seconds: Double) -> Int {
        utteranceCount += 1
        let frames = Int(seconds * Double(layout.sampleRateHz) / Double(layout.hopSamples))
        computedBytes += frames * layout.bytesPerFrame
        return frames * layout.bytesPerFrame
    }

    mutating func endShard() {
        // An utterance's line in the index: two texts and five numbers, and a checksum per cut.
        let index = utteranceCount * (200 + 4 * layout.cuts.count)
        let new = copiedBytes + computedBytes + index + layout.paddingBytes
        // Every segment is padded, and how many there will be depends on the machine: a fiftieth covers those of any that
        // computes some megabytes of rows in half a minute.
        let segments = computedBytes == 0 ? 0 : computedBytes + computedBytes / 50 + layout.paddingBytes
        highestBytes = max(highestBytes, growthBytes + segments + new)
        growthBytes += new - existingBytes
    }

    var peakBytes: Int { max(0, highestBytes) }
}
