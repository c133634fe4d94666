import Buffers
import Faults
import Foundation
import Testing

@testable import Checkpoints

@Suite struct SafetensorsTests {
    @Test func readsWhatPythonWrote() throws {
        let file = try SafetensorsFile.open(Fixtures.path("safetensors/model.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(try file.floats("wav2vec2.encoder.layer_norm.weight") == Fixtures.state[1].floats)
        let kinds = try SafetensorsFile.open(Fixtures.path("kinds.safetensors"))
        #expect(kinds.names == ["bfloat16", "float16", "float64", "int64"])
        for name in kinds.names.dropLast() { #expect(try kinds.floats(name) == [1, -2, 3]) }
        let error = #expect(throws: CheckpointError.self) { try kinds.floats("int64") }
        #expect(
            "\(try #require(error))".hasSuffix(
                "tensor int64: its elements are I64; expected float32, float16, bfloat16 or float64"))
    }

    @Test(arguments: Precision.allCases)
    func writtenFileReadsBack(precision: Precision) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/t.safetensors"
        let metadata = ["b": "\"quoted\"\n", "a": "ünï 😀"]
        let tensors: [(name: String, shape: [Int], floats: [Float])] = [
            ("z", [2, 2], [1, -0.5, 0, 1024]), ("scalar", [], [3]), ("empty", [0, 3], []), ("a", [3], [0.25, 2, -8]),
        ]
        try SafetensorsFile.write(to: path, tensors: tensors, precision: precision, metadata: metadata)
        #expect(try folder.contents == ["t.safetensors"])
        let file = try SafetensorsFile.open(path)
        #expect(file.metadata == metadata)
        #expect(file.names == ["a", "empty", "scalar", "z"])
        for (name, shape, floats) in tensors {
            #expect(file.shape(of: name) == shape)
            #expect(try file.floats(name) == floats)
        }
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        #expect(bytes[0].isMultiple(of: 8), "the header is padded so that the data is aligned")
        #expect(bytes.count == 8 + Int(bytes[0]) + 256 * Int(bytes[1]) + 8 * precision.byteCount)
    }

    @Test func writesTheseBytes() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/t.safetensors"
        try SafetensorsFile.write(to: path, tensors: [(name: "w", shape: [1], floats: [1])], metadata: ["k": "v"])
        let header = #"{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let padded = Array(header.utf8) + [UInt8](repeating: 0x20, count: 7 - (header.utf8.count + 7) % 8)
        let expected = [UInt8(padded.count), 0, 0, 0, 0, 0, 0, 0] + padded + [0, 0, 0x80, 0x3F]
        #expect([UInt8](try Data(contentsOf: URL(filePath: path))) == expected)
    }

    @Test func aWriterThatDoesNotFinishLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let plan = [(name: "a", shape: [2], precision: Precision.float16)]
        let error = #expect(throws: CheckpointError.self) {
            var writer = try SafetensorsWriter(path: "\(folder.path)/t.safetensors", tensors: plan)
            try writer.append([1, 1e6])
            try writer.finish()
        }
        #expect(
            folder.message(error)
                == "t.safetensors: tensor a: 1 values leave the range of float16; store it as float32")
        #expect(try folder.contents == [])
    }

    @Test func cannotWriteNamesTheFile() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: CheckpointError.self) {
            try SafetensorsFile.write(to: "\(folder.path)/none/t.safetensors", tensors: [])
        }
        #expect(folder.message(error) == "none/t.safetensors: cannot be written: No such file or directory")
        #expect(error?.kind == .cannotWrite)
    }

    @Test func everyTruncationIsRefused() throws {
        let bytes = try Fixtures.bytes("safetensors/model.safetensors")
        for count in 0..<bytes.count {
            let cut = MappedFile(path: "t.safetensors", bytes: Array(bytes[..<count]))
            #expect(throws: CheckpointError.self, "cut to \(count) bytes") { try SafetensorsFile(cut) }
        }
        let longer = MappedFile(path: "t.safetensors", bytes: bytes + [0])
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile(longer) }
        #expect(error.map { "\($0)" } == "t.safetensors: 1 bytes after the last tensor")
    }

    /// No byte of the header can be changed into something that crashes or reads outside the file.
    @Test func noFlippedByteCrashes() throws {
        let bytes = try Fixtures.bytes("kinds.safetensors")
        var outcomes: Set<Bool> = []
        for position in bytes.indices {
            for value: UInt8 in [0x00, 0x22, 0x39, 0x7B, 0x80, 0xFF] {
                var changed = bytes
                changed[position] = value
                let file = try? SafetensorsFile(MappedFile(path: "t.safetensors", bytes: changed))
                outcomes.insert(file != nil)
                for name in file?.names ?? [] { _ = try? file?.floats(name) }
            }
        }
        #expect(outcomes == [true, false])
    }

    /// Headers that lie, and what is said: the data is 8 bytes.
    static let lies: [(String, String)] = [
        (#"["a"]"#, "its header is [\"a\"]; expected a JSON object"),
        (#"{"a":1}"#, "tensor a: its entry is not a dtype, a shape and data_offsets"),
        (#"{"a":{"dtype":"F32","shape":[2]}}"#, "tensor a: its entry is not a dtype, a shape and data_offsets"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#,
            "tensor a: its entry is not a dtype, a shape and data_offsets"
        ),
        (#"{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,8]}}"#, "tensor a: unknown dtype \"F3\""),
        (
            #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            "tensor a: shape [-2] is no list of sizes"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
            "tensor a: shape [4294967296, 4294967296] is no list of sizes"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}}"#,
            "tensor a: 8 bytes; float32 of shape [4611686018427387904] takes more"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
            "tensor a: 8 bytes; float32 of shape [3] takes 12"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#,
            "tensor a: data_offsets [0, 12] leave the 8 bytes of data"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            "tensor a: data_offsets [8, 0] leave the 8 bytes of data"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "tensor a: its data leaves a hole before it"
        ),
        (
            """
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}
            """,
            "tensor b: its data overlaps the tensor before it"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "4 bytes after the last tensor"),
        (
            """
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
            """,
            "key \"a\" is there twice, at byte 65 of its header"
        ),
        (#"{"__metadata__":{"a":1}}"#, "__metadata__ a is 1; expected a string"),
        (#"{"__metadata__":[]}"#, "__metadata__ is []; expected an object of strings"),
        ("{", "expected a key in JSON, at byte 9 of its header"),
    ]

    @Test(arguments: lies)
    func refusesHeadersThatLie(header: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        let path = try folder.write("t.safetensors", length + Array(header.utf8) + [UInt8](repeating: 0, count: 8))
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile.open(path) }
        #expect(folder.message(error) == "t.safetensors: \(expected)")
    }

    @Test func refusesAHeaderLongerThanTheFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("t.safetensors", [UInt8](repeating: 0xFF, count: 16))
        let error = #expect(throws: CheckpointError.self) { try SafetensorsFile.open(path) }
        #expect(
            folder.message(error) == """
                t.safetensors: the header claims 18446744073709551615 of 16 bytes; it is cut short or no safetensors file
                """)
    }
}
