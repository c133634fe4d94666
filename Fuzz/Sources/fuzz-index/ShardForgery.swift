import CFuzzHDF5
import FeatureStore

/// What a shard claims, to be bent by choices before it is written.
///
/// HDF5 guards its own structures with checksums, so that flipping a shard's bytes tests HDF5 and little else. Here the
/// file is sound HDF5 and what is in it lies: numbers, types, extents without storage behind them.
struct ShardForgery {
    private var choices: Choices
    private let cut = "9"
    private var frames: [Int] = []
    private var offsets: [Int] = []
    private var ids: [String] = []
    private let sha256 = String(repeating: "0f", count: 32)
    private var checksums: [UInt32] = []

    init(_ choices: Choices) {
        self.choices = choices
        let wild = self.choices.below(4) == 1
        let count = wild ? Int(self.choices.below(40)) : 2
        var end = 0
        for row in 0..<count {
            let isWild = self.choices.below(3) == 1
            ids.append(self.choices.below(16) == 1 ? "" : "u\(row)")
            frames.append(isWild ? self.choices.integer() : 1 + row % 3)
            offsets.append(self.choices.below(16) == 1 ? self.choices.integer() : end)
            end = end &+ frames[row]
            checksums.append(UInt32(truncatingIfNeeded: self.choices.integer()))
        }
        rowCount = end
    }

    private let rowCount: Int

    // MARK: - The file

    mutating func write(to path: String) {
        ut_h5_silence()
        let access = H5Pcreate(ut_h5p_file_access())
        H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110)
        let file = H5Fcreate(path, ut_h5f_truncate(), ut_h5p_default(), access)
        precondition(file >= 0, "\(path) cannot be created")
        defer {
            H5Fclose(file)
            H5Pclose(access)
        }
        let key = CacheKey(components: ["cuts": cut])
        integer(file, "schema", ShardLayout.schema)
        text(file, "cache_key", key.hex)
        text(file, "key_components", key.canonicalJSON)
        text(file, "storage", "float16")
        text(file, "cuts", cut)
        for (name, value) in [("sample_rate", 16000), ("hop", 320), ("pool", 1), ("shard", 0), ("shards", 1)] {
            integer(file, name, value)
        }
        let group = H5Gcreate2(file, "frames", ut_h5p_default(), ut_h5p_default(), ut_h5p_default())
        rows(group)
        H5Gclose(group)
        let index = H5Gcreate2(file, "utterances", ut_h5p_default(), ut_h5p_default(), ut_h5p_default())
        let numbers = [
            ("offset", offsets), ("frames", frames), ("samples", frames.map { $0 &* 320 }), ("file_bytes", frames),
            ("file_mtime_ns", frames),
        ]
        strings(index, "id", ids)
        strings(index, "audio_sha256", ids.map { _ in sha256 })
        for (name, values) in numbers { column(index, name, values.map(Int64.init), ut_h5t_int64()) }
        let sums = H5Gcreate2(index, "crc32c", ut_h5p_default(), ut_h5p_default(), ut_h5p_default())
        column(sums, cut, checksums, ut_h5t_uint32())
        H5Gclose(sums)
        H5Gclose(index)
        integer(file, "index_crc32c", Int(checksum(numbers.map(\.1))))
    }

    /// As `ShardIndex.checksum` has it.
    private func checksum(_ numbers: [[Int]]) -> UInt32 {
        var bytes: [UInt8] = []
        for row in ids.indices {
            bytes += Array(ids[row].utf8) + [0] + Array(sha256.utf8)
            for number in numbers.map({ $0[row] }) + [Int(checksums[row])] {
                withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes.withUnsafeBytes { crc32c($0) }
    }

    // MARK: - Attributes

    private mutating func integer(_ object: hid_t, _ name: String, _ value: Int) {
        switch choices.below(32) {
        case 1: break
        case 2: attribute(object, name, [Int64(choices.integer())], ut_h5t_int64(), isList: false)
        case 3: attribute(object, name, [Int64(value), 1], ut_h5t_int64(), isList: true)
        case 4: attribute(object, name, [Double(value)], ut_h5t_float64(), isList: false)
        case 5: text(object, name, "\(value)")
        default: attribute(object, name, [Int64(value)], ut_h5t_int64(), isList: false)
        }
    }

    private mutating func text(_ object: hid_t, _ name: String, _ value: String) {
        var bytes = Array(value.utf8)
        switch choices.below(32) {
        case 1: return
        case 2: return attribute(object, name, [Int64(choices.integer())], ut_h5t_int64(), isList: false)
        case 3: bytes = (0..<choices.byte()).map { _ in choices.byte() }
        case 4: bytes[Int(choices.byte()) % bytes.count] = choices.byte()
        case 5: bytes += [UInt8](repeating: UInt8(ascii: ","), count: Int(choices.byte()))
        default: break
        }
        let type = H5Tcopy(ut_h5t_c_string())
        H5Tset_size(type, max(1, bytes.count))
        H5Tset_strpad(type, choices.below(8) == 1 ? H5T_STR_SPACEPAD : H5T_STR_NULLPAD)
        attribute(object, name, bytes + [0], type, isList: false)
        H5Tclose(type)
    }

    private func attribute<Value>(_ object: hid_t, _ name: String, _ values: [Value], _ type: hid_t, isList: Bool) {
        var extent = hsize_t(values.count)
        let space = isList ? H5Screate_simple(1, &extent, nil) : H5Screate(H5S_SCALAR)
        let attribute = H5Acreate2(object, name, type, space, ut_h5p_default(), ut_h5p_default())
        values.withUnsafeBytes { _ = H5Awrite(attribute, type, $0.baseAddress) }
        H5Aclose(attribute)
        H5Sclose(space)
    }

    // MARK: - Columns and rows

    private mutating func strings(_ group: hid_t, _ name: String, _ values: [String]) {
        let width = max(1, values.map(\.utf8.count).max() ?? 1) + Int(choices.below(3))
        var bytes: [UInt8] = []
        for value in values { bytes += Array(value.utf8) + [UInt8](repeating: 0, count: width - value.utf8.count) }
        let type = H5Tcopy(ut_h5t_c_string())
        H5Tset_size(type, width)
        H5Tset_strpad(type, H5T_STR_NULLPAD)
        dataset(group, name, bytes, [values.count], type)
        H5Tclose(type)
    }

    private mutating func column<Value>(_ group: hid_t, _ name: String, _ values: [Value], _ type: hid_t) {
        dataset(group, name, values.withUnsafeBytes { Array($0) }, [values.count], type)
    }

    private mutating func rows(_ group: hid_t) {
        let float16 = ut_h5t_float16()
        let rows = choices.below(8) == 1 ? choices.integer() : rowCount
        let width = choices.below(8) == 1 ? choices.integer() : 3
        let size = rows.multipliedReportingOverflow(by: width)
        // Rows that nobody could write are left without storage: the reader must not believe in them.
        let isWritable = rows >= 0 && width >= 0 && !size.overflow && size.partialValue < 4096
        let bytes = isWritable ? [UInt8](repeating: 0x3c, count: 2 * size.partialValue) : nil
        dataset(group, cut, bytes, [rows, width], float16)
        H5Tclose(float16)
    }

    /// A dataset as announced, or another in one respect. Without `bytes` it has an extent and no storage.
    private mutating func dataset(_ group: hid_t, _ name: String, _ bytes: [UInt8]?, _ extent: [Int], _ type: hid_t) {
        var bytes = bytes
        var extent = extent.map { hsize_t(truncatingIfNeeded: max(0, $0)) }
        var stored = type
        let properties = H5Pcreate(ut_h5p_dataset_create())
        defer { H5Pclose(properties) }
        switch choices.below(32) {
        case 1: return
        case 2: (extent[0], bytes) = (hsize_t(truncatingIfNeeded: max(0, choices.integer())), nil)
        case 3: extent.append(1)
        case 4: stored = ut_h5t_int8()
        case 5: stored = ut_h5t_float64()
        case 6: H5Pset_layout(properties, H5D_COMPACT)
        case 7:
            let chunk = [hsize_t](repeating: 4, count: extent.count)
            H5Pset_chunk(properties, Int32(chunk.count), chunk)
            if choices.below(2) == 1 { bytes = nil }
        case 8: H5Pset_external(properties, "/dev/zero", 0, hsize_t(1) << 40)
        default: break
        }
        let space = H5Screate_simple(Int32(extent.count), extent, nil)
        let dataset = H5Dcreate2(
            group, name, stored, space, ut_h5p_default(), properties, ut_h5p_default())
        if dataset >= 0, let bytes, !bytes.isEmpty {
            bytes.withUnsafeBytes {
                _ = H5Dwrite(dataset, type, ut_h5s_all(), ut_h5s_all(), ut_h5p_default(), $0.baseAddress)
            }
        }
        if dataset >= 0 { H5Dclose(dataset) }
        if space >= 0 { H5Sclose(space) }
    }
}
