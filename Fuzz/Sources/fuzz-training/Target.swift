import Foundation
import Harness
import Runs

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    guard let yaml = String(validating: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self) else {
        return 0
    }
    let opened = accepted { () throws(ConfigurationError) in try TrainConfiguration(yaml: yaml, source: "train.yaml") }
    guard let configuration = opened else { return 0 }
    let again = accepted { () throws(ConfigurationError) in
        try TrainConfiguration(yaml: configuration.yaml, source: "config.yaml")
    }
    precondition(again == configuration, "written and read back, it differs:\n\(configuration.yaml)")
    return 0
}
