import FeatureStore
import Harness

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    MemoryFile.hold(UnsafeRawBufferPointer(start: bytes, count: count))
    let opened = accepted { () throws(StoreError) in try ShardReader(path: MemoryFile.path) }
    guard let shard = opened else { return 0 }
    readEverything(shard)
    return 0
}
