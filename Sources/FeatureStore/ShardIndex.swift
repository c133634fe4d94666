internal import CHDF5
internal import Crypto
import Foundation

/// What `/utterances` of a shard holds: the entries, where each begins, and a checksum of each one's stored rows per
/// cut.
struct ShardIndex: Sendable, Equatable {
    private(set) var entries: [UtteranceEntry] = []
    /// First row of each utterance; rows lie end to end in the order of `entries`.
    private(set) var offsets: [Int] = []
    /// `[cut][utterance]`, CRC-32C of the stored bytes: the rows, then their scales.
    private(set) var checksums: [[UInt32]]
    /// Rows of all utterances together.
    private(set) var rowCount = 0

    init(cutCount: Int) { checksums = Array(repeating: [], count: cutCount) }

    mutating func append(_ entry: UtteranceEntry, checksums new: [UInt32]) {
        precondition(new.count == checksums.count, "a checksum per cut")
        entries.append(entry)
        offsets.append(rowCount)
        rowCount += entry.frameCount
        for cut in new.indices { checksums[cut].append(new[cut]) }
    }

    /// A checksum over the whole index, kept as an attribute: HDF5 guards its own structures but not these values.
    var checksum: UInt32 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 160)
        func add(_ number: Int) { withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) } }
        for (row, entry) in entries.enumerated() {
            bytes.append(contentsOf: entry.id.utf8)
            bytes.append(0)
            bytes.append(contentsOf: entry.audioSHA256.utf8)
            for number in [
                offsets[row], entry.frameCount, entry.sampleCount, entry.fileByteCount, entry.fileModifiedNanoseconds,
            ] { add(number) }
            for cut in checksums { add(Int(cut[row])) }
        }
        return bytes.withUnsafeBytes { crc32c($0) }
    }

    /// Tells these rows from others, in whatever order they lie: the sum of a hash of each utterance's id and checksums. The sum of
    /// several shards' is that of all their rows.
    var fingerprint: UInt64 {
        entries.indices.reduce(UInt64(0)) { sum, row in
            var bytes = Array(entries[row].id.utf8)
            for cut in checksums { withUnsafeBytes(of: cut[row].littleEndian) { bytes.append(contentsOf: $0) } }
            return sum &+ SHA256.hash(data: bytes).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
    }

    // MARK: - HDF5

    func write(to file: hid_t, cuts: [CutLayout]) throws(Hdf5Failure) {
        let group = try createGroup(file, "utterances")
        try writeColumn(group.id, "id", entries.map(\.id))
        try writeColumn(group.id, "offset", offsets)
        try writeColumn(group.id, "frames", entries.map(\.frameCount))
        try writeColumn(group.id, "samples", entries.map(\.sampleCount))
        try writeColumn(group.id, "audio_sha256", entries.map(\.audioSHA256))
        try writeColumn(group.id, "file_bytes", entries.map(\.fileByteCount))
        try writeColumn(group.id, "file_mtime_ns", entries.map(\.fileModifiedNanoseconds))
        let sums = try createGroup(group.id, "crc32c")
        for (cut, values) in zip(cuts, checksums) { try writeColumn(sums.id, cut.name, values) }
        try writeAttribute(file, "index_crc32c", Int(checksum))
    }

    /// Reads the index back and checks that it agrees with itself.
    init(from file: hid_t, cutNames: [String]) throws(Hdf5Failure) {
        self.init(cutCount: cutNames.count)
        let group = try Hdf5Handle(.group) { H5Gopen2(file, "utterances", ut_h5p_default()) }
        let ids = try readStringColumn(group.id, "id")
        let begins = try readIntColumn(group.id, "offset")
        let frames = try readIntColumn(group.id, "frames")
        let samples = try readIntColumn(group.id, "samples")
        let hashes = try readStringColumn(group.id, "audio_sha256")
        let sizes = try readIntColumn(group.id, "file_bytes")
        let times = try readIntColumn(group.id, "file_mtime_ns")
        var sums: [[UInt32]] = []
        for name in cutNames { sums.append(try readUInt32Column(group.id, "crc32c/" + name)) }
        let counts = [begins.count, frames.count, samples.count, hashes.count, sizes.count, times.count]
        guard (counts + sums.map(\.count)).allSatisfy({ $0 == ids.count }) else {
            throw Hdf5Failure(detail: "the lists of /utterances differ in length")
        }
        for row in ids.indices {
            // Limits that keep every sum and product of these far from overflow.
            guard begins[row] == rowCount, rowCount < 1 << 40, 0..<1 << 40 ~= frames[row] else {
                throw Hdf5Failure(detail: "utterance '\(ids[row])' does not follow the one before it")
            }
            let entry = UtteranceEntry(
                id: ids[row], frameCount: frames[row], sampleCount: samples[row], audioSHA256: hashes[row],
                fileByteCount: sizes[row], fileModifiedNanoseconds: times[row])
            append(entry, checksums: sums.map { $0[row] })
        }
        guard try readIntAttribute(file, "index_crc32c") == Int(checksum) else {
            throw Hdf5Failure(detail: "the index does not match its checksum")
        }
    }
}
