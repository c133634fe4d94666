import FeatureStore
import Harness

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    var forgery = ShardForgery(Choices(UnsafeRawBufferPointer(start: bytes, count: count)))
    forgery.write(to: MemoryFile.path)
    let opened = accepted { () throws(StoreError) in try ShardReader(path: MemoryFile.path) }
    if let shard = opened { readEverything(shard) }
    // What nothing bends must open, or the fuzzer tests nothing.
    precondition(opened != nil || count > 0, "the sound shard is refused")
    return 0
}
