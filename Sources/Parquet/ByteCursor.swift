/// Takes bytes one after another. What would go past their end is refused, whatever a file says of lengths.
struct ByteCursor {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    /// What these bytes are, for errors: `the footer`.
    private let name: String

    init(_ bytes: ArraySlice<UInt8>, _ name: String) {
        self.bytes = bytes
        self.name = name
        position = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - position }

    mutating func take(_ count: Int) throws(Flaw) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else {
            throw .malformed("\(name) ends too early: it has \(remaining) bytes more, and \(count) should follow")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func byte() throws(Flaw) -> UInt8 {
        guard position < bytes.endIndex else { throw .malformed("\(name) ends too early") }
        defer { position += 1 }
        return bytes[position]
    }

    /// Little-endian.
    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(Flaw) -> Value {
        let bytes = try take(MemoryLayout<Value>.size)
        return Value(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(as: Value.self) })
    }

    /// LEB128: seven bits a byte, the low ones first, the top bit set on all but the last.
    mutating func varint() throws(Flaw) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            let byte = try byte()
            guard shift < 63 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw .malformed("\(name) has a number of more than 64 bits")
    }

    /// A `varint` that counts or measures something.
    mutating func count() throws(Flaw) -> Int {
        let value = try varint()
        guard let count = Int(exactly: value) else { throw .malformed("\(name) has a count of \(value)") }
        return count
    }
}
