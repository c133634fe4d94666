import Parquet
import Testing

/// Files that lie or are damaged: an error in words, and never more than that.
@Suite struct HostileFileTests {
    /// What is said of the files that `Fuzz/make_parquet.py` writes; nil where all is well.
    static let expected: [String: String?] = [
        "sound": nil,
        "footer-beyond-the-file": "its footer is to be of 2147483648 bytes, and the file has 13",
        "structures-without-end": "structures lie in one another more than 24 deep",
        "lists-without-end": "lists lie in one another more than 24 deep",
        "list-of-nothing": "a list is to have 1099511627776 elements, in 0 bytes",
        "number-without-end": "the footer has a number of more than 64 bits",
        "schema-of-more-columns": "the schema has 9 columns",
        "group-of-more-columns": "the schema ends too early",
        "rows-beyond-measure":
            "has 1099511627776 rows of 1 columns in 127 bytes; at most 1056704 values are read from a "
            + "file of that size",
        "rows-below-nothing": "number of rows is -1",
        "rows-unlike-groups": "its row groups hold 3 of its 5 rows",
        "values-unlike-rows": "column 'a': a row group of 3 rows has 4 values of it",
        "chunk-outside": "a column's 1099511627776 bytes from 4 on are not in the file, or another column's",
        "chunk-before-the-file": "offset of a column's data is -4",
        "chunks-in-one-place": "a column's 41 bytes from 4 on are not in the file, or another column's",
        "another-type": "column 'a': a row group has it in another type than the schema",
        "page-beyond-its-chunk":
            "column 'a': its data ends too early: it has 24 bytes more, and 2147483648 should follow",
        "page-without-values": "column 'a': a page ends too early: it has 0 bytes more, and 8 should follow",
        "pages-with-too-few": "column 'a': its pages hold 2 values; expected 3",
        "pages-with-too-many": "column 'a': its pages hold more than 3 values",
        "page-of-another-size": "column 'a': a page is of 24 bytes; expected 25",
        "no-dictionary": "column 'a': a page refers to a dictionary, and there is none",
        "two-dictionaries": "column 'a': it has two dictionaries",
        "dictionary-beyond-measure":
            "column 'a': its dictionary ends too early: it has 0 bytes more, and 8 should follow",
        "index-outside-dictionary": "column 'a': a page refers to value 7 of a dictionary of 3",
        "index-too-wide": "column 'a': numbers are to have 255 bits",
        "run-too-wide": "column 'a': a run is of the number 7, which has more than 1 bits",
        "run-without-bits": "column 'a': 1 bytes are to hold 9 numbers of 1 bits",
        "run-of-nothing": "column 'a': a page's part for levels ends too early",
        "levels-beyond-the-page":
            "column 'a': a page ends too early: it has 24 bytes more, and 2147483648 should follow",
        "snappy-beyond-measure": "column 'a': a page of 1073741824 bytes cannot come of 7 compressed ones",
        "snappy-of-another-size": "column 'a': a compressed page is of 25 bytes according to itself, 24 to its header",
        "snappy-before-its-beginning":
            "column 'a': a compressed page repeats what is 9 bytes back, before its beginning",
        "snappy-of-nothing-repeated":
            "column 'a': a compressed page repeats what is 0 bytes back, before its beginning",
        "snappy-with-more": "column 'a': a compressed page holds more than it should",
        "snappy-cut-short": "column 'a': a compressed page ends too early: it has 20 bytes more, and 24 should follow",
        "text-not-utf8": "column 'a': has a value that is not UTF-8 text",
        "text-beyond-its-page": "column 'a': a page ends too early: it has 8 bytes more, and 4294967295 should follow",
        "runs-of-numbers": "column 'a': values other than Booleans are encoded as RLE",
        "arrow-no-base64": "ARROW:schema is no Base64",
        "arrow-empty": "ARROW:schema ends too early: it has 0 bytes more, and 4 should follow",
        "arrow-far-away": "ARROW:schema points out of itself",
    ]

    @Test(arguments: Fixture.names(Fixture.hostile))
    func saysWhatIsWrong(name: String) throws {
        let path = "\(Fixture.hostile)/\(name)"
        let expected = try #require(Self.expected[String(name.dropLast(".parquet".count))], "\(name) is not expected")
        #expect(Fixture.failure(path, bytes: try Fixture.bytes(path)) == expected, "\(name)")
    }

    @Test func allAreThere() {
        #expect(Fixture.names(Fixture.hostile).count >= Self.expected.count && Self.expected.count > 30)
    }

    static let small = ["defaults", "v2", "pages", "refused-types"]

    /// No beginning of a file is taken for all of it.
    @Test(arguments: small)
    func truncatedFilesAreRefused(name: String) throws {
        let bytes = try Fixture.bytes("\(Fixture.goldens)/\(name).parquet")
        for count in 0..<bytes.count where Fixture.failure("t", bytes: Array(bytes.prefix(count))) == nil {
            Issue.record("\(count) bytes are read")
        }
    }

    /// One byte wrong, anywhere: what is read has a value for each row, and the rest is refused.
    @Test(arguments: small)
    func damagedFilesAreReadOrRefused(name: String) throws {
        var bytes = try Fixture.bytes("\(Fixture.goldens)/\(name).parquet")
        var refused = 0
        for index in bytes.indices {
            let byte = bytes[index]
            // Each bit in turn, or all.
            bytes[index] ^= index % 9 == 8 ? 0xFF : 1 << UInt8(index % 9)
            defer { bytes[index] = byte }
            guard let file = try? ParquetFile(path: "t", bytes: bytes) else {
                refused += 1
                continue
            }
            for column in file.columns {
                guard let values = try? file.values(of: column) else { continue }
                if values.count != file.rowCount { Issue.record("byte \(index): \(values.count) values") }
            }
        }
        #expect(refused > 0)
    }
}
