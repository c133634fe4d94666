internal import CHDF5

/// One cut of a shard while it is written: its rows, and the scales of rows that have one.
final class CutSink {
    private let rows: RowSink
    private let scales: RowSink?
    private let rowBytes: Int

    /// - Parameter file: has the groups `frames` and, where the storage has scales, `scales`.
    init(file: hid_t, cut: CutLayout, storage: StorageFormat) throws(Hdf5Failure) {
        rowBytes = storage.valueByteCount * cut.hiddenSize
        rows = try RowSink(
            file: file, path: "frames/" + cut.name, columns: cut.hiddenSize, type: try storage.makeDatatype(),
            bytesPerRow: rowBytes, chunkBytes: ShardLayout.chunkBytes)
        if storage == .bfloat16 { try rows.writeAttribute("encoding", "bfloat16") }
        scales =
            storage.scaleByteCount == 0
            ? nil
            : try RowSink(
                file: file, path: "scales/" + cut.name, columns: nil,
                type: try Hdf5Handle(.datatype) { H5Tcopy(ut_h5t_float32()) }, bytesPerRow: storage.scaleByteCount,
                chunkBytes: ShardLayout.scaleChunkBytes)
    }

    /// - Parameter block: an utterance's rows end to end, then their scales.
    func append(_ block: [UInt8], rows count: Int) throws(Hdf5Failure) {
        try rows.append(block[..<(count * rowBytes)])
        try scales?.append(block[(count * rowBytes)...])
    }

    func finish() throws(Hdf5Failure) {
        try rows.finish()
        try scales?.finish()
    }
}

/// A dataset that grows by rows: they gather in memory until a chunk is full, and chunks are written whole. That is one
/// write a chunk with no conversion, and the last chunk's unused rows are zeros rather than whatever lay there.
private final class RowSink {
    private let dataset: Hdf5Handle
    /// Columns, where a row is more than one value.
    private let width: [hsize_t]
    private let bytesPerRow: Int
    private let rowsPerChunk: Int
    private var chunk: [UInt8] = []
    private var writtenRows = 0

    /// - Parameters:
    ///   - columns: nil for a list of single values.
    ///   - chunkBytes: large enough that a chunk's bookkeeping vanishes, small enough that a last chunk wastes little.
    init(
        file: hid_t, path: String, columns: Int?, type: borrowing Hdf5Handle, bytesPerRow: Int, chunkBytes: Int
    ) throws(Hdf5Failure) {
        self.bytesPerRow = bytesPerRow
        width = columns.map { [hsize_t($0)] } ?? []
        rowsPerChunk = max(1, chunkBytes / bytesPerRow)
        let properties = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_dataset_create()) }
        let rank = Int32(1 + width.count)
        let chunkExtent = [hsize_t(rowsPerChunk)] + width
        _ = try hdf5 { H5Pset_chunk(properties.id, rank, chunkExtent) }
        _ = try hdf5 { H5Pset_obj_track_times(properties.id, false) }
        let extent = [0] + width
        let limit = [ut_h5s_unlimited()] + width
        let space = try Hdf5Handle(.dataspace) { H5Screate_simple(rank, extent, limit) }
        let typeId = type.id
        dataset = try Hdf5Handle(.dataset) {
            H5Dcreate2(file, path, typeId, space.id, ut_h5p_default(), properties.id, ut_h5p_default())
        }
        chunk.reserveCapacity(rowsPerChunk * bytesPerRow)
    }

    func writeAttribute(_ name: String, _ value: String) throws(Hdf5Failure) {
        try FeatureStore.writeAttribute(dataset.id, name, value)
    }

    func append(_ bytes: ArraySlice<UInt8>) throws(Hdf5Failure) {
        var rest = bytes
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
        let extent = [hsize_t(writtenRows + rows)] + width
        _ = try hdf5 { H5Dset_extent(dataset.id, extent) }
        let position = [hsize_t(writtenRows)] + width.map { _ in 0 }
        _ = try hdf5 {
            chunk.withUnsafeBytes {
                H5Dwrite_chunk(dataset.id, ut_h5p_default(), 0, position, $0.count, $0.baseAddress)
            }
        }
        writtenRows += rows
        chunk.removeAll(keepingCapacity: true)
    }
}
