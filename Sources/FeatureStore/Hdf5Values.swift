internal import CHDF5

// Attributes and one-dimensional columns: small things, written and read whole.

/// A fixed-length, null-padded UTF-8 string type of `byteCount` bytes. Fixed because variable-length strings live apart
/// in a heap, which makes reading ten thousand ids slow and the file's bytes depend on the library's version.
private func stringType(byteCount: Int) throws(Hdf5Failure) -> Hdf5Handle {
    let type = try Hdf5Handle(.datatype) { H5Tcopy(ut_h5t_c_string()) }
    _ = try hdf5 { H5Tset_size(type.id, max(1, byteCount)) }
    _ = try hdf5 { H5Tset_strpad(type.id, H5T_STR_NULLPAD) }
    _ = try hdf5 { H5Tset_cset(type.id, H5T_CSET_UTF8) }
    return type
}

func writeAttribute(_ object: hid_t, _ name: String, _ value: String) throws(Hdf5Failure) {
    let type = try stringType(byteCount: value.utf8.count)
    let space = try Hdf5Handle(.dataspace) { H5Screate(H5S_SCALAR) }
    let attribute = try Hdf5Handle(.attribute) {
        H5Acreate2(object, name, type.id, space.id, ut_h5p_default(), ut_h5p_default())
    }
    let bytes = Array(value.utf8) + [0]
    _ = try hdf5 { bytes.withUnsafeBytes { H5Awrite(attribute.id, type.id, $0.baseAddress) } }
}

func writeAttribute(_ object: hid_t, _ name: String, _ value: Int) throws(Hdf5Failure) {
    let space = try Hdf5Handle(.dataspace) { H5Screate(H5S_SCALAR) }
    let attribute = try Hdf5Handle(.attribute) {
        H5Acreate2(object, name, ut_h5t_int64(), space.id, ut_h5p_default(), ut_h5p_default())
    }
    var stored = Int64(value).littleEndian
    _ = try hdf5 { H5Awrite(attribute.id, ut_h5t_int64(), &stored) }
}

func readIntAttribute(_ object: hid_t, _ name: String) throws(Hdf5Failure) -> Int {
    let attribute = try openAttribute(object, name)
    try requireOneElement(attribute, name)
    let type = try Hdf5Handle(.datatype) { H5Aget_type(attribute.id) }
    guard try hdf5({ H5Tget_class(type.id).rawValue }) == H5T_INTEGER.rawValue else {
        throw Hdf5Failure(detail: "attribute '\(name)' is not an integer")
    }
    var value: Int64 = 0
    _ = try hdf5 { H5Aread(attribute.id, ut_h5t_int64(), &value) }
    return Int(Int64(littleEndian: value))
}

func readStringAttribute(_ object: hid_t, _ name: String) throws(Hdf5Failure) -> String {
    let attribute = try openAttribute(object, name)
    try requireOneElement(attribute, name)
    let type = try Hdf5Handle(.datatype) { H5Aget_type(attribute.id) }
    let byteCount = try fixedStringByteCount(type.id, name)
    var bytes = [UInt8](repeating: 0, count: byteCount)
    _ = try hdf5 { bytes.withUnsafeMutableBytes { H5Aread(attribute.id, type.id, $0.baseAddress) } }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}

func hasAttribute(_ object: hid_t, _ name: String) throws(Hdf5Failure) -> Bool {
    try hdf5 { H5Aexists(object, name) } > 0
}

private func openAttribute(_ object: hid_t, _ name: String) throws(Hdf5Failure) -> Hdf5Handle {
    guard try hasAttribute(object, name) else {
        throw Hdf5Failure(detail: "no attribute '\(name)'")
    }
    return try Hdf5Handle(.attribute) { H5Aopen(object, name, ut_h5p_default()) }
}

/// The caller's buffer has room for one element: an attribute of more would be read beyond it.
private func requireOneElement(_ attribute: borrowing Hdf5Handle, _ name: String) throws(Hdf5Failure) {
    let id = attribute.id
    let space = try Hdf5Handle(.dataspace) { H5Aget_space(id) }
    guard try hdf5({ H5Sget_simple_extent_npoints(space.id) }) == 1 else {
        throw Hdf5Failure(detail: "attribute '\(name)' is not a single value")
    }
}

private func fixedStringByteCount(_ type: hid_t, _ name: String) throws(Hdf5Failure) -> Int {
    let isString = try hdf5 { H5Tget_class(type).rawValue } == H5T_STRING.rawValue
    guard isString, try hdf5({ H5Tis_variable_str(type) }) == 0 else {
        throw Hdf5Failure(detail: "'\(name)' is not a fixed-length string")
    }
    let byteCount = try hdf5 { Int(H5Tget_size(type)) }
    guard byteCount > 0, byteCount < 1 << 24 else {
        throw Hdf5Failure(detail: "'\(name)' is a string of \(byteCount) bytes")
    }
    return byteCount
}

// MARK: - Groups and columns

/// A new group that does not record when it was made, so that equal contents are equal bytes.
func createGroup(_ parent: hid_t, _ name: String) throws(Hdf5Failure) -> Hdf5Handle {
    let properties = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_group_create()) }
    _ = try hdf5 { H5Pset_obj_track_times(properties.id, false) }
    return try Hdf5Handle(.group) { H5Gcreate2(parent, name, ut_h5p_default(), properties.id, ut_h5p_default()) }
}

private func createColumn(
    _ parent: hid_t, _ name: String, _ type: hid_t, count: Int, _ bytes: UnsafeRawBufferPointer
) throws(Hdf5Failure) {
    var extent = hsize_t(count)
    let space = try Hdf5Handle(.dataspace) { H5Screate_simple(1, &extent, nil) }
    let properties = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_dataset_create()) }
    _ = try hdf5 { H5Pset_obj_track_times(properties.id, false) }
    let dataset = try Hdf5Handle(.dataset) {
        H5Dcreate2(parent, name, type, space.id, ut_h5p_default(), properties.id, ut_h5p_default())
    }
    guard count > 0 else { return }
    _ = try hdf5 { H5Dwrite(dataset.id, type, ut_h5s_all(), ut_h5s_all(), ut_h5p_default(), bytes.baseAddress) }
}

func writeColumn(_ parent: hid_t, _ name: String, _ values: [Int]) throws(Hdf5Failure) {
    let stored = values.map { Int64($0).littleEndian }
    let result = stored.withUnsafeBytes { bytes in
        Result { () throws(Hdf5Failure) in
            try createColumn(parent, name, ut_h5t_int64(), count: values.count, bytes)
        }
    }
    try result.get()
}

func writeColumn(_ parent: hid_t, _ name: String, _ values: [UInt32]) throws(Hdf5Failure) {
    let stored = values.map(\.littleEndian)
    let result = stored.withUnsafeBytes { bytes in
        Result { () throws(Hdf5Failure) in
            try createColumn(parent, name, ut_h5t_uint32(), count: values.count, bytes)
        }
    }
    try result.get()
}

func writeColumn(_ parent: hid_t, _ name: String, _ values: [String]) throws(Hdf5Failure) {
    let byteCount = max(1, values.map(\.utf8.count).max() ?? 1)
    var stored = [UInt8](repeating: 0, count: byteCount * values.count)
    for (row, value) in values.enumerated() {
        for (byte, code) in value.utf8.enumerated() { stored[row * byteCount + byte] = code }
    }
    let type = try stringType(byteCount: byteCount)
    let id = type.id
    let result = stored.withUnsafeBytes { bytes in
        Result { () throws(Hdf5Failure) in try createColumn(parent, name, id, count: values.count, bytes) }
    }
    try result.get()
}

/// The length of an opened column, none longer than its file.
private func columnCount(_ dataset: hid_t, _ name: String) throws(Hdf5Failure) -> Int {
    let space = try Hdf5Handle(.dataspace) { H5Dget_space(dataset) }
    var extent: hsize_t = 0
    guard try hdf5({ H5Sget_simple_extent_ndims(space.id) }) == 1,
        try hdf5({ H5Sget_simple_extent_dims(space.id, &extent, nil) }) == 1, extent < 1 << 31
    else { throw Hdf5Failure(detail: "'\(name)' is not a list") }
    let type = try Hdf5Handle(.datatype) { H5Dget_type(dataset) }
    let byteCount = try hdf5 { Int(H5Tget_size(type.id)) }
    try requireRoom(in: dataset, name, elementCount: Int(extent), byteCount: byteCount)
    return Int(extent)
}

/// Checks that so many stored elements fit the dataset's file, before memory is taken for them: an extent costs nothing
/// to claim. Shards are not compressed.
func requireRoom(
    in dataset: hid_t, _ name: String, elementCount: Int, byteCount: Int
) throws(Hdf5Failure) {
    let file = try Hdf5Handle(.file) { H5Iget_file_id(dataset) }
    var fileByteCount: hsize_t = 0
    _ = try hdf5 { H5Fget_filesize(file.id, &fileByteCount) }
    let (total, overflow) = elementCount.multipliedReportingOverflow(by: byteCount)
    guard !overflow, total >= 0, hsize_t(total) <= fileByteCount else {
        throw Hdf5Failure(
            detail: "'\(name)' claims \(elementCount) times \(byteCount) bytes of a file of \(fileByteCount)")
    }
}

func readIntColumn(_ parent: hid_t, _ name: String) throws(Hdf5Failure) -> [Int] {
    try readNumbers(parent, name, ut_h5t_int64(), as: Int64.self).map { Int(Int64(littleEndian: $0)) }
}

func readUInt32Column(_ parent: hid_t, _ name: String) throws(Hdf5Failure) -> [UInt32] {
    try readNumbers(parent, name, ut_h5t_uint32(), as: UInt32.self).map { UInt32(littleEndian: $0) }
}

private func readNumbers<Number: FixedWidthInteger>(
    _ parent: hid_t, _ name: String, _ type: hid_t, as: Number.Type
) throws(Hdf5Failure) -> [Number] {
    let dataset = try Hdf5Handle(.dataset) { H5Dopen2(parent, name, ut_h5p_default()) }
    let count = try columnCount(dataset.id, name)
    var values = [Number](repeating: 0, count: count)
    _ = try hdf5 {
        values.withUnsafeMutableBytes {
            H5Dread(dataset.id, type, ut_h5s_all(), ut_h5s_all(), ut_h5p_default(), $0.baseAddress)
        }
    }
    return values
}

func readStringColumn(_ parent: hid_t, _ name: String) throws(Hdf5Failure) -> [String] {
    let dataset = try Hdf5Handle(.dataset) { H5Dopen2(parent, name, ut_h5p_default()) }
    let count = try columnCount(dataset.id, name)
    let type = try Hdf5Handle(.datatype) { H5Dget_type(dataset.id) }
    let byteCount = try fixedStringByteCount(type.id, name)
    var bytes = [UInt8](repeating: 0, count: byteCount * count)
    _ = try hdf5 {
        bytes.withUnsafeMutableBytes {
            H5Dread(dataset.id, type.id, ut_h5s_all(), ut_h5s_all(), ut_h5p_default(), $0.baseAddress)
        }
    }
    return (0..<count).map { row in
        String(decoding: bytes[row * byteCount..<(row + 1) * byteCount].prefix { $0 != 0 }, as: UTF8.self)
    }
}
