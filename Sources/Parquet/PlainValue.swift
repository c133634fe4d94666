/// A type of values that pages hold, as the encoding PLAIN writes it.
///
/// - Source: apache/parquet-format, Encodings.md, "Plain".
protocol PlainValue: Sendable {
    /// - Throws: `Flaw.malformed` where there are not so many.
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Self]
    /// The encoding RLE, which only Booleans have.
    static func runs(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Self]
}

extension PlainValue {
    static func runs(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Self] {
        throw .malformed("values other than Booleans are encoded as RLE")
    }

    /// So many values, each by itself. Room for them is taken as they are found, not as they are promised.
    static func each(
        _ count: Int, _ value: () throws(Flaw) -> Self
    ) throws(Flaw) -> [Self] {
        var values: [Self] = []
        for _ in 0..<count { values.append(try value()) }
        return values
    }
}

extension Bool: PlainValue {
    /// A bit each, the low ones first.
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Bool] {
        let bytes = try cursor.take(count / 8 + (count % 8 == 0 ? 0 : 1))
        return (0..<count).map { bytes[bytes.startIndex + $0 / 8] >> UInt8($0 % 8) & 1 == 1 }
    }

    static func runs(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Bool] {
        let size = Int(try cursor.integer(UInt32.self))
        var runs = ByteCursor(try cursor.take(size), "a page's part for values")
        return try HybridRuns.decode(&runs, bitWidth: 1, count: count).map { $0 == 1 }
    }
}

extension Int32: PlainValue {
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Int32] {
        try each(count) { () throws(Flaw) in try cursor.integer(Int32.self) }
    }
}

extension Int64: PlainValue {
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Int64] {
        try each(count) { () throws(Flaw) in try cursor.integer(Int64.self) }
    }
}

extension Float: PlainValue {
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Float] {
        try each(count) { () throws(Flaw) in Float(bitPattern: try cursor.integer(UInt32.self)) }
    }
}

extension Double: PlainValue {
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [Double] {
        try each(count) { () throws(Flaw) in Double(bitPattern: try cursor.integer(UInt64.self)) }
    }
}

extension String: PlainValue {
    /// A length of four bytes, and as many bytes of UTF-8.
    static func plain(_ cursor: inout ByteCursor, count: Int) throws(Flaw) -> [String] {
        try each(count) { () throws(Flaw) in
            let size = Int(try cursor.integer(UInt32.self))
            guard let text = String(validating: try cursor.take(size), as: UTF8.self) else {
                throw .malformed("has a value that is not UTF-8 text")
            }
            return text
        }
    }
}
