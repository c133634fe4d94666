/// Parquet's hybrid of run lengths and packed bits, which levels, indices into dictionaries and some Booleans are written in.
///
/// - Source: apache/parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
enum HybridRuns {
    /// - Parameters:
    ///   - bitWidth: of each number, 0 to 32.
    ///   - count: how many numbers are wanted; the last run may hold more.
    static func decode(_ cursor: inout ByteCursor, bitWidth: Int, count: Int) throws(Flaw) -> [UInt32] {
        guard (0...32).contains(bitWidth) else { throw .malformed("numbers are to have \(bitWidth) bits") }
        var numbers: [UInt32] = []
        while numbers.count < count {
            let head = try cursor.count()
            let left = count - numbers.count
            if head & 1 == 0 {
                let bytes = try cursor.take((bitWidth + 7) / 8)
                let value = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                guard bitWidth == 32 || value >> UInt32(bitWidth) == 0 else {
                    throw .malformed("a run is of the number \(value), which has more than \(bitWidth) bits")
                }
                numbers.append(contentsOf: repeatElement(value, count: min(head >> 1, left)))
            } else {
                try unpack(&cursor, groups: head >> 1, bitWidth, limit: left, into: &numbers)
            }
        }
        return numbers
    }

    /// Groups of eight numbers, each number's low bits first.
    private static func unpack(
        _ cursor: inout ByteCursor, groups: Int, _ bitWidth: Int, limit: Int, into numbers: inout [UInt32]
    ) throws(Flaw) {
        // Eight numbers of `bitWidth` bits are `bitWidth` bytes. Some writers leave out the last group's padding.
        let size = groups.multipliedReportingOverflow(by: bitWidth)
        let bytes = try cursor.take(size.overflow ? cursor.remaining : min(size.partialValue, cursor.remaining))
        let wanted = groups > limit / 8 ? limit : groups * 8
        guard bitWidth == 0 || bytes.count * 8 / bitWidth >= wanted else {
            throw .malformed("\(bytes.count) bytes are to hold \(wanted) numbers of \(bitWidth) bits")
        }
        let mask: UInt64 = (1 << UInt64(bitWidth)) - 1
        var buffer: UInt64 = 0
        var bits = 0
        var next = bytes.startIndex
        for _ in 0..<wanted {
            while bits < bitWidth {
                buffer |= UInt64(bytes[next]) << UInt64(bits)
                next += 1
                bits += 8
            }
            numbers.append(UInt32(truncatingIfNeeded: buffer & mask))
            buffer >>= UInt64(bitWidth)
            bits -= bitWidth
        }
    }
}
