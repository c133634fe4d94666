internal import CHDF5
import Files
import Foundation

/// Writes one shard: rows are appended utterance by utterance, and the file appears under its name when it is finished.
///
///     shard-00000.h5
///       attributes                 schema, cache_key, key_components, storage, cuts, sample_rate, hop, pool, shard,
///                                  shards, index_crc32c; arithmetic, where it is known: a line for each
///       /frames/<cut>              [totalFrames, C] float16, float32, int8, or uint16 with
///                                  encoding = "bfloat16"; chunked by rows
///       /scales/<cut>              [totalFrames] float32, with int8 rows only: what each is to be multiplied by
///       /utterances/id             fixed-length UTF-8; likewise audio_sha256
///       /utterances/offset         first row; likewise frames, samples, file_bytes, file_mtime_ns: int64
///       /utterances/crc32c/<cut>   uint32, of the utterance's stored bytes in that cut: rows, then scales
///
/// The same calls give the same bytes: nothing of the time, the machine or the library's heap is recorded.
public final class ShardWriter {
    /// Where the finished file will be.
    public let path: String
    public let layout: ShardLayout
    private let temporaryPath: String
    private var index: ShardIndex
    private var ids: Set<String> = []
    private var sinks: [CutSink] = []
    private var file: Hdf5Handle?
    private var fileIdentifier: hid_t = -1
    private var isPublished = false

    public var utteranceCount: Int { index.entries.count }
    public var rowCount: Int { index.rowCount }
    public func contains(id: String) -> Bool { ids.contains(id) }

    /// Starts a shard under a temporary name next to `path`, after removing what dead processes left there. `arithmetic` is what the
    /// rows were computed on, see `CacheDescription.arithmetic`; empty: not known.
    ///
    /// - Throws: `StoreError.cannotWrite`.
    public init(path: String, layout: ShardLayout, shard: Int, arithmetic: [String] = []) throws(StoreError) {
        self.path = path
        self.layout = layout
        index = ShardIndex(cutCount: layout.cuts.count)
        TemporaryName.removeStale(for: path)
        temporaryPath = TemporaryName.make(for: path)
        do throws(Hdf5Failure) {
            try create(shard: shard, arithmetic: arithmetic)
        } catch {
            // Asked of the system, because HDF5 words it by its own source lines.
            let folder = (path as NSString).deletingLastPathComponent
            let isWritable = access(folder.isEmpty ? "." : folder, W_OK) == 0
            let detail = isWritable ? error.detail : lastSystemError()
            unlink(temporaryPath)
            throw .cannotWrite(path: path, detail: detail)
        }
    }

    deinit {
        guard !isPublished else { return }
        sinks = []
        file = nil
        unlink(temporaryPath)
    }

    private func create(shard: Int, arithmetic: [String]) throws(Hdf5Failure) {
        let creation = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_file_create()) }
        _ = try hdf5 { H5Pset_obj_track_times(creation.id, false) }
        let access = try fileAccess()
        // The 1.10 format (2016) puts checksums on HDF5's own structures and finds a chunk by one array look-up.
        _ = try hdf5 { H5Pset_libver_bounds(access.id, H5F_LIBVER_V110, H5F_LIBVER_V110) }
        let file = try Hdf5Handle(.file) {
            H5Fcreate(temporaryPath, ut_h5f_truncate(), creation.id, access.id)
        }
        TemporaryName.restrictMode(of: temporaryPath, for: path)
        try writeAttribute(file.id, "schema", ShardLayout.schema)
        try writeAttribute(file.id, "cache_key", layout.key.hex)
        try writeAttribute(file.id, "key_components", layout.key.canonicalJSON)
        try writeAttribute(file.id, "storage", layout.storage.rawValue)
        try writeAttribute(file.id, "cuts", layout.cuts.map(\.name).joined(separator: ","))
        try writeAttribute(file.id, "sample_rate", layout.sampleRateHz)
        try writeAttribute(file.id, "hop", layout.hopSamples)
        try writeAttribute(file.id, "pool", layout.pool)
        try writeAttribute(file.id, "shard", shard)
        try writeAttribute(file.id, "shards", layout.shardCount)
        if !arithmetic.isEmpty { try writeAttribute(file.id, "arithmetic", arithmetic.joined(separator: "\n")) }
        _ = try createGroup(file.id, "frames")
        if layout.storage.scaleByteCount > 0 { _ = try createGroup(file.id, "scales") }
        for cut in layout.cuts { sinks.append(try CutSink(file: file.id, cut: cut, storage: layout.storage)) }
        fileIdentifier = file.id
        self.file = consume file
    }

    /// Appends one utterance.
    ///
    /// - Parameters:
    ///   - entry: its line in the index, with an id that the shard has not yet.
    ///   - rows: per cut, in the layout's order, `[frameCount, hiddenSize]` float32.
    /// - Throws: `StoreError.overflow` or `.nonFinite` if the values cannot be stored, `.duplicate`, `.shape` (nothing
    ///   of the utterance is then in the shard), `.cannotWrite` (give the writer up).
    public func append(_ entry: UtteranceEntry, rows: [[Float]]) throws(StoreError) {
        guard rows.count == layout.cuts.count else {
            throw .shape(id: entry.id, cut: "*", detail: "\(rows.count) cuts given, expected \(layout.cuts.count)")
        }
        // All cuts are encoded before the first is written: a refused utterance leaves no rows behind.
        var encoded: [[UInt8]] = []
        for (cut, values) in zip(layout.cuts, rows) { encoded.append(try encode(values, cut, entry)) }
        try append(entry, encoded: encoded)
    }

    /// Appends an utterance of another shard: the stored bytes as they are, checked against their checksum.
    ///
    /// - Parameters:
    ///   - entry: as it shall be recorded here; its id and frame count are the reader's.
    ///   - reader: of a shard with the same cache key and the same cuts.
    /// - Throws: `StoreError.damaged` if the bytes read do not match their checksum, or as `append`.
    public func appendCopy(_ entry: UtteranceEntry, from reader: ShardReader) throws(StoreError) {
        guard let row = reader.index(of: entry.id) else {
            throw .unknownUtterance(id: entry.id, path: reader.path)
        }
        guard reader.layout.key == layout.key, reader.layout.cuts == layout.cuts,
            reader.entries[row].frameCount == entry.frameCount
        else { throw .shape(id: entry.id, cut: "*", detail: "\(reader.path) holds other rows than these") }
        var encoded: [[UInt8]] = []
        for cut in layout.cuts {
            var bytes = [UInt8](repeating: 0, count: reader.byteCount(cut: cut.name, utterance: row))
            try read(reader, cut.name, row, into: &bytes)
            guard bytes.withUnsafeBytes({ crc32c($0) }) == reader.checksum(cut: cut.name, utterance: row) else {
                throw .damaged(
                    path: reader.path, detail: "cut \(cut.name) of utterance '\(entry.id)' does not match its checksum")
            }
            encoded.append(bytes)
        }
        try append(entry, encoded: encoded)
    }

    private func read(
        _ reader: ShardReader, _ cut: String, _ row: Int, into bytes: inout [UInt8]
    ) throws(StoreError) {
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(StoreError) in try reader.readRows(cut: cut, utterance: row, into: buffer) }
        }
        try result.get()
    }

    private func encode(_ values: [Float], _ cut: CutLayout, _ entry: UtteranceEntry) throws(StoreError) -> [UInt8] {
        guard values.count == entry.frameCount * cut.hiddenSize else {
            throw .shape(
                id: entry.id, cut: cut.name,
                detail: "\(values.count) values given, expected \(entry.frameCount) frames of \(cut.hiddenSize)")
        }
        let rowBytes = layout.storage.byteCount(channels: cut.hiddenSize)
        var bytes = [UInt8](repeating: 0, count: entry.frameCount * rowBytes)
        let result = values.withUnsafeBufferPointer { source in
            bytes.withUnsafeMutableBytes { target in
                Result { () throws(StorageFormat.Refusal) in
                    try layout.storage.encode(source, channels: cut.hiddenSize, into: target)
                }
            }
        }
        switch result {
        case .success: return bytes
        case .failure(.overflow(let magnitude)):
            throw .overflow(id: entry.id, cut: cut.name, magnitude: magnitude, storage: layout.storage)
        case .failure(.nonFinite(let index)):
            throw .nonFinite(
                id: entry.id, cut: cut.name, row: index / cut.hiddenSize, column: index % cut.hiddenSize)
        }
    }

    private func append(_ entry: UtteranceEntry, encoded: [[UInt8]]) throws(StoreError) {
        precondition(!isPublished, "the shard is finished")
        guard ids.insert(entry.id).inserted else { throw .duplicate(id: entry.id, path: path) }
        do throws(Hdf5Failure) {
            for (sink, bytes) in zip(sinks, encoded) { try sink.append(bytes, rows: entry.frameCount) }
        } catch {
            throw .cannotWrite(path: path, detail: error.detail)
        }
        index.append(entry, checksums: encoded.map { bytes in bytes.withUnsafeBytes { crc32c($0) } })
    }

    /// Writes the index, flushes everything to the disk, and gives the file its name.
    ///
    /// - Throws: `StoreError.cannotWrite`; nothing new is then under that name.
    public func finish() throws(StoreError) {
        precondition(!isPublished, "finished once")
        do throws(Hdf5Failure) {
            for sink in sinks { try sink.finish() }
            let id = fileIdentifier
            try index.write(to: id, cuts: layout.cuts)
            _ = try hdf5 { H5Fflush(id, H5F_SCOPE_GLOBAL) }
        } catch {
            throw .cannotWrite(path: path, detail: error.detail)
        }
        sinks = []
        file = nil
        // Closing writes a little more and cannot report failure, so the file is read back before anybody relies on it.
        do {
            _ = try ShardReader(path: temporaryPath)
        } catch {
            throw .cannotWrite(path: path, detail: "reading it back: \(error)")
        }
        try writing(as: StoreError.self) { () throws(WriteFailure) in
            try TemporaryName.publish(temporaryPath, as: path)
        }
        isPublished = true
    }
}
