import Faults
import Foundation
import Testing

@testable import Checkpoints

@Suite struct PyTorchTests {
    @Test func gathersEveryStrideAndType() throws {
        let archive = try PyTorchArchive.open(Fixtures.path("strided.bin"))
        #expect(
            archive.names == [
                "bfloat", "double", "empty", "half", "long", "parameter", "scalar", "shared", "sliced", "transposed",
            ])
        #expect(archive.shape(of: "transposed") == [4, 3])
        #expect(try archive.floats("transposed") == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
        #expect(archive.shape(of: "sliced") == [2, 2])
        #expect(try archive.floats("sliced") == [4, 6, 8, 10])
        #expect(try archive.floats("shared") == [4, 5, 6, 7])
        #expect(archive.shape(of: "scalar") == [])
        #expect(try archive.floats("scalar") == [3.5])
        #expect(archive.shape(of: "empty") == [0, 4])
        #expect(try archive.floats("empty") == [])
        #expect(try archive.floats("parameter") == [0.25, 1.25])
        #expect(try archive.floats("half") == [1.5, -0.25, 6.097555e-05])
        #expect(try archive.floats("bfloat") == [1.5, -0.25, 3.0040553e38])
        #expect(try archive.floats("double") == [1 / 3])
        let error = #expect(throws: CheckpointError.self) { try archive.floats("long") }
        #expect(
            "\(try #require(error))".hasSuffix(
                "tensor long: its elements are int64; expected float32, float16, bfloat16 or float64"))
    }

    @Test func readsOtherWaysOfSaving() throws {
        let nested = try PyTorchArchive.open(Fixtures.path("nested.bin"))
        #expect(nested.names.count == 5)
        #expect(try nested.floats("classifier.weight") == [-0.5, 0.5])
        #expect(try PyTorchArchive.open(Fixtures.path("protocol4.bin")).floats("double") == [1 / 3])
        let plain = try PyTorchArchive.open(Fixtures.path("metadata.bin"))
        #expect(plain.names == ["bias", "weight"])
        let zip64 = try PyTorchArchive.open(Fixtures.path("zip64.bin"))
        #expect(try zip64.sha256OfTensors(zip64.names) == plain.sha256OfTensors(plain.names))
    }

    @Test(arguments: ["evil2.bin", "evil4.bin"])
    func executesNothing(file: String) throws {
        let error = #expect(throws: CheckpointError.self) { try PyTorchArchive.open(Fixtures.path(file)) }
        #expect(error == .refusedGlobal(path: Fixtures.path(file), name: "posix.system"))
        #expect(
            "\(try #require(error))".hasSuffix(
                "the pickle asks for posix.system, which no tensor needs; nothing was executed"))
        #expect(error?.kind == .badInput)
        #expect(!FileManager.default.fileExists(atPath: "/tmp/undertone-pickle-was-executed"))
    }

    @Test func saysWhatElseAFileIs() throws {
        let folder = try TemporaryFolder()
        func check(_ bytes: [UInt8], _ expected: String) throws {
            let path = try folder.write("t.bin", bytes)
            let error = #expect(throws: CheckpointError.self) { try PyTorchArchive.open(path) }
            #expect(folder.message(error) == "t.bin: \(expected)")
        }
        try check(
            Fixtures.bytes("legacy.bin"),
            """
            saved in PyTorch's format before 1.6; save it again: torch.save(torch.load(path, weights_only=True), path)
            """)
        try check(
            Fixtures.bytes("compressed.bin"),
            """
            damaged zip archive: entry archive/data.pkl is compressed; PyTorch stores entries uncompressed: save it again
            """)
        try check([], "is empty; expected a state dict saved by torch.save")
        try check(
            Array("version https://git-lfs.github.com/spec/v1\n".utf8),
            "is a Git LFS pointer, not the weights; fetch them with: git lfs pull")
        try check(
            Array("weights".utf8), "is no zip archive; expected a state dict saved by torch.save since PyTorch 1.6")
    }

    @Test(arguments: ["metadata.bin", "zip64.bin", "protocol4.bin"])
    func everyTruncationIsRefused(file: String) throws {
        let bytes = try Fixtures.bytes(file)
        for count in 0..<bytes.count {
            let cut = MappedFile(path: "t.bin", bytes: Array(bytes[..<count]))
            #expect(throws: CheckpointError.self, "cut to \(count) bytes") { try PyTorchArchive(cut) }
        }
    }

    /// No byte of the archive, its pickle included, can be changed into something that crashes or reads outside the
    /// file.
    @Test(arguments: ["metadata.bin", "zip64.bin"])
    func noFlippedByteCrashes(file: String) throws {
        let bytes = try Fixtures.bytes(file)
        var outcomes: Set<Bool> = []
        for position in bytes.indices {
            for value: UInt8 in [0x00, 0xFF, bytes[position] ^ 0x21] {
                var changed = bytes
                changed[position] = value
                let archive = try? PyTorchArchive(MappedFile(path: "t.bin", bytes: changed))
                outcomes.insert(archive != nil)
                for name in archive?.names ?? [] { _ = try? archive?.floats(name) }
            }
        }
        #expect(outcomes == [true, false])
    }
}

@Suite struct PickleTests {
    private func run(_ bytes: [UInt8]) throws -> (PickleValue, PickleInterpreter) {
        var interpreter = PickleInterpreter(path: "p", bytes: bytes)
        return (try interpreter.run(), interpreter)
    }

    @Test(
        arguments: [
            ([0x80, 2, 0x4E, 0x2E], .none),
            ([0x80, 2, 0x4B, 200, 0x2E], .int(200)),
            ([0x80, 2, 0x4D, 0x34, 0x12, 0x2E], .int(0x1234)),
            ([0x80, 2, 0x4A, 0xFE, 0xFF, 0xFF, 0xFF, 0x2E], .int(-2)),
            ([0x80, 2, 0x8A, 1, 0xFF, 0x2E], .int(-1)),
            ([0x80, 2, 0x8A, 0, 0x2E], .int(0)),
            ([0x80, 2, 0x8A, 5, 0, 0, 0, 0, 1, 0x2E], .int(1 << 32)),
            ([0x80, 2, 0x8A, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x2E], .int(-1)),
            ([0x80, 2, 0x47, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0x2E], .float(1.5)),
            ([0x80, 2, 0x88, 0x30, 0x89, 0x2E], .bool(false)),
            ([0x80, 4, 0x8C, 2, 0x68, 0x69, 0x94, 0x30, 0x68, 0, 0x2E], .string("hi")),
        ] as [([UInt8], PickleValue)])
    func literals(bytes: [UInt8], expected: PickleValue) throws {
        #expect(try run(bytes).0 == expected)
    }

    @Test(arguments: [
        ("", "the pickle ends too early, at byte 0"), ("8000", "pickle protocol 0; expected 2 to 5, at byte 2"),
        ("2e", "an empty stack, at byte 1"), ("65", "no mark on the stack, at byte 1"),
        ("6805", "memo 5 is not set, at byte 2"), ("71", "the pickle ends too early"),
        ("4e4e61", "items for None, at byte 3"), ("5d4e73", "an empty stack"), ("7d284e75", "a key without a value"),
        ("4e51", "a persistent id that is no storage"), ("4e52", "a call without a tuple of arguments"),
        ("4e2952", "a call of None"), ("4e4e62", "attributes of None"),
        ("8a09", "an integer of 9 bytes"), ("58ffffffff", "the pickle ends too early"),
        ("8dffffffffffffffff", "a length beyond all reason"), ("8c01ff", "a string that is not UTF-8"),
        ("49", "instruction 0x49, which no state dict needs"), ("81", "instruction 0x81, which no state dict needs"),
        ("284e3030", "an empty stack, at byte 4"),
    ])
    func brokenProgramsSayWhere(hexadecimal: String, expected: String) throws {
        var digits = hexadecimal[...]
        var bytes: [UInt8] = []
        while !digits.isEmpty {
            bytes.append(try #require(UInt8(digits.prefix(2), radix: 16)))
            digits = digits.dropFirst(2)
        }
        let error = #expect(throws: CheckpointError.self) { try run(bytes) }
        #expect(error.map { "\($0)" }?.hasPrefix("p: \(expected)") == true, "\(error.map { "\($0)" } ?? "")")
    }

    /// A list in a list in a list … a million deep, and a list that holds itself: neither may overflow the stack.
    @Test func nestingAndCyclesAreHarmless() throws {
        var deep: [UInt8] = [0x80, 2]
        let depth = 1_000_000
        deep += [UInt8](repeating: 0x5D, count: depth) + [UInt8](repeating: 0x61, count: depth - 1) + [0x2E]
        let (root, interpreter) = try run(deep)
        #expect(root == .list(0))
        #expect(interpreter.lists.count == depth)
        let (cycle, held) = try run([0x80, 2, 0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E])
        #expect(cycle == .list(0) && held.lists == [[.list(0)]])
    }

    @Test func refusesAPickleTooLarge() {
        let bytes = [UInt8](repeating: 0x4E, count: PickleInterpreter.byteLimit + 1)
        #expect(throws: CheckpointError.self) { try run(bytes) }
    }
}
