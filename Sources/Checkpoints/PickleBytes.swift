/// The bytes of a pickle and how far it is read: the operands of its instructions.
/// - Source: CPython's `Lib/pickletools.py`.
struct PickleBytes {
    let path: String
    let bytes: [UInt8]
    private var position = 0

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    func failure(_ reason: String) -> CheckpointError {
        .malformed(path: path, reason: "\(reason), at byte \(position) of its pickle")
    }

    mutating func skip(_ count: Int) throws(CheckpointError) {
        guard count <= bytes.count - position else { throw failure("the pickle ends too early") }
        position += count
    }

    mutating func byte() throws(CheckpointError) -> UInt8 {
        try skip(1)
        return bytes[position - 1]
    }

    /// Little-endian, of at most 8 bytes.
    mutating func unsigned(_ byteCount: Int) throws(CheckpointError) -> Int {
        try skip(byteCount)
        let value = bytes[position - byteCount..<position].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let integer = Int(exactly: value) else { throw failure("a length beyond all reason") }
        return integer
    }

    /// Little-endian, two's complement.
    mutating func long(_ byteCount: Int) throws(CheckpointError) -> Int {
        guard byteCount <= 8 else { throw failure("an integer of \(byteCount) bytes") }
        try skip(byteCount)
        let digits = bytes[position - byteCount..<position]
        let value = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let sign = digits.last, sign >= 0x80, byteCount < 8 else { return Int(Int64(bitPattern: value)) }
        return Int(Int64(bitPattern: value | UInt64.max << UInt64(8 * byteCount)))
    }

    mutating func bigEndian() throws(CheckpointError) -> UInt64 {
        try skip(8)
        return bytes[position - 8..<position].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    mutating func text(_ byteCount: Int) throws(CheckpointError) -> String {
        try skip(byteCount)
        guard let text = String(validating: bytes[position - byteCount..<position], as: UTF8.self) else {
            throw failure("a string that is not UTF-8")
        }
        return text
    }

    /// Up to the next line feed, as GLOBAL's two names are written.
    mutating func line() throws(CheckpointError) -> String {
        guard let end = bytes[position...].firstIndex(of: 0x0A) else { throw failure("the pickle ends too early") }
        let line = try text(end - position)
        position += 1
        return line
    }
}
