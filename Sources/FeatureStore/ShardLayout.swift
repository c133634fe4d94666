internal import CHDF5
internal import Crypto
import Foundation

/// One cut's place in every shard of a cache: its name as on the command line, and the width of its rows.
public struct CutLayout: Sendable, Hashable, Codable {
    /// `cnn`, `0`, `1`, …
    public var name: String
    /// Channels of a row.
    public var hiddenSize: Int

    enum CodingKeys: String, CodingKey {
        case name
        case hiddenSize = "hidden_size"
    }

    public init(name: String, hiddenSize: Int) {
        self.name = name
        self.hiddenSize = hiddenSize
    }
}

/// What all shards of one cache share, written into each so that a shard explains itself.
public struct ShardLayout: Sendable, Equatable {
    /// The version of the file format that this code writes, and the only one it reads.
    public static let schema = 2

    public var key: CacheKey
    public var storage: StorageFormat
    /// In the order in which the datasets are created; names unique.
    public var cuts: [CutLayout]
    /// Of the waveform that went into the encoder.
    public var sampleRateHz: Int
    /// Samples between the starts of two rows: 320 is 20 ms at 16 kHz; with pooling that many times more.
    public var hopSamples: Int
    /// How many neighbouring frames of the encoder each row is the mean of.
    public var pool: Int
    /// How many shards the cache has.
    public var shardCount: Int

    public init(
        key: CacheKey, storage: StorageFormat, cuts: [CutLayout], sampleRateHz: Int = 16000, hopSamples: Int = 320,
        pool: Int = 1, shardCount: Int = 1
    ) {
        precondition(!cuts.isEmpty && Set(cuts.map(\.name)).count == cuts.count, "at least one cut, each once")
        precondition(shardCount > 0, "at least one shard")
        precondition(pool > 0, "a row is made of at least one frame")
        self.key = key
        self.storage = storage
        self.cuts = cuts
        self.sampleRateHz = sampleRateHz
        self.hopSamples = hopSamples
        self.pool = pool
        self.shardCount = shardCount
    }

    /// Bytes that one row takes over all cuts.
    public var bytesPerFrame: Int { cuts.reduce(0) { $0 + storage.byteCount(channels: $1.hiddenSize) } }

    /// Rows are written in chunks of about so many bytes: large enough that a chunk's bookkeeping vanishes, small enough
    /// that the last one, which is written whole, wastes little.
    static let chunkBytes = 1 << 20
    /// The same for the scales beside int8 rows.
    static let scaleChunkBytes = 1 << 14

    /// The most bytes that a shard takes beyond its rows and its index.
    public var paddingBytes: Int { cuts.count * (ShardLayout.chunkBytes + ShardLayout.scaleChunkBytes) }

    /// The version of HDF5 that is loaded.
    public static var libraryVersion: String {
        var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
        guard (try? hdf5 { H5get_libversion(&major, &minor, &release) }) != nil else { return "unknown" }
        return "\(major).\(minor).\(release)"
    }

    /// `shard-00000.h5`
    public static func fileName(shard: Int) -> String {
        let digits = String(shard)
        return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".h5"
    }

    /// The shard that utterance `id` belongs to: the first eight bytes of SHA-256 of the id's UTF-8, most significant
    /// first, modulo `shardCount`. It depends on nothing but the id, so an utterance added to a corpus touches one
    /// shard.
    public static func shardIndex(id: String, shardCount: Int) -> Int {
        let prefix = SHA256.hash(data: Data(id.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(prefix % UInt64(shardCount))
    }
}

/// One utterance's line in a shard's index.
public struct UtteranceEntry: Sendable, Hashable {
    public var id: String
    /// Rows in each cut: 20 ms each with the usual encoders, unless pooled.
    public var frameCount: Int
    /// Samples of the decoded waveform, at the cache's sample rate.
    public var sampleCount: Int
    /// SHA-256 of the decoded waveform in lower-case hexadecimal: what the features really depend on.
    public var audioSHA256: String
    /// Size and modification time of the audio file when it was decoded, so that an untouched file need not be decoded
    /// again to know that nothing changed. Hashes of the utterance's id and path, and of the bounds where it is a segment of a file,
    /// are folded into the time.
    public var fileByteCount: Int
    public var fileModifiedNanoseconds: Int

    public init(
        id: String, frameCount: Int, sampleCount: Int, audioSHA256: String, fileByteCount: Int,
        fileModifiedNanoseconds: Int
    ) {
        self.id = id
        self.frameCount = frameCount
        self.sampleCount = sampleCount
        self.audioSHA256 = audioSHA256
        self.fileByteCount = fileByteCount
        self.fileModifiedNanoseconds = fileModifiedNanoseconds
    }
}
