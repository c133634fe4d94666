import Faults

/// A JSON value that remembers the order of its keys.
///
/// Our own small parser rather than Foundation's, because a safetensors header or a configuration that names a key
/// twice must be refused, and Foundation silently keeps one of the two.
indirect enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The digits as written: whether they mean an integer is the reader's question.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    struct Member: Equatable, Sendable {
        var key: String
        var value: JSON
    }

    struct SyntaxError: Error, Equatable {
        var offset: Int
        var message: String
    }

    /// Parses one JSON document (RFC 8259), strictly but for white space around it.
    static func parse(_ bytes: UnsafeRawBufferPointer) throws(SyntaxError) -> JSON {
        var parser = JSONParser(bytes: bytes)
        return try parser.parseDocument()
    }

    static func parse(_ bytes: [UInt8]) throws(SyntaxError) -> JSON {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(SyntaxError) in try parse(buffer) }
        }
        return try result.get()
    }

    subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// What it is, for an error message.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): printable(digits)
        case .string(let text): "\"\(printable(text))\""
        case .array(let values):
            values.count <= 8 ? "[\(values.map(\.summary).joined(separator: ", "))]" : "a list of \(values.count)"
        case .object: "an object"
        }
    }

    var integer: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits)
    }
}

private struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    var depth = 0

    /// Configurations nest three deep; a hostile file must not overflow the stack.
    static let depthLimit = 64

    mutating func parseDocument() throws(JSON.SyntaxError) -> JSON {
        let value = try parseValue()
        skipSpace()
        if position < bytes.count { throw failure("text after the end of the JSON document") }
        return value
    }

    private func failure(_ message: String) -> JSON.SyntaxError { .init(offset: position, message: message) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard current == byte.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func parseValue() throws(JSON.SyntaxError) -> JSON {
        skipSpace()
        guard let byte = current else { throw failure("the JSON document ends too early") }
        switch Character(Unicode.Scalar(byte)) {
        case "{": return try parseObject()
        case "[": return try parseArray()
        case "\"": return .string(try parseString())
        case "t": return try parseWord("true", .bool(true))
        case "f": return try parseWord("false", .bool(false))
        case "n": return try parseWord("null", .null)
        case "-", "0"..."9": return try parseNumber()
        default: throw failure("unexpected character in JSON")
        }
    }

    private mutating func parseWord(_ word: String, _ value: JSON) throws(JSON.SyntaxError) -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("unexpected word in JSON") }
        position += word.utf8.count
        return value
    }

    private mutating func parseNumber() throws(JSON.SyntaxError) -> JSON {
        let start = position
        _ = take("-")
        let integerStart = position
        skipDigits()
        let integerDigits = position - integerStart
        if integerDigits == 0 || (integerDigits > 1 && bytes[integerStart] == UInt8(ascii: "0")) {
            throw failure("malformed number in JSON")
        }
        if take("."), !skipDigits() { throw failure("malformed number in JSON") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            if !skipDigits() { throw failure("malformed number in JSON") }
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    @discardableResult
    private mutating func skipDigits() -> Bool {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func enter() throws(JSON.SyntaxError) {
        position += 1
        depth += 1
        if depth > JSONParser.depthLimit { throw failure("JSON nested more than \(JSONParser.depthLimit) deep") }
    }

    private mutating func parseArray() throws(JSON.SyntaxError) -> JSON {
        try enter()
        defer { depth -= 1 }
        var values: [JSON] = []
        skipSpace()
        if take("]") { return .array(values) }
        while true {
            values.append(try parseValue())
            skipSpace()
            if take("]") { return .array(values) }
            if !take(",") { throw failure("expected a comma or ] in JSON") }
        }
    }

    private mutating func parseObject() throws(JSON.SyntaxError) -> JSON {
        try enter()
        defer { depth -= 1 }
        var members: [JSON.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("expected a key in JSON") }
            let key = try parseString()
            if !keys.insert(key).inserted { throw failure("key \"\(printable(key))\" is there twice") }
            skipSpace()
            if !take(":") { throw failure("expected a colon in JSON") }
            members.append(JSON.Member(key: key, value: try parseValue()))
            skipSpace()
            if take("}") { return .object(members) }
            if !take(",") { throw failure("expected a comma or } in JSON") }
        }
    }

    private mutating func parseString() throws(JSON.SyntaxError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw failure("a string that is not UTF-8 in JSON")
                }
                return string
            case UInt8(ascii: "\\"): text += try parseEscape().utf8
            case 0..<0x20: throw failure("a control character in a JSON string")
            default: text.append(byte)
            }
        }
        throw failure("a JSON string never closes")
    }

    private mutating func parseEscape() throws(JSON.SyntaxError) -> String {
        guard let byte = current else { throw failure("a JSON string never closes") }
        position += 1
        switch Character(Unicode.Scalar(byte)) {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            var units = [try parseHexadecimal()]
            if UTF16.isLeadSurrogate(units[0]), take("\\"), take("u") { units.append(try parseHexadecimal()) }
            guard let text = String(validating: units, as: UTF16.self) else {
                throw failure("half a surrogate pair in JSON")
            }
            return text
        default: throw failure("unknown escape in a JSON string")
        }
    }

    private mutating func parseHexadecimal() throws(JSON.SyntaxError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw failure("a JSON string never closes") }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
            throw failure("malformed \\u escape in JSON")
        }
        position += 4
        return unit
    }
}
