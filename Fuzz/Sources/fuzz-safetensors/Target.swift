import Checkpoints
import Harness

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    MemoryFile.hold(UnsafeRawBufferPointer(start: bytes, count: count))
    if let file = accepted({ () throws(CheckpointError) in try SafetensorsFile.open(MemoryFile.path) }) {
        readEverything(file)
    }
    return 0
}
