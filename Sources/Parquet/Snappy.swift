/// Snappy's raw format: literals, and copies of what was written before.
///
/// - Source: google/snappy, format_description.txt.
enum Snappy {
    /// - Parameter size: of the result, as the page's header has it.
    /// - Throws: `Flaw.malformed`. A size that the compressed bytes cannot give is refused before anything is reserved.
    static func decode(_ compressed: ArraySlice<UInt8>, size: Int) throws(Flaw) -> [UInt8] {
        var input = ByteCursor(compressed, "a compressed page")
        let announced = try input.count()
        guard announced == size else {
            throw .malformed("a compressed page is of \(announced) bytes according to itself, \(size) to its header")
        }
        // Three bytes give at most 64.
        guard size / 22 <= compressed.count else {
            throw .malformed("a page of \(size) bytes cannot come of \(compressed.count) compressed ones")
        }
        var output: [UInt8] = []
        output.reserveCapacity(size)
        while output.count < size {
            let tag = try input.byte()
            let length: Int
            var distance = 0
            switch tag & 3 {
            case 0:
                length = try literalLength(tag, &input)
            case 1:
                length = 4 + Int(tag >> 2 & 7)
                distance = Int(tag >> 5) << 8 | Int(try input.byte())
            case 2:
                length = 1 + Int(tag >> 2)
                distance = Int(try input.integer(UInt16.self))
            default:
                length = 1 + Int(tag >> 2)
                distance = Int(try input.integer(UInt32.self))
            }
            guard length <= size - output.count else { throw .malformed("a compressed page holds more than it should") }
            if tag & 3 == 0 {
                output += try input.take(length)
            } else {
                guard (1...max(1, output.count)).contains(distance), !output.isEmpty else {
                    throw .malformed("a compressed page repeats what is \(distance) bytes back, before its beginning")
                }
                // Byte by byte: what is copied may run into what the copy writes.
                for index in output.count - distance..<output.count - distance + length { output.append(output[index]) }
            }
        }
        guard input.remaining == 0 else { throw .malformed("a compressed page holds more than it should") }
        return output
    }

    /// In the tag, or in the one to four bytes behind it.
    private static func literalLength(_ tag: UInt8, _ input: inout ByteCursor) throws(Flaw) -> Int {
        let short = Int(tag >> 2)
        guard short >= 60 else { return short + 1 }
        return try input.take(short - 59).reversed().reduce(0) { $0 << 8 | Int($1) } + 1
    }
}
