import Exports
import Files
import Foundation
import Testing

/// A Python that has ONNX Runtime: `UNDERTONE_PYTHON`, or `python3` on the path.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"], "python3"].compactMap { $0 }
    return candidates.first { (try? run($0, ["-c", "import onnxruntime, numpy"]))?.status == 0 }
}()

private func run(_ python: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
}

/// `y = tanh(x W) + 2` of rows of three.
private func file(largestInside: Int) -> ONNXFile {
    var graph = ONNXGraph()
    let weight = graph.weight("w", [3, 2], .later { [1, 2, 3, 4, 5, 6].map { Float($0) / 10 } })
    let two = graph.float(2)
    #expect(graph.float(2) == two, "one tensor for one constant")
    let sum = graph.add("Add", graph.add("Tanh", graph.add("MatMul", "x", weight)), two)
    graph.rename(sum, to: "y")
    return ONNXFile(
        graph: graph, input: .init(name: "x", shape: [.any("rows"), .fixed(3)]),
        output: .init(name: "y", shape: [.any("rows"), .fixed(2)]), producerVersion: "1", metadata: ["key": "value"],
        largestInside: largestInside)
}

@Test(arguments: [(1000, 1), (0, 2)])
func weightsLieInsideOrInAFileOfTheirOwn(largestInside: Int, fileCount: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exports-tests-\(UUID().uuidString)").path
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let files = try file(largestInside: largestInside).write(to: "\(folder)/m.onnx")
    #expect(
        files.map { URL(filePath: $0).lastPathComponent } == ["m.onnx", "m.onnx.data"].prefix(fileCount).map { $0 })
    let model = try Data(contentsOf: URL(filePath: files[0]))
    // IR version 8, then the producer.
    #expect(model.starts(with: [0x08, 8, 0x12, 9] + Array("undertone".utf8)))
    let values = Data(
        [1, 2, 3, 4, 5, 6].flatMap { withUnsafeBytes(of: (Float($0) / 10).bitPattern.littleEndian) { Array($0) } })
    #expect((model.range(of: values) != nil) == (fileCount == 1))
    if fileCount == 2 { #expect(try Data(contentsOf: URL(filePath: files[1])).starts(with: values)) }
}

@Suite(.enabled(if: python != nil, "needs a python3 with onnxruntime; set UNDERTONE_PYTHON to one"))
struct ONNXRuntimeTests {
    @Test(arguments: [1000, 0])
    func itComputesWhatTheGraphSays(largestInside: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "exports-tests-\(UUID().uuidString)").path
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try file(largestInside: largestInside).write(to: "\(folder)/m.onnx")
        let program = """
            import sys, numpy, onnxruntime
            session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
            x = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
            y = session.run(["y"], {"x": x})[0]
            w = numpy.arange(1, 7, dtype=numpy.float32).reshape(3, 2) / 10
            assert numpy.abs(y - numpy.tanh(x @ w) - 2).max() < 1e-6, y
            assert session.get_modelmeta().custom_metadata_map == {"key": "value"}
            """
        let outcome = try run(try #require(python), ["-c", program, files[0]])
        #expect(outcome.status == 0, "\(outcome.text)")
    }
}

/// The examples of protobuf.dev, "Encoding".
@Test func protobufIsAsItsDescriptionHasIt() {
    var message = ProtobufMessage()
    message.varint(1, 150)
    message.string(2, "testing")
    message.message(3) { $0.varint(1, 150) }
    message.varint(4, -1)
    message.float(5, 1)
    let expected: [UInt8] =
        [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8) + [0x1a, 0x03, 0x08, 0x96, 0x01, 0x20]
        + [UInt8](repeating: 0xff, count: 9) + [0x01, 0x2d, 0x00, 0x00, 0x80, 0x3f]
    #expect(message.bytes == expected)
}
