import Faults
import Parquet
import Testing

/// Sound files of sorts that are not read: the error names the column and the sort.
@Suite struct RefusalTests {
    @Test(arguments: [
        ("gzip", "column 'file': is compressed with gzip; only Snappy and no compression are read"),
        ("zstd", "column 'file': is compressed with zstd; only Snappy and no compression are read"),
        ("brotli", "column 'file': is compressed with Brotli; only Snappy and no compression are read"),
        ("lz4", "column 'file': is compressed with LZ4 (raw); only Snappy and no compression are read"),
        ("delta", "column 'int64': is encoded as DELTA_BINARY_PACKED, which is not read here"),
        ("split", "column 'double': is encoded as BYTE_STREAM_SPLIT, which is not read here"),
        ("int96", "column 'a': is of type INT96, which is not read here"),
        (
            "vast",
            "has 3000000 rows of 1 columns in 5793 bytes; at most 1419328 values are read from a file of that size"
        ),
    ])
    func saysWhatIsNotRead(name: String, expected: String) throws {
        let path = "\(Fixture.goldens)/refused-\(name).parquet"
        #expect(Fixture.failure(path, bytes: try Fixture.bytes(path)) == expected)
    }

    /// Columns beside them are read, those behind nested ones too.
    @Test func eachColumnStandsForItself() throws {
        let file = try ParquetFile("\(Fixture.goldens)/refused-types.parquet")
        let reasons = [
            "list": "is nested; only columns of single values are read",
            "structure": "is nested; only columns of single values are read",
            "decimal": "is of type DECIMAL, which is not read here",
            "half": "is of type FLOAT16, which is not read here",
            "fixed": "is of type FIXED_LEN_BYTE_ARRAY, which is not read here",
            "clock": "is of type TIME, which is not read here",
            "bytes": "has a value that is not UTF-8 text",
            "vast": "has the value 9223372036854775808; numbers are read up to 9223372036854775807",
        ]
        for column in file.columns {
            guard let reason = reasons[column.name] else {
                let values = try file.values(of: column)
                #expect(values == (column.name == "fine" ? .texts(["a", "b"]) : .integers([1, 2])), "\(column.name)")
                continue
            }
            let error = #expect(throws: ParquetError.self) { try file.values(of: column) }
            #expect("\(try #require(error))" == "\(file.path): column '\(column.name)': \(reason)")
            #expect(error?.kind == .badInput)
        }
        #expect(file.columns.map(\.name).filter { reasons[$0] == nil } == ["fine", "last"])
    }

    @Test func namesWhatIsNoParquet() throws {
        let sound = try Fixture.bytes("\(Fixture.goldens)/defaults.parquet")
        func failure(_ bytes: some Sequence<UInt8>) -> String? { Fixture.failure("t", bytes: Array(bytes)) }
        #expect(failure([]) == "is no Parquet file; such a file begins with PAR1")
        #expect(failure("file,arousal\n".utf8) == "is no Parquet file; such a file begins with PAR1")
        #expect(
            failure(sound.dropLast(100))
                == "is cut short or damaged; a Parquet file ends with a footer and PAR1")
        #expect(
            failure("PAR1PAR1".utf8) == "is cut short or damaged; a Parquet file ends with a footer and PAR1")
        #expect(
            failure(Array("PARE".utf8) + sound.dropFirst(4).dropLast(4) + Array("PARE".utf8))
                == "is encrypted, which is not read here")
        let error = #expect(throws: ParquetError.self) { try ParquetFile("/nowhere/t.parquet") }
        #expect(error?.kind == .missingInput)
    }
}
