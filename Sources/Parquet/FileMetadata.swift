/// A file's footer: its columns, and where the values of each lie.
///
/// - Source: apache/parquet-format, src/main/thrift/parquet.thrift.
struct FileMetadata: Sendable {
    /// A column of the table. One that is made of columns itself is none that is read here.
    struct Column: Sendable {
        var name: String
        var contents: Contents
    }

    enum Contents: Sendable {
        case leaf(Leaf)
        /// With the reason.
        case unsupported(String)
    }

    /// A column that values are written for.
    struct Leaf: Sendable {
        /// In the order in which row groups list them.
        var index: Int
        var type: PhysicalType
        var kind: ColumnKind
        /// INT32 without a sign; in INT64, such numbers are read up to the greatest that has one.
        var isUnsigned: Bool
        /// Whether a value may be absent.
        var isOptional: Bool
    }

    struct RowGroup: Sendable {
        var rowCount: Int
        /// Of the leaves.
        var chunks: [Chunk]
    }

    /// The pages of one column in one row group.
    struct Chunk: Sendable {
        var type: PhysicalType?
        var codec: Codec
        var valueCount: Int
        /// In the file.
        var range: Range<Int>
    }

    let columns: [Column]
    let rowCount: Int
    let rowGroups: [RowGroup]

    /// - Parameters:
    ///   - footer: the Thrift structure.
    ///   - body: where in the file chunks may lie.
    init(_ footer: ArraySlice<UInt8>, body: Range<Int>) throws(Flaw) {
        var cursor = ByteCursor(footer, "the footer")
        let footer = try ThriftValue.structure(&cursor)
        rowCount = try footer.count(3, "number of rows")
        var schema = SchemaReader(try footer.items(2, "schema"))
        let columns = try schema.columns()
        self.columns = try FileMetadata.withDurations(columns, footer[5]?.elements ?? [])
        var groups: [RowGroup] = []
        var budget = body.count
        for group in try footer.items(4, "list of row groups") {
            let chunks = try group.items(1, "list of columns in a row group")
            guard chunks.count == schema.leafCount else {
                throw .malformed("a row group has \(chunks.count) columns, and the schema \(schema.leafCount)")
            }
            let rowCount = try group.count(3, "number of rows in a row group")
            var read: [Chunk] = []
            for chunk in chunks { read.append(try FileMetadata.chunk(chunk, body, &budget)) }
            groups.append(RowGroup(rowCount: rowCount, chunks: read))
        }
        rowGroups = groups
        var rest = rowCount
        for group in groups {
            guard group.rowCount <= rest else { throw .malformed("its row groups hold more than its \(rowCount) rows") }
            rest -= group.rowCount
        }
        guard rest == 0 else { throw .malformed("its row groups hold \(rowCount - rest) of its \(rowCount) rows") }
    }

    /// - Parameter budget: how many bytes chunks may still take. Without it, many chunks in one place would have a small file read again
    ///   and again.
    private static func chunk(_ chunk: ThriftValue, _ body: Range<Int>, _ budget: inout Int) throws(Flaw) -> Chunk {
        guard chunk[1] == nil else { throw .unsupported("columns lie in other files, which is not read here") }
        guard let data = chunk[3] else { throw .unsupported("columns are encrypted, which is not read here") }
        let first = try data.count(9, "offset of a column's data")
        // Some writers put 0 where there is no dictionary, or of no rows a dictionary alone.
        let offset = [first, data[11]?.number ?? 0].filter { $0 > 0 }.min() ?? first
        let size = try data.count(7, "size of a column's data")
        // Nothing at all lies nowhere.
        let start = size == 0 && offset == 0 ? body.lowerBound : offset
        guard start >= body.lowerBound, start <= body.upperBound, size <= body.upperBound - start, size <= budget else {
            throw .malformed("a column's \(size) bytes from \(start) on are not in the file, or another column's")
        }
        budget -= size
        let codec = try data.number(4, "codec")
        return Chunk(
            type: PhysicalType(rawValue: try data.number(1, "type of a column's data")), codec: Codec(codec),
            valueCount: try data.count(5, "number of a column's values"), range: start..<start + size)
    }

    /// INT64 columns that Arrow's schema, where there is one, says are durations.
    private static func withDurations(_ columns: [Column], _ metadata: [ThriftValue]) throws(Flaw) -> [Column] {
        guard let schema = metadata.first(where: { $0[1]?.text == ArrowSchema.key })?[2]?.bytes else { return columns }
        let units = try ArrowSchema.durations(schema, count: columns.count)
        return zip(columns, units).map { column, unit in
            guard case .leaf(var leaf) = column.contents, leaf.type == .int64, leaf.kind == .integer, let unit else {
                return column
            }
            leaf.kind = .duration(unit)
            return Column(name: column.name, contents: .leaf(leaf))
        }
    }
}

/// How single values are stored. INT96 and byte arrays of fixed length are not among those that are read.
enum PhysicalType: Int, Sendable {
    case boolean = 0
    case int32 = 1
    case int64 = 2
    case float = 4
    case double = 5
    case byteArray = 6
}

/// How pages are compressed.
enum Codec: Sendable, Equatable {
    case none
    case snappy
    /// By name.
    case other(String)

    init(_ number: Int) {
        let names = ["none", "Snappy", "gzip", "LZO", "Brotli", "LZ4", "zstd", "LZ4 (raw)"]
        switch number {
        case 0: self = .none
        case 1: self = .snappy
        default: self = .other(names.indices.contains(number) ? names[number] : "codec \(number)")
        }
    }

    /// - Parameter size: of the result.
    func decode(_ bytes: ArraySlice<UInt8>, size: Int) throws(Flaw) -> ArraySlice<UInt8> {
        switch self {
        case .none:
            guard bytes.count == size else { throw .malformed("a page is of \(bytes.count) bytes; expected \(size)") }
            return bytes
        case .snappy:
            // A page without values may be of no bytes at all.
            return size == 0 && bytes.isEmpty ? bytes : try Snappy.decode(bytes, size: size)[...]
        case .other(let name):
            throw .unsupported("is compressed with \(name); only Snappy and no compression are read")
        }
    }
}

extension ThriftValue {
    func items(_ field: Int, _ name: String) throws(Flaw) -> [ThriftValue] {
        guard let items = self[field]?.elements else { throw .malformed("there is no \(name)") }
        return items
    }
}
