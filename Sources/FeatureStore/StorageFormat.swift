internal import CHDF5
internal import CNumerics

/// How the rows of a shard are stored. A new codec is a new case here; nothing else of the module looks inside a row.
///
/// Infinities and NaN are refused by all of them. A value too small for its type becomes zero, silently: against
/// activations of the order of 1 that is far below the rounding of the others.
public enum StorageFormat: String, Sendable, Codable, CaseIterable {
    /// IEEE 754 binary16: 11 bits of precision, magnitudes up to 65504. Below 6.1e-5 the precision fades, and below 3e-8
    /// values become zero.
    case float16
    /// The upper half of a float32: 8 bits of precision, float32's range.
    case bfloat16
    case float32
    /// 8-bit integers `q` and one float32 factor per row, `scale = max|row| / 127`: the value is `q · scale`, rounded to
    /// nearest even, so the error is at most half of `scale`. A row of zeros, or of magnitudes below 1.5e-36, has
    /// scale 0.
    case int8

    /// Bytes that one row of `channels` values takes in the file, its scale included.
    public func byteCount(channels: Int) -> Int { valueByteCount * channels + scaleByteCount }

    /// Bytes of one value of a row.
    var valueByteCount: Int {
        switch self {
        case .int8: 1
        case .float16, .bfloat16: 2
        case .float32: 4
        }
    }

    /// Bytes of a row's scale, which lies apart from it; 0 where there is none.
    var scaleByteCount: Int { self == .int8 ? 4 : 0 }

    /// The largest magnitude that can be stored without becoming infinite.
    var largestMagnitude: Float {
        switch self {
        case .float16: 65504
        case .bfloat16: Float(bitPattern: 0x7f7f_0000)
        case .float32, .int8: .greatestFiniteMagnitude
        }
    }

    /// The HDF5 type of the dataset of rows, to be closed by the caller. HDF5 knows no bfloat16, which is kept as 16-bit
    /// unsigned integers under an attribute `encoding = "bfloat16"`.
    func makeDatatype() throws(Hdf5Failure) -> Hdf5Handle {
        try Hdf5Handle(.datatype) {
            switch self {
            case .float16: ut_h5t_float16()
            case .bfloat16: H5Tcopy(ut_h5t_uint16())
            case .float32: H5Tcopy(ut_h5t_float32())
            case .int8: H5Tcopy(ut_h5t_int8())
            }
        }
    }

    /// Why values cannot be stored.
    enum Refusal: Error, Equatable {
        case nonFinite(index: Int)
        case overflow(magnitude: Float)
    }

    /// What is left of rows once they are stored and read again, `[rows, channels]`.
    ///
    /// - Returns: nil where a value is not finite or beyond the type's range, so that it cannot be stored.
    public func rounded(_ values: [Float], channels: Int) -> [Float]? {
        var bytes = [UInt8](repeating: 0, count: values.count / channels * byteCount(channels: channels))
        let isStored = values.withUnsafeBufferPointer { source in
            bytes.withUnsafeMutableBytes { target in
                (try? encode(source, channels: channels, into: target)) != nil
            }
        }
        guard isStored else { return nil }
        return [Float](unsafeUninitializedCapacity: values.count) { out, initialised in
            bytes.withUnsafeBytes {
                decode($0, channels: channels, into: UnsafeMutableBufferPointer(rebasing: out[..<values.count]))
            }
            initialised = values.count
        }
    }

    /// Encodes `values` (`[rows, channels]`, float32) into `out`, overwritten: the rows end to end, then the scales of
    /// all of them where there are any. Rounds to nearest even.
    ///
    /// - Throws: `Refusal` if a value is not finite, or is finite but beyond the type's range; `out` is then undefined.
    func encode(
        _ values: UnsafeBufferPointer<Float>, channels: Int, into out: UnsafeMutableRawBufferPointer
    ) throws(Refusal) {
        let rows = rowCount(values: values.count, channels: channels, byteCount: out.count)
        guard let source = values.baseAddress, let target = out.baseAddress else { return }
        let magnitude = ut_largest_magnitude(source, values.count)
        guard magnitude.isFinite else {
            throw .nonFinite(index: values.firstIndex { !$0.isFinite } ?? 0)
        }
        var overflowCount = 0
        switch self {
        case .float16:
            let halves = target.bindMemory(to: UInt16.self, capacity: values.count)
            overflowCount = ut_float16_from_float32(source, halves, values.count)
        case .bfloat16:
            let halves = target.bindMemory(to: UInt16.self, capacity: values.count)
            overflowCount = ut_bfloat16_from_float32(source, halves, values.count)
        case .float32:
            target.copyMemory(from: source, byteCount: out.count)
        case .int8:
            let integers = target.bindMemory(to: Int8.self, capacity: values.count)
            ut_int8_from_float32(source, integers, target + values.count, rows, channels)
        }
        guard overflowCount == 0 else { throw .overflow(magnitude: magnitude) }
    }

    /// Decodes what `encode` wrote into float32, `[rows, channels]`, overwritten: the stored values exactly, rounded
    /// once where they are `q · scale`.
    ///
    /// - Parameters:
    ///   - bytes: the rows end to end, then their scales where there are any; at any alignment that suits the rows' values.
    ///   - channels: of a row.
    ///   - out: room for exactly the rows, `[rows, channels]`.
    public func decode(
        _ bytes: UnsafeRawBufferPointer, channels: Int, into out: UnsafeMutableBufferPointer<Float>
    ) {
        let rows = rowCount(values: out.count, channels: channels, byteCount: bytes.count)
        guard let source = bytes.baseAddress, let target = out.baseAddress else { return }
        switch self {
        case .float16:
            ut_float32_from_float16(source.assumingMemoryBound(to: UInt16.self), target, out.count)
        case .bfloat16:
            ut_float32_from_bfloat16(source.assumingMemoryBound(to: UInt16.self), target, out.count)
        case .float32:
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
        case .int8:
            let integers = source.assumingMemoryBound(to: Int8.self)
            ut_float32_from_int8(integers, source + out.count, target, rows, channels)
        }
    }

    private func rowCount(values: Int, channels: Int, byteCount: Int) -> Int {
        precondition(channels > 0 && values % channels == 0, "\(values) values are not whole rows of \(channels)")
        let rows = values / channels
        precondition(byteCount == rows * self.byteCount(channels: channels), "room for exactly the encoded rows")
        return rows
    }
}

/// CRC-32C (Castagnoli) of `bytes`, going on from `crc`.
public func crc32c(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
    ut_crc32c(crc, bytes.baseAddress, bytes.count)
}
