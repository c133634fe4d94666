import Harness
import Parquet

/// Every column of a file that opened is read, or refused in words; what is read has a value for each row.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    MemoryFile.hold(UnsafeRawBufferPointer(start: bytes, count: count))
    guard let file = accepted({ () throws(ParquetError) in try ParquetFile(MemoryFile.path) }) else { return 0 }
    precondition(file.rowCount >= 0)
    for column in file.columns {
        let values = accepted { () throws(ParquetError) in try file.values(of: column) }
        precondition(values == nil || values!.count == file.rowCount, column.name)
        precondition(values == nil || column.kind != nil, "\(column.name) is read and of no kind")
    }
    return 0
}
