import Faults
import Foundation

/// A table in a Parquet file, such as pyarrow writes by default: columns of single values, in any number of row groups and pages.
///
/// Read are Booleans, integers, floating-point numbers, text, dates, timestamps and durations, plain or with dictionaries, in pages of
/// either version, compressed with Snappy or not at all. Anything else is refused in words: lists and structures, other codecs, the delta
/// encodings, encryption. Nothing in a file is believed: what it says of sizes and places is held against its own size, and a file is never
/// given more memory than in proportion to that (`valueLimit`). Checksums of pages, which pyarrow does not write by default, are not looked at.
///
/// - Source: apache/parquet-format, README.md and Encodings.md.
public struct ParquetFile: Sendable {
    /// One column of the table.
    public struct Column: Sendable, Equatable {
        public let name: String
        /// nil for a column that is not read here: `ParquetFile.values(of:)` says why.
        public let kind: ColumnKind?
        let index: Int
    }

    public let path: String
    /// In the file's order. Two may have one name.
    public let columns: [Column]
    public let rowCount: Int
    private let bytes: [UInt8]
    private let metadata: FileMetadata

    /// Reads the whole file into memory, and its footer.
    ///
    /// - Throws: `ParquetError.unreadable`, `.malformed`, or `.unsupported` for an encrypted file.
    public init(_ path: String) throws(ParquetError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        try self.init(path: path, bytes: [UInt8](data))
    }

    /// Bytes that are in memory already, as a file's.
    package init(path: String, bytes: [UInt8]) throws(ParquetError) {
        do throws(Flaw) {
            metadata = try ParquetFile.footer(bytes)
        } catch {
            throw ParquetError(error, path: path)
        }
        self.path = path
        self.bytes = bytes
        rowCount = metadata.rowCount
        columns = metadata.columns.enumerated().map { index, column in
            if case .leaf(let leaf) = column.contents {
                Column(name: column.name, kind: leaf.kind, index: index)
            } else {
                Column(name: column.name, kind: nil, index: index)
            }
        }
    }

    /// Values that are all alike, or absent, take next to no room in a file: a hundred bytes can promise billions of rows. A file may
    /// have as many values, of all columns together, as a table of labels of its size could.
    static func valueLimit(byteCount: Int) -> Int { 1 << 20 + 64 * byteCount }

    private static func footer(_ bytes: [UInt8]) throws(Flaw) -> FileMetadata {
        let magic = Array("PAR1".utf8)
        if bytes.suffix(4) == Array("PARE".utf8) { throw .unsupported("is encrypted, which is not read here") }
        guard bytes.starts(with: magic) else { throw .malformed("is no Parquet file; such a file begins with PAR1") }
        guard bytes.count >= 12, bytes.suffix(4) == magic else {
            throw .malformed("is cut short or damaged; a Parquet file ends with a footer and PAR1")
        }
        var end = ByteCursor(bytes[(bytes.count - 8)...], "the file")
        let size = Int(try end.integer(UInt32.self))
        guard size <= bytes.count - 12 else {
            throw .malformed("its footer is to be of \(size) bytes, and the file has \(bytes.count)")
        }
        let start = bytes.count - 8 - size
        let metadata = try FileMetadata(bytes[start..<bytes.count - 8], body: 4..<start)
        let limit = valueLimit(byteCount: bytes.count)
        let cells = metadata.rowCount.multipliedReportingOverflow(by: max(1, metadata.columns.count))
        guard !cells.overflow, cells.partialValue <= limit else {
            throw .unsupported(
                "has \(metadata.rowCount) rows of \(metadata.columns.count) columns in \(bytes.count) bytes; at most "
                    + "\(limit) values are read from a file of that size")
        }
        return metadata
    }

    /// - Throws: `ParquetError.malformed`, or `.unsupported` for a column of another type, codec or encoding; each names the column.
    public func values(of column: Column) throws(ParquetError) -> ColumnValues {
        do throws(Flaw) {
            switch metadata.columns[column.index].contents {
            case .unsupported(let reason): throw .unsupported(reason)
            case .leaf(let leaf): return try values(leaf)
            }
        } catch {
            throw ParquetError(error, path: path, column: column.name)
        }
    }

    private func values(_ leaf: FileMetadata.Leaf) throws(Flaw) -> ColumnValues {
        switch leaf.type {
        case .boolean: return .booleans(try chunks(leaf))
        case .int32:
            let values: [Int32?] = try chunks(leaf)
            return .integers(
                values.map { $0.map { leaf.isUnsigned ? Int64(UInt32(bitPattern: $0)) : Int64($0) } })
        case .int64:
            let values: [Int64?] = try chunks(leaf)
            if leaf.isUnsigned, let value = values.lazy.compactMap(\.self).first(where: { $0 < 0 }) {
                throw .unsupported("has the value \(UInt64(bitPattern: value)); numbers are read up to \(Int64.max)")
            }
            return .integers(values)
        case .float: return .floats(try chunks(leaf))
        case .double: return .doubles(try chunks(leaf))
        case .byteArray: return .texts(try chunks(leaf))
        }
    }

    private func chunks<Value: PlainValue>(_ leaf: FileMetadata.Leaf) throws(Flaw) -> [Value?] {
        var values: [Value?] = []
        for group in metadata.rowGroups {
            let chunk = group.chunks[leaf.index]
            guard chunk.type == leaf.type else {
                throw .malformed("a row group has it in another type than the schema")
            }
            guard chunk.valueCount == group.rowCount else {
                throw .malformed("a row group of \(group.rowCount) rows has \(chunk.valueCount) values of it")
            }
            var reader = ChunkReader<Value>(bytes, chunk, isOptional: leaf.isOptional)
            values += try reader.read()
        }
        return values
    }
}
