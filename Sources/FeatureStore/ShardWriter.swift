internal import CHDF5
import Files
import Foundation

/// Writes one shard: rows are appended utterance by utterance, and the file appears under its name when it is finished.
///
///     shard-00000.h5
///       attributes                 schema, cache_key, key_components, storage, cuts, sample_rate, hop, shard, shards,
///                                  index_crc32c
///       /frames/<cut>              [totalFrames, C] float16, float32, or uint16 with
///                                  encoding = "bfloat16"; chunked by rows
///       /utterances/id             fixed-length UTF-8; likewise audio_sha256
///       /utterances/offset         first row; likewise frames, samples, file_bytes, file_mtime_ns: int64
///       /utterances/crc32c/<cut>   uint32, of the utterance's stored bytes in that cut
///
/// The same calls give the same bytes: nothing of the time, the machine or the library's heap is recorded.
public final class ShardWriter {
    /// Where the finished file will be.
    public let path: String
    public let layout: ShardLayout
    private let temporaryPath: String
    private var index: ShardIndex
    private var ids: Set<String> = []
    private var sinks: [RowSink] = []
    private var file: Hdf5Handle?
    private var fileIdentifier: hid_t = -1
    private var isPublished = false

    public var utteranceCount: Int { index.entries.count }
    public var rowCount: Int { index.rowCount }
    public func contains(id: String) -> Bool { ids.contains(id) }

    /// Starts a shard under a temporary name next to `path`, after removing what dead processes left there.
    ///
    /// - Throws: `StoreError.cannotWrite`.
    public init(path: String, layout: ShardLayout, shard: Int) throws(StoreError) {
        self.path = path
        self.layout = layout
        index = ShardIndex(cutCount: layout.cuts.count)
        TemporaryName.removeStale(for: path)
        temporaryPath = TemporaryName.make(for: path)
        do throws(Hdf5Failure) {
            try create(shard: shard)
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

    private func create(shard: Int) throws(Hdf5Failure) {
        let creation = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_file_create()) }
        _ = try hdf5 { H5Pset_obj_track_times(creation.id, false) }
        let access = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_file_access()) }
        // The 1.10 format (2016) puts checksums on HDF5's own structures and finds a chunk by one array look-up.
        _ = try hdf5 { H5Pset_libver_bounds(access.id, H5F_LIBVER_V110, H5F_LIBVER_V110) }
        let file = try Hdf5Handle(.file) {
            H5Fcreate(temporaryPath, ut_h5f_truncate(), creation.id, access.id)
        }
        try writeAttribute(file.id, "schema", ShardLayout.schema)
        try writeAttribute(file.id, "cache_key", layout.key.hex)
        try writeAttribute(file.id, "key_components", layout.key.canonicalJSON)
        try writeAttribute(file.id, "storage", layout.storage.rawValue)
        try writeAttribute(file.id, "cuts", layout.cuts.map(\.name).joined(separator: ","))
        try writeAttribute(file.id, "sample_rate", layout.sampleRateHz)
        try writeAttribute(file.id, "hop", layout.hopSamples)
        try writeAttribute(file.id, "shard", shard)
        try writeAttribute(file.id, "shards", layout.shardCount)
        let frames = try createGroup(file.id, "frames")
        for cut in layout.cuts { sinks.append(try RowSink(parent: frames.id, cut: cut, storage: layout.storage)) }
        fileIdentifier = file.id
        self.file = consume file
    }

    /// Appends one utterance.
    ///
    /// - Parameter rows: per cut, in the layout's order, `[frameCount, hiddenSize]` float32.
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
    /// - Parameter entry: as it shall be recorded here; its id and frame count are the reader's.
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
        var bytes = [UInt8](repeating: 0, count: layout.storage.byteCount(channels: values.count))
        let result = values.withUnsafeBufferPointer { source in
            bytes.withUnsafeMutableBytes { target in
                Result { () throws(StorageFormat.Refusal) in try layout.storage.encode(source, into: target) }
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
            for (sink, bytes) in zip(sinks, encoded) { try sink.append(bytes) }
        } catch {
            throw .cannotWrite(path: path, detail: error.detail)
        }
        index.append(entry, checksums: encoded.map { bytes in bytes.withUnsafeBytes { crc32c($0) } })
    }

    /// Writes the index, flushes everything to the disk, and gives the file its name.
    ///
    /// - Parameter destination: where the file goes instead of `path`, in the same folder.
    /// - Throws: `StoreError.cannotWrite`; nothing new is then under that name.
    public func finish(as destination: String? = nil) throws(StoreError) {
        precondition(!isPublished, "finished once")
        let destination = destination ?? path
        do throws(Hdf5Failure) {
            for sink in sinks { try sink.finish() }
            let id = fileIdentifier
            try index.write(to: id, cuts: layout.cuts)
            _ = try hdf5 { H5Fflush(id, H5F_SCOPE_GLOBAL) }
        } catch {
            throw .cannotWrite(path: destination, detail: error.detail)
        }
        sinks = []
        file = nil
        // Closing writes a little more and cannot report failure, so the file is read back before anybody relies on it.
        do {
            _ = try ShardReader(path: temporaryPath)
        } catch {
            throw .cannotWrite(path: destination, detail: "reading it back: \(error)")
        }
        try writing(as: StoreError.self) { () throws(WriteFailure) in
            try TemporaryName.publish(temporaryPath, as: destination)
        }
        isPublished = true
    }
}

/// One cut's dataset while it is written: rows gather in memory until a chunk is full, and chunks are written whole.
/// That is one write a chunk with no conversion, and the last chunk's unused rows are zeros rather than whatever lay
/// there.
private final class RowSink {
    private let dataset: Hdf5Handle
    private let hiddenSize: Int
    private let bytesPerRow: Int
    private let rowsPerChunk: Int
    private var chunk: [UInt8] = []
    private var writtenRows = 0

    /// Large enough that a chunk's bookkeeping vanishes, small enough that a last chunk wastes little.
    private static let chunkBytes = 1 << 20

    init(parent: hid_t, cut: CutLayout, storage: StorageFormat) throws(Hdf5Failure) {
        hiddenSize = cut.hiddenSize
        bytesPerRow = storage.byteCount(channels: cut.hiddenSize)
        rowsPerChunk = max(1, RowSink.chunkBytes / bytesPerRow)
        let properties = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_dataset_create()) }
        let chunkExtent = [hsize_t(rowsPerChunk), hsize_t(hiddenSize)]
        _ = try hdf5 { H5Pset_chunk(properties.id, 2, chunkExtent) }
        _ = try hdf5 { H5Pset_obj_track_times(properties.id, false) }
        let extent = [0, hsize_t(hiddenSize)]
        let limit = [ut_h5s_unlimited(), hsize_t(hiddenSize)]
        let space = try Hdf5Handle(.dataspace) { H5Screate_simple(2, extent, limit) }
        let type = try storage.makeDatatype()
        dataset = try Hdf5Handle(.dataset) {
            H5Dcreate2(parent, cut.name, type.id, space.id, ut_h5p_default(), properties.id, ut_h5p_default())
        }
        if storage == .bfloat16 { try writeAttribute(dataset.id, "encoding", "bfloat16") }
        chunk.reserveCapacity(rowsPerChunk * bytesPerRow)
    }

    func append(_ bytes: [UInt8]) throws(Hdf5Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(rowsPerChunk * bytesPerRow - chunk.count)
            chunk.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if chunk.count == rowsPerChunk * bytesPerRow { try writeChunk(rows: rowsPerChunk) }
        }
    }

    func finish() throws(Hdf5Failure) {
        let rows = chunk.count / bytesPerRow
        guard rows > 0 else { return }
        // An array is appended in one piece; `repeatElement` goes byte by byte in a debug build, up to a million of them.
        chunk += [UInt8](repeating: 0, count: rowsPerChunk * bytesPerRow - chunk.count)
        try writeChunk(rows: rows)
    }

    private func writeChunk(rows: Int) throws(Hdf5Failure) {
        let extent = [hsize_t(writtenRows + rows), hsize_t(hiddenSize)]
        _ = try hdf5 { H5Dset_extent(dataset.id, extent) }
        let position = [hsize_t(writtenRows), 0]
        _ = try hdf5 {
            chunk.withUnsafeBytes {
                H5Dwrite_chunk(dataset.id, ut_h5p_default(), 0, position, $0.count, $0.baseAddress)
            }
        }
        writtenRows += rows
        chunk.removeAll(keepingCapacity: true)
    }
}
