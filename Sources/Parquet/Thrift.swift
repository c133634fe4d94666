/// A value in Thrift's compact protocol, which Parquet writes its footer and its page headers in.
///
/// Read into a tree, since a footer is small: each value takes at least a byte of the file, so that the tree is never larger than the
/// file justifies.
/// - Source: apache/thrift, doc/specs/thrift-compact-protocol.md.
indirect enum ThriftValue {
    case boolean(Bool)
    case integer(Int64)
    /// No structure that is read here has one.
    case double
    case bytes(ArraySlice<UInt8>)
    case list([ThriftValue])
    case structure([Int: ThriftValue])

    /// Structures in structures; Parquet's own go six deep.
    private static let depthLimit = 24

    /// Reads one structure.
    static func structure(_ cursor: inout ByteCursor) throws(Flaw) -> ThriftValue {
        try structure(&cursor, depth: 0)
    }

    private static func structure(_ cursor: inout ByteCursor, depth: Int) throws(Flaw) -> ThriftValue {
        guard depth < depthLimit else { throw .malformed("structures lie in one another more than \(depthLimit) deep") }
        var fields: [Int: ThriftValue] = [:]
        var id = 0
        while true {
            let head = try cursor.byte()
            if head == 0 { return .structure(fields) }
            // The difference to the last field's number, or 0 and the number itself.
            id = head >> 4 == 0 ? unzigzag(try cursor.varint()) : id + Int(head >> 4)
            guard (0...Int(Int16.max)).contains(id) else { throw .malformed("a structure has a field number \(id)") }
            let type = head & 0x0F
            // In a field, a Boolean's value is its type.
            let value: ThriftValue = type == 1 || type == 2 ? .boolean(type == 1) : try element(&cursor, type, depth)
            fields[id] = value
        }
    }

    private static func element(_ cursor: inout ByteCursor, _ type: UInt8, _ depth: Int) throws(Flaw) -> ThriftValue {
        switch type {
        case 1, 2: return .boolean(try cursor.byte() == 1)
        case 3: return .integer(Int64(Int8(bitPattern: try cursor.byte())))
        case 4, 5, 6: return .integer(Int64(unzigzag(try cursor.varint())))
        case 7:
            _ = try cursor.take(8)
            return .double
        case 8: return .bytes(try cursor.take(cursor.count()))
        case 9, 10:
            let head = try cursor.byte()
            let count = head >> 4 == 15 ? try cursor.count() : Int(head >> 4)
            return try elements(&cursor, count: count, [head & 0x0F], depth)
        case 11:
            let count = try cursor.count()
            guard count > 0 else { return .list([]) }
            let types = try cursor.byte()
            return try elements(&cursor, count: count, [types >> 4, types & 0x0F], depth)
        case 12: return try structure(&cursor, depth: depth + 1)
        default: throw .malformed("a field is of type \(type), which Thrift does not have")
        }
    }

    /// A list's elements, or a map's keys and values in turn.
    private static func elements(
        _ cursor: inout ByteCursor, count: Int, _ types: [UInt8], _ depth: Int
    ) throws(Flaw) -> ThriftValue {
        guard depth < depthLimit else { throw .malformed("lists lie in one another more than \(depthLimit) deep") }
        guard count <= cursor.remaining else {
            throw .malformed("a list is to have \(count) elements, in \(cursor.remaining) bytes")
        }
        var elements: [ThriftValue] = []
        for _ in 0..<count {
            for type in types { elements.append(try element(&cursor, type, depth + 1)) }
        }
        return .list(elements)
    }

    private static func unzigzag(_ value: UInt64) -> Int { Int(value >> 1) ^ -Int(value & 1) }
}

extension ThriftValue {
    /// A field of a structure; nil where it is absent, and where this is no structure.
    subscript(_ field: Int) -> ThriftValue? {
        if case .structure(let fields) = self { fields[field] } else { nil }
    }

    var isTrue: Bool? { if case .boolean(let value) = self { value } else { nil } }
    var number: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    var bytes: ArraySlice<UInt8>? { if case .bytes(let bytes) = self { bytes } else { nil } }
    var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }
    var elements: [ThriftValue]? { if case .list(let elements) = self { elements } else { nil } }

    /// The number of the one field that a union has.
    var member: Int? { if case .structure(let fields) = self, fields.count == 1 { fields.keys.first } else { nil } }

    /// - Throws: `Flaw.malformed` where there is no such number.
    func number(_ field: Int, _ name: String) throws(Flaw) -> Int {
        guard let number = self[field]?.number else { throw .malformed("there is no \(name)") }
        return number
    }

    /// - Throws: `Flaw.malformed` where there is no such number, or it is negative.
    func count(_ field: Int, _ name: String) throws(Flaw) -> Int {
        let count = try number(field, name)
        guard count >= 0 else { throw .malformed("\(name) is \(count)") }
        return count
    }
}
