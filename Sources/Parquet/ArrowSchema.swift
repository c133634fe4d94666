import Foundation

/// What Arrow's schema, which pyarrow writes into a file's metadata beside Parquet's own, adds to it: which columns are durations.
///
/// The value is a message in Arrow's format for files, in Base64: a FlatBuffer, that is, tables of offsets.
/// - Source: apache/arrow, format/Schema.fbs and Message.fbs; google/flatbuffers, "FlatBuffer Internals".
enum ArrowSchema {
    static let key = "ARROW:schema"

    /// - Parameter count: of the file's columns, which Arrow's are in the order of.
    /// - Returns: for each, the unit if it is a duration.
    static func durations(_ base64: ArraySlice<UInt8>, count: Int) throws(Flaw) -> [TimeUnit?] {
        guard let data = Data(base64Encoded: Data(base64)) else { throw .malformed("\(key) is no Base64") }
        let bytes = [UInt8](data)
        // A mark, the message's length, the message; older files have no mark.
        let hasMark = bytes.starts(with: [0xFF, 0xFF, 0xFF, 0xFF])
        let buffer = FlatBuffer(bytes: bytes[...].dropFirst(hasMark ? 8 : 4))
        let message = try buffer.root()
        guard try buffer.integer(UInt8.self, message, 1) == 1, let schema = try buffer.target(message, 2),
            let fields = try buffer.target(schema, 1)
        else { throw .malformed("\(key) holds no schema") }
        let found = Int(try buffer.integer(UInt32.self, at: fields))
        guard found == count else { throw .malformed("\(key) has \(found) columns, and the file \(count)") }
        var units: [TimeUnit?] = []
        for index in 0..<count {
            let field = try buffer.target(at: fields + 4 + 4 * index)
            guard try buffer.integer(UInt8.self, field, 2) == 18, let type = try buffer.target(field, 3) else {
                units.append(nil)
                continue
            }
            // What is not written has its default: milliseconds.
            let code = try buffer.integer(Int16.self, type, 0) ?? 1
            guard let unit = TimeUnit(rawValue: Int(code)) else { throw .malformed("\(key) has a time unit \(code)") }
            units.append(unit)
        }
        return units
    }
}

/// Positions are offsets from the buffer's first byte; a table's is that of its own first four bytes.
private struct FlatBuffer {
    let bytes: ArraySlice<UInt8>

    func root() throws(Flaw) -> Int { try target(at: 0) }

    func integer<Value: FixedWidthInteger>(_ type: Value.Type, at position: Int) throws(Flaw) -> Value {
        guard position >= 0, position <= bytes.count else {
            throw .malformed("\(ArrowSchema.key) points out of itself")
        }
        var cursor = ByteCursor(bytes.dropFirst(position), ArrowSchema.key)
        return try cursor.integer(Value.self)
    }

    /// A table's field, if it is written.
    func integer<Value: FixedWidthInteger>(_ type: Value.Type, _ table: Int, _ field: Int) throws(Flaw) -> Value? {
        guard let position = try position(table, field) else { return nil }
        return try integer(Value.self, at: position)
    }

    /// What an offset at this position points to.
    func target(at position: Int) throws(Flaw) -> Int { position + Int(try integer(UInt32.self, at: position)) }

    func target(_ table: Int, _ field: Int) throws(Flaw) -> Int? {
        guard let position = try position(table, field) else { return nil }
        return try target(at: position)
    }

    private func position(_ table: Int, _ field: Int) throws(Flaw) -> Int? {
        let layout = table - Int(try integer(Int32.self, at: table))
        let entry = 4 + 2 * field
        guard entry < Int(try integer(UInt16.self, at: layout)) else { return nil }
        let offset = Int(try integer(UInt16.self, at: layout + entry))
        return offset == 0 ? nil : table + offset
    }
}
