import Checkpoints
import Foundation
import Harness

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    let data = Data(UnsafeRawBufferPointer(start: bytes, count: count))
    let opened = accepted { () throws(CheckpointError) in
        try ConfigurationFile(path: "config.json", data: data)
    }
    guard let file = opened else { return 0 }
    precondition(Set(file.keys).count == file.keys.count)
    for key in file.keys + ["\u{0}no such key"] {
        let readings: [Any?] = [
            accepted { () throws(CheckpointError) in try file.int(key) },
            accepted { () throws(CheckpointError) in try file.bool(key) },
            accepted { () throws(CheckpointError) in try file.string(key) },
            accepted { () throws(CheckpointError) in try file.ints(key) },
        ]
        precondition(readings.count { $0 != nil } <= 1, "\(key) has two types")
        precondition(file.has(key) || readings.allSatisfy { $0 == nil }, "\(key) is null and has a value")
        if let number = accepted({ () throws(CheckpointError) in try file.double(key) }) {
            precondition(number.isFinite)
        }
    }
    return 0
}
