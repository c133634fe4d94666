internal import CHDF5

/// One cut of a shard, opened for reading rows in any order: the rows, and the scales of rows that have one.
final class CutSource: Sendable {
    let hiddenSize: Int
    /// The scale included.
    let bytesPerRow: Int
    private let rows: RowSource
    private let scales: RowSource?

    /// - Throws: `Hdf5Failure` if a dataset is not there, or not of the type and length that it should have.
    init(file: hid_t, cut: String, storage: StorageFormat, rowCount: Int) throws(Hdf5Failure) {
        rows = try RowSource(
            file: file, path: "frames/" + cut, what: "rows of cut \(cut)", type: try storage.makeDatatype(),
            typeName: storage.rawValue, rank: 2, rowCount: rowCount)
        scales =
            storage.scaleByteCount == 0
            ? nil
            : try RowSource(
                file: file, path: "scales/" + cut, what: "scales of cut \(cut)",
                type: try Hdf5Handle(.datatype) { H5Tcopy(ut_h5t_float32()) }, typeName: "float32", rank: 1,
                rowCount: rowCount)
        hiddenSize = rows.columns
        bytesPerRow = storage.byteCount(channels: hiddenSize)
    }

    /// - Parameter out: overwritten: the rows end to end, then their scales.
    func read(from first: Int, count: Int, into out: UnsafeMutableRawBufferPointer) throws(Hdf5Failure) {
        guard count > 0 else { return }
        try rows.read(from: first, count: count, into: out.baseAddress)
        guard let scales else { return }
        try scales.read(from: first, count: count, into: out.baseAddress.map { $0 + count * hiddenSize })
    }
}

/// A dataset of rows, or of one value per row.
private final class RowSource: Sendable {
    /// 1 where a row is one value.
    let columns: Int
    private let rank: Int
    private let dataset: Hdf5Handle
    private let type: Hdf5Handle

    init(
        file: hid_t, path: String, what: String, type expected: borrowing Hdf5Handle, typeName: String, rank: Int,
        rowCount: Int
    ) throws(Hdf5Failure) {
        let access = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_dataset_access()) }
        // No chunk cache: the rows of an utterance are read straight from the file. With the cache HDF5 reads whole
        // chunks, of which a shuffled read uses a third.
        _ = try hdf5 { H5Pset_chunk_cache(access.id, 0, 0, 1) }
        let dataset = try Hdf5Handle(.dataset) { H5Dopen2(file, path, access.id) }
        let type = try Hdf5Handle(.datatype) { H5Dget_type(dataset.id) }
        let expectedId = expected.id
        guard try hdf5({ H5Tequal(type.id, expectedId) }) > 0 else {
            throw Hdf5Failure(detail: "the \(what) are not \(typeName)")
        }
        let space = try Hdf5Handle(.dataspace) { H5Dget_space(dataset.id) }
        var extent = [hsize_t](repeating: 1, count: rank)
        guard try hdf5({ H5Sget_simple_extent_ndims(space.id) }) == rank,
            try hdf5({ H5Sget_simple_extent_dims(space.id, &extent, nil) }) == rank,
            extent[0] == hsize_t(rowCount), 1..<1 << 20 ~= extent.dropFirst().reduce(1, *)
        else { throw Hdf5Failure(detail: "the \(what) do not match the index") }
        columns = rank == 1 ? 1 : Int(extent[1])
        try requireRoom(
            in: dataset.id, what, elementCount: rowCount, byteCount: columns * Int(H5Tget_size(type.id)))
        self.rank = rank
        self.dataset = consume dataset
        self.type = consume type
    }

    func read(from first: Int, count: Int, into out: UnsafeMutableRawPointer?) throws(Hdf5Failure) {
        let start = [hsize_t(first), 0]
        let extent = [hsize_t(count), hsize_t(columns)]
        let space = try Hdf5Handle(.dataspace) { H5Dget_space(dataset.id) }
        _ = try hdf5 { H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, extent, nil) }
        let memory = try Hdf5Handle(.dataspace) { H5Screate_simple(Int32(rank), extent, nil) }
        // The memory type is the file's own, so bytes are copied and never converted.
        _ = try hdf5 { H5Dread(dataset.id, type.id, memory.id, space.id, ut_h5p_default(), out) }
    }
}
