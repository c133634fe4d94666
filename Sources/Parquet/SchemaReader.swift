/// The schema's tree, which the footer has as a list, each element before its children.
struct SchemaReader {
    private let elements: [ThriftValue]
    private var next = 0
    /// Found so far.
    private(set) var leafCount = 0

    init(_ elements: [ThriftValue]) { self.elements = elements }

    mutating func columns() throws(Flaw) -> [FileMetadata.Column] {
        let root = try element()
        let count = root[5]?.number ?? 0
        guard (0..<elements.count).contains(count) else { throw .malformed("the schema has \(count) columns") }
        var columns: [FileMetadata.Column] = []
        for _ in 0..<count { columns.append(try column()) }
        guard next == elements.count else { throw .malformed("the schema has elements that are no columns") }
        return columns
    }

    private mutating func element() throws(Flaw) -> ThriftValue {
        guard next < elements.count else { throw .malformed("the schema ends too early") }
        defer { next += 1 }
        return elements[next]
    }

    private mutating func column() throws(Flaw) -> FileMetadata.Column {
        let element = try element()
        guard let name = element[4]?.text else { throw .malformed("a column has no name") }
        let children = element[5]?.number ?? 0
        if children != 0 || element[1] == nil {
            try skip(children)
            return .init(name: name, contents: .unsupported("is nested; only columns of single values are read"))
        }
        let index = leafCount
        leafCount += 1
        guard let repetition = element[3]?.number, (0...2).contains(repetition) else {
            throw .malformed("column '\(name)' has no repetition type")
        }
        if repetition == 2 {
            return .init(name: name, contents: .unsupported("is a list; only columns of single values are read"))
        }
        let annotation = Annotation(element)
        guard let type = PhysicalType(rawValue: try element.number(1, "type of column '\(name)'")),
            let kind = annotation.kind(of: type)
        else {
            return .init(name: name, contents: .unsupported("is of type \(annotation.name), which is not read here"))
        }
        let leaf = FileMetadata.Leaf(
            index: index, type: type, kind: kind, isUnsigned: annotation.isUnsigned, isOptional: repetition == 1)
        return .init(name: name, contents: .leaf(leaf))
    }

    /// Passes over so many elements and all below them. A loop and not a recursion, however deep a file claims to be.
    private mutating func skip(_ children: Int) throws(Flaw) {
        var left = children
        while left > 0 {
            let element = try element()
            let below = element[5]?.number ?? 0
            guard (0...elements.count).contains(below), left <= elements.count else {
                throw .malformed("the schema ends too early")
            }
            if below == 0, element[1] != nil { leafCount += 1 }
            left += below - 1
        }
    }
}

/// What a schema element says of the meaning of its values: the logical type, or the converted type of older files.
struct Annotation {
    private let logical: ThriftValue?
    private let converted: Int?
    private let physical: Int?

    init(_ element: ThriftValue) {
        (logical, converted, physical) = (element[10], element[6]?.number, element[1]?.number)
    }

    /// nil for what is not read.
    func kind(of type: PhysicalType) -> ColumnKind? {
        switch type {
        case .boolean: return .boolean
        case .float: return .float
        case .double: return .double
        case .byteArray: return isDecimal ? nil : .text
        case .int32, .int64: break
        }
        if let member = logical?.member {
            switch member {
            case 6: return type == .int32 ? .date : nil
            case 8: return timestamp
            // An integer of a width, or a column that holds nothing but nulls.
            case 10, 11: return .integer
            default: return nil
            }
        }
        switch converted {
        case nil, 11?, 12?, 13?, 14?, 15?, 16?, 17?, 18?: return .integer
        case 6: return type == .int32 ? .date : nil
        case 9: return .timestamp(.milliseconds)
        case 10: return .timestamp(.microseconds)
        default: return nil
        }
    }

    private var isDecimal: Bool { logical?.member == 5 || converted == 5 }

    private var timestamp: ColumnKind? {
        switch logical?[8]?[2]?.member {
        case 1: .timestamp(.milliseconds)
        case 2: .timestamp(.microseconds)
        case 3: .timestamp(.nanoseconds)
        default: nil
        }
    }

    var isUnsigned: Bool {
        logical?[10]?[2]?.isTrue.map { !$0 } ?? converted.map { (11...14).contains($0) } ?? false
    }

    /// For errors.
    var name: String {
        let logicals = [
            1: "STRING", 2: "MAP", 3: "LIST", 4: "ENUM", 5: "DECIMAL", 6: "DATE", 7: "TIME", 8: "TIMESTAMP",
            10: "INTEGER", 12: "JSON", 13: "BSON", 14: "UUID", 15: "FLOAT16",
        ]
        if let name = logical?.member.flatMap({ logicals[$0] }) { return name }
        if isDecimal { return "DECIMAL" }
        if converted == 7 || converted == 8 { return "TIME" }
        let physicals = [
            "BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY",
        ]
        return physical.flatMap { physicals.indices.contains($0) ? physicals[$0] : nil } ?? "that no version knows"
    }
}
