internal import CHDF5
internal import CNumerics

/// How the rows of a shard are stored. A new codec is a new case here; nothing else of the module looks inside a row.
public enum StorageFormat: String, Sendable, Codable, CaseIterable {
    /// IEEE 754 binary16: 11 bits of precision, magnitudes up to 65504.
    case float16
    /// The upper half of a float32: 8 bits of precision, float32's range.
    case bfloat16
    case float32

    /// Bytes that one row of `channels` values takes in the file.
    public func byteCount(channels: Int) -> Int {
        switch self {
        case .float16, .bfloat16: 2 * channels
        case .float32: 4 * channels
        }
    }

    /// The HDF5 type of the dataset, to be closed by the caller. HDF5 knows no bfloat16, which is kept as 16-bit unsigned
    /// integers under an attribute `encoding = "bfloat16"`.
    func makeDatatype() throws(Hdf5Failure) -> Hdf5Handle {
        try Hdf5Handle(.datatype) {
            switch self {
            case .float16: ut_h5t_float16()
            case .bfloat16: H5Tcopy(ut_h5t_uint16())
            case .float32: H5Tcopy(ut_h5t_float32())
            }
        }
    }

    /// Why values cannot be stored.
    enum Refusal: Error, Equatable {
        case nonFinite(index: Int)
        case overflow(magnitude: Float)
    }

    /// Encodes `values` (`[rows, channels]`, float32) into `out`, overwritten, rounding to nearest even.
    ///
    /// - Throws: `Refusal` if a value is not finite, or is finite but beyond the type's range; `out` is then undefined.
    func encode(_ values: UnsafeBufferPointer<Float>, into out: UnsafeMutableRawBufferPointer) throws(Refusal) {
        precondition(out.count == byteCount(channels: values.count), "room for exactly the encoded values")
        guard let source = values.baseAddress, let target = out.baseAddress else { return }
        let magnitude = StorageFormat.largestMagnitude(values)
        guard magnitude.isFinite else {
            throw .nonFinite(index: values.firstIndex { !$0.isFinite } ?? 0)
        }
        let overflowCount: Int
        switch self {
        case .float16:
            let halves = target.bindMemory(to: UInt16.self, capacity: values.count)
            overflowCount = ut_float16_from_float32(source, halves, values.count)
        case .bfloat16:
            let halves = target.bindMemory(to: UInt16.self, capacity: values.count)
            overflowCount = ut_bfloat16_from_float32(source, halves, values.count)
        case .float32:
            target.copyMemory(from: source, byteCount: out.count)
            overflowCount = 0
        }
        guard overflowCount == 0 else { throw .overflow(magnitude: magnitude) }
    }

    /// Decodes stored bytes into float32, exactly. `out` is overwritten.
    public func decode(_ bytes: UnsafeRawBufferPointer, into out: UnsafeMutableBufferPointer<Float>) {
        precondition(bytes.count == byteCount(channels: out.count), "exactly the encoded values")
        guard let source = bytes.baseAddress, let target = out.baseAddress else { return }
        switch self {
        case .float16:
            ut_float32_from_float16(source.assumingMemoryBound(to: UInt16.self), target, out.count)
        case .bfloat16:
            ut_float32_from_bfloat16(source.assumingMemoryBound(to: UInt16.self), target, out.count)
        case .float32:
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
        }
    }

    /// The largest |x|; infinite or NaN as soon as one value is. A float's bits without the sign order as its magnitude
    /// does, with infinity and NaN above every finite value, so one integer maximum finds both.
    private static func largestMagnitude(_ values: UnsafeBufferPointer<Float>) -> Float {
        var largest: UInt32 = 0
        for value in values { largest = max(largest, value.bitPattern & 0x7fff_ffff) }
        return Float(bitPattern: largest)
    }
}

/// CRC-32C (Castagnoli) of `bytes`, going on from `crc`.
public func crc32c(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
    ut_crc32c(crc, bytes.baseAddress, bytes.count)
}
