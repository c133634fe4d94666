/// What stands before each page of a column.
///
/// - Source: apache/parquet-format, src/main/thrift/parquet.thrift.
struct PageHeader {
    enum Contents {
        case dictionary(valueCount: Int, Encoding)
        /// Levels and values are compressed together.
        case data(valueCount: Int, Encoding, levels: Encoding)
        /// Levels come first, as they are.
        case dataV2(valueCount: Int, Encoding, levelSize: Int, isCompressed: Bool)
        /// An index, or something newer that may be passed over.
        case other
    }

    var contents: Contents
    /// Of what follows the header.
    var size: Int
    var uncompressedSize: Int

    init(_ cursor: inout ByteCursor) throws(Flaw) {
        let header = try ThriftValue.structure(&cursor)
        uncompressedSize = try header.count(2, "uncompressed size of a page")
        size = try header.count(3, "compressed size of a page")
        switch try header.number(1, "type of a page") {
        case 0:
            guard let page = header[5] else { throw .malformed("a data page has no header of its own") }
            contents = .data(
                valueCount: try page.count(1, "number of a page's values"),
                Encoding(try page.number(2, "encoding of a page")),
                levels: Encoding(try page.number(3, "encoding of a page's levels")))
        case 2:
            guard let page = header[7] else { throw .malformed("a dictionary page has no header of its own") }
            contents = .dictionary(
                valueCount: try page.count(1, "number of a dictionary's values"),
                Encoding(try page.number(2, "encoding of a dictionary")))
        case 3:
            guard let page = header[8] else { throw .malformed("a data page has no header of its own") }
            guard try page.count(6, "size of a page's repetition levels") == 0 else {
                throw .malformed("a page of a column of single values has repetition levels")
            }
            contents = .dataV2(
                valueCount: try page.count(1, "number of a page's values"),
                Encoding(try page.number(4, "encoding of a page")),
                levelSize: try page.count(5, "size of a page's levels"), isCompressed: page[7]?.isTrue ?? true)
        default:
            contents = .other
        }
    }
}

/// How a page's values are written.
struct Encoding: Equatable {
    let number: Int

    init(_ number: Int) { self.number = number }

    static let plain = Encoding(0)
    static let runs = Encoding(3)
    /// Indices into the dictionary page, under the name of old files and that of new ones.
    var isDictionary: Bool { number == 2 || number == 8 }

    /// For errors.
    var name: String {
        let names = [
            0: "PLAIN", 2: "PLAIN_DICTIONARY", 3: "RLE", 4: "BIT_PACKED", 5: "DELTA_BINARY_PACKED",
            6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY", 8: "RLE_DICTIONARY", 9: "BYTE_STREAM_SPLIT",
        ]
        return names[number] ?? "encoding \(number)"
    }
}
