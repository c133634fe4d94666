import CNumerics

/// How a tensor's elements are stored.
enum ElementType: Equatable, Sendable {
    case float32
    case float16
    case bfloat16
    case float64
    /// Of known size, but nothing a model's weights are made of: its name, for the error.
    case other(name: String, byteCount: Int)

    var byteCount: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .float64: 8
        case .other(_, let byteCount): byteCount
        }
    }

    var name: String {
        switch self {
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .float64: "float64"
        case .other(let name, _): name
        }
    }

    /// `bytes` as float32, or nil when the type is not a float. `bytes` may lie at any address.
    func floats(_ bytes: UnsafeRawBufferPointer) -> [Float]? {
        let count = bytes.count / byteCount
        switch self {
        case .float32:
            return [Float](unsafeUninitializedCapacity: count) { out, initialised in
                UnsafeMutableRawBufferPointer(out).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[..<(4 * count)]))
                initialised = count
            }
        case .float16, .bfloat16:
            // Through an aligned copy: mapped tensors begin at any byte, and C's loops want aligned elements.
            let halves = [UInt16](unsafeUninitializedCapacity: count) { out, initialised in
                UnsafeMutableRawBufferPointer(out).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[..<(2 * count)]))
                initialised = count
            }
            return [Float](unsafeUninitializedCapacity: count) { out, initialised in
                if count > 0 {
                    self == .float16
                        ? ut_float32_from_float16(halves, out.baseAddress!, count)
                        : ut_float32_from_bfloat16(halves, out.baseAddress!, count)
                }
                initialised = count
            }
        case .float64:
            return (0..<count).map { Float(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self)) }
        case .other:
            return nil
        }
    }
}

/// The number of elements of a shape, or nil when a size is negative or the product overflows.
func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
        guard size >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        count = product
    }
    return count
}
