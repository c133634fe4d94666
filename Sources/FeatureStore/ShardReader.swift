internal import CHDF5
import Files
import Foundation

/// Reads one shard. Safe to use from several threads; reads are one at a time, because HDF5 is.
public final class ShardReader: Sendable {
    public let path: String
    public let layout: ShardLayout
    /// This shard's number in its cache.
    public let shard: Int
    public var entries: [UtteranceEntry] { table.entries }
    /// Rows of all utterances together.
    public var rowCount: Int { table.rowCount }
    /// Tells the shard's rows from others, in whatever order they lie; the sum (`&+`) of several shards' is that of all their rows.
    public var fingerprint: UInt64 { table.fingerprint }
    /// What the rows were computed on, see `CacheDescription.arithmetic`. Of a shard of before it was recorded,
    /// `CacheDescription.unknownArithmetic`; of one without rows, nothing.
    public let arithmetic: [String]

    private let file: Hdf5Handle
    private let table: ShardIndex
    private let rowOfId: [String: Int]
    private let cutOfName: [String: Int]
    private let sources: [CutSource]

    /// Opens a shard and checks that it is whole and agrees with itself; stored rows are checked by `verify`.
    ///
    /// - Throws: `StoreError.missing`, `.notHDF5`, `.wrongSchema`, `.damaged`, `.duplicate`.
    public init(path: String) throws(StoreError) {
        self.path = path
        // Opened, and not only asked for: with no file to spare, as on a cache of very many shards, it is not damaged.
        let probe = open(path, O_RDONLY | O_CLOEXEC)
        guard probe >= 0 else { throw .missing(path: path, detail: lastSystemError()) }
        close(probe)
        do throws(Hdf5Failure) {
            if (try? hdf5 { H5Fis_hdf5(path) }) == 0 { throw ShardReader.notHDF5 }
            let access = try fileAccess()
            let file = try Hdf5Handle(.file) { H5Fopen(path, ut_h5f_read_only(), access.id) }
            let schema = try readIntAttribute(file.id, "schema")
            guard schema == ShardLayout.schema else { throw Hdf5Failure(detail: "\(ShardReader.schemaMark)\(schema)") }
            let names = try readStringAttribute(file.id, "cuts").split(separator: ",").map(String.init)
            let storage = try ShardReader.storage(of: file.id)
            let table = try ShardIndex(from: file.id, cutNames: names)
            var sources: [CutSource] = []
            for name in names {
                sources.append(try CutSource(file: file.id, cut: name, storage: storage, rowCount: table.rowCount))
            }
            guard !names.isEmpty, Set(names).count == names.count else { throw Hdf5Failure(detail: "no cuts") }
            layout = try ShardReader.layout(
                of: file.id, storage, zip(names, sources).map { CutLayout(name: $0, hiddenSize: $1.hiddenSize) })
            shard = try readIntAttribute(file.id, "shard")
            arithmetic = try table.entries.isEmpty ? [] : ShardReader.arithmetic(of: file.id)
            cutOfName = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
            self.sources = sources
            self.table = table
            self.file = consume file
        } catch {
            throw ShardReader.storeError(error, path)
        }
        rowOfId = Dictionary(zip(table.entries.map(\.id), table.entries.indices)) { first, _ in first }
        guard rowOfId.count == table.entries.count else {
            let ids = table.entries.map(\.id)
            let twice = ids.enumerated().first { rowOfId[$0.element] != $0.offset }
            throw .duplicate(id: twice?.element ?? "", path: path)
        }
    }

    // MARK: - What is there

    public func index(of id: String) -> Int? { rowOfId[id] }

    /// CRC-32C of an utterance's stored bytes, as recorded when they were written.
    ///
    /// - Precondition: `cut` is one of the layout's.
    public func checksum(cut: String, utterance: Int) -> UInt32 { table.checksums[cutOfName[cut]!][utterance] }

    /// Bytes that an utterance's rows take in the file, their scales included.
    ///
    /// - Precondition: `cut` is one of the layout's.
    public func byteCount(cut: String, utterance: Int) -> Int {
        table.entries[utterance].frameCount * sources[cutOfName[cut]!].bytesPerRow
    }

    /// Checks that the shard belongs to the cache that `wanted` describes, as shard number `shard`.
    ///
    /// - Throws: `StoreError.wrongKey` with the differences in words, `.wrongPlace`.
    public func require(_ wanted: ShardLayout, shard number: Int) throws(StoreError) {
        guard layout.key == wanted.key else {
            throw .wrongKey(path: path, reasons: layout.key.explainDifference(wanted: wanted.key))
        }
        guard layout.shardCount == wanted.shardCount, shard == number else {
            throw .wrongPlace(
                path: path, found: "shard \(shard) of \(layout.shardCount)",
                expected: "shard \(number) of \(wanted.shardCount)")
        }
        guard layout == wanted else {
            throw .damaged(path: path, detail: "its layout is not the one its key stands for")
        }
    }

    // MARK: - Rows

    /// Reads an utterance's rows, or so many from the first, as they are stored, end to end, followed by their scales where the storage
    /// has any. `out` is overwritten and has exactly the bytes that they take, for all of them `byteCount(cut:utterance:)`.
    ///
    /// - Throws: `StoreError.unknownCut`, `.damaged` if HDF5 cannot read them. Checksums are not compared here.
    public func readRows(
        cut: String, utterance: Int, first rowCount: Int? = nil, into out: UnsafeMutableRawBufferPointer
    ) throws(StoreError) {
        guard let number = cutOfName[cut] else {
            throw .unknownCut(cut: cut, path: path, has: layout.cuts.map(\.name))
        }
        let frameCount = table.entries[utterance].frameCount, count = rowCount ?? frameCount
        precondition(count <= frameCount, "\(count) rows of an utterance that has \(frameCount)")
        precondition(out.count == count * sources[number].bytesPerRow, "room for exactly these rows")
        do throws(Hdf5Failure) {
            try sources[number].read(from: table.offsets[utterance], count: count, into: out)
        } catch {
            throw .damaged(path: path, detail: error.detail)
        }
    }

    /// Reads an utterance's rows as float32, `[frameCount, hiddenSize]`.
    ///
    /// - Throws: as `readRows`.
    public func readFloats(cut: String, utterance: Int) throws(StoreError) -> [Float] {
        guard let number = cutOfName[cut] else {
            throw .unknownCut(cut: cut, path: path, has: layout.cuts.map(\.name))
        }
        var bytes = [UInt8](repeating: 0, count: byteCount(cut: cut, utterance: utterance))
        let read = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StoreError) in try readRows(cut: cut, utterance: utterance, into: buffer) }
        }
        try read.get()
        let count = table.entries[utterance].frameCount * sources[number].hiddenSize
        return [Float](unsafeUninitializedCapacity: count) { values, initialised in
            bytes.withUnsafeBytes {
                layout.storage.decode(
                    $0, channels: sources[number].hiddenSize,
                    into: UnsafeMutableBufferPointer(rebasing: values[..<count]))
            }
            initialised = count
        }
    }

    // MARK: - Verification

    /// Rows whose bytes are not those that were written.
    public struct Mismatch: Sendable, Hashable, CustomStringConvertible {
        public var path: String
        public var id: String
        public var cut: String
        public var description: String {
            "\(path): cut \(cut) of utterance '\(id)' does not match its checksum; "
                + "delete the file and run undertone-cache again"
        }
    }

    /// Whether an utterance's stored rows at one cut are those that were written.
    ///
    /// - Parameters:
    ///   - cut: by its name in the layout.
    ///   - utterance: its index in `entries`.
    ///   - scratch: overwritten; its memory is used again from one utterance to the next.
    /// - Throws: as `readRows`.
    public func isIntact(cut: String, utterance: Int, scratch: inout [UInt8]) throws(StoreError) -> Bool {
        let count = byteCount(cut: cut, utterance: utterance)
        if scratch.count < count { scratch = [UInt8](repeating: 0, count: count) }
        let checksum = scratch.withUnsafeMutableBytes { buffer in
            Result { () throws(StoreError) in
                let rows = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                try readRows(cut: cut, utterance: utterance, into: rows)
                return crc32c(UnsafeRawBufferPointer(rows))
            }
        }
        return try checksum.get() == self.checksum(cut: cut, utterance: utterance)
    }

    /// Reads every stored row and compares it with its checksum.
    ///
    /// - Returns: what does not match, in the file's order; empty for a sound shard.
    /// - Throws: `StoreError.damaged` if rows cannot be read at all.
    public func verify() throws(StoreError) -> [Mismatch] {
        var mismatches: [Mismatch] = []
        var scratch: [UInt8] = []
        for utterance in entries.indices {
            for cut in layout.cuts
            where !(try isIntact(cut: cut.name, utterance: utterance, scratch: &scratch)) {
                mismatches.append(Mismatch(path: path, id: entries[utterance].id, cut: cut.name))
            }
        }
        return mismatches
    }
}

extension ShardReader {
    // Two outcomes that are not HDF5's, carried through the one typed throw of the opening code.
    private static var notHDF5: Hdf5Failure { Hdf5Failure(detail: "not HDF5") }
    private static var schemaMark: String { "schema " }

    private static func storeError(_ failure: Hdf5Failure, _ path: String) -> StoreError {
        if failure.detail == notHDF5.detail { return .notHDF5(path: path) }
        if failure.detail.hasPrefix(schemaMark), let found = Int(failure.detail.dropFirst(schemaMark.count)) {
            return .wrongSchema(path: path, found: found, expected: ShardLayout.schema)
        }
        return .damaged(path: path, detail: failure.detail)
    }

    private static func storage(of file: hid_t) throws(Hdf5Failure) -> StorageFormat {
        let name = try readStringAttribute(file, "storage")
        guard let storage = StorageFormat(rawValue: name) else {
            throw Hdf5Failure(detail: "storage '\(name)' is not known")
        }
        return storage
    }

    private static func arithmetic(of file: hid_t) throws(Hdf5Failure) -> [String] {
        guard try hasAttribute(file, "arithmetic") else { return [CacheDescription.unknownArithmetic] }
        return try readStringAttribute(file, "arithmetic").split(separator: "\n").map(String.init)
    }

    private static func layout(
        of file: hid_t, _ storage: StorageFormat, _ cuts: [CutLayout]
    ) throws(Hdf5Failure) -> ShardLayout {
        guard let key = CacheKey(canonicalJSON: try readStringAttribute(file, "key_components")),
            key.hex == (try readStringAttribute(file, "cache_key"))
        else { throw Hdf5Failure(detail: "the cache key is not that of its components") }
        let shardCount = try readIntAttribute(file, "shards")
        guard shardCount > 0 else { throw Hdf5Failure(detail: "a cache of \(shardCount) shards") }
        let pool = try readIntAttribute(file, "pool")
        guard pool > 0 else { throw Hdf5Failure(detail: "rows that are means of \(pool) frames") }
        return ShardLayout(
            key: key, storage: storage, cuts: cuts, sampleRateHz: try readIntAttribute(file, "sample_rate"),
            hopSamples: try readIntAttribute(file, "hop"), pool: pool, shardCount: shardCount)
    }
}
