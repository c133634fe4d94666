import Foundation
import Testing

@testable import FeatureStore

/// What storing and reading back should give: the same rounding done here in Swift, one row at a time.
private func rounded(_ values: [Float], width: Int, _ storage: StorageFormat) -> [Float] {
    switch storage {
    case .float16: return values.map { Float(Float16($0)) }
    case .bfloat16:
        return values.map(\.bitPattern).map { Float(bitPattern: ($0 + 0x7fff + (($0 >> 16) & 1)) & 0xffff_0000) }
    case .float32: return values
    case .int8:
        return stride(from: 0, to: values.count, by: width).flatMap { begin -> [Float] in
            let row = values[begin..<begin + width]
            let scale = row.map(abs).max()! / 127
            return row.map { ($0 / scale).rounded(.toNearestOrEven) * scale }
        }
    }
}

@Test(arguments: StorageFormat.allCases)
func rowsComeBackRoundedToTheStorageType(storage: StorageFormat) throws {
    let folder = try TemporaryFolder()
    // 768 wide: several chunks of 1 MiB, with utterances across their borders.
    let layout = ShardLayout(
        key: testKey, storage: storage,
        cuts: [CutLayout(name: "cnn", hiddenSize: 512), CutLayout(name: "9", hiddenSize: 768)])
    let written = try writeShard(folder.file("shard-00000.h5"), layout: layout, count: 40)
    let reader = try ShardReader(path: folder.file("shard-00000.h5"))
    #expect(reader.layout == layout)
    #expect(reader.shard == 0)
    #expect(reader.entries == written.map(\.entry))
    #expect(reader.rowCount == written.reduce(0) { $0 + $1.entry.frameCount })
    #expect(reader.rowCount > 1 << 20 / storage.byteCount(channels: 768), "more than one chunk")
    for (number, utterance) in written.enumerated().reversed() {
        for (cut, values) in zip(layout.cuts, utterance.rows) {
            let expected = rounded(values, width: cut.hiddenSize, storage)
            #expect(storage.rounded(values, channels: cut.hiddenSize) == expected, "as prediction rounds them")
            #expect(try reader.readFloats(cut: cut.name, utterance: number) == expected)
        }
    }
    #expect(try reader.verify().isEmpty)
}

@Test func sameCallsGiveTheSameBytes() throws {
    let folder = try TemporaryFolder()
    _ = try writeShard(folder.file("a.h5"), layout: oneCut(.float16), count: 20)
    // HDF5 would record, to the second, when a group was made.
    Thread.sleep(forTimeInterval: 1.1)
    _ = try writeShard(folder.file("b.h5"), layout: oneCut(.float16), count: 20)
    let files = try ["a.h5", "b.h5"].map { try Data(contentsOf: URL(filePath: folder.file($0))) }
    #expect(files[0] == files[1])
}

@Test func emptyShardIsAShard() throws {
    let folder = try TemporaryFolder()
    _ = try writeShard(folder.file("e.h5"), layout: oneCut(.float16), count: 0)
    let reader = try ShardReader(path: folder.file("e.h5"))
    #expect(reader.entries.isEmpty && reader.rowCount == 0)
    #expect(try reader.verify().isEmpty)
}

@Test(arguments: StorageFormat.allCases)
func copiedRowsAreTheStoredBytes(storage: StorageFormat) throws {
    let folder = try TemporaryFolder()
    let layout = oneCut(storage, hiddenSize: 48)
    let written = try writeShard(folder.file("from.h5"), layout: layout, count: 12)
    let source = try ShardReader(path: folder.file("from.h5"))
    let writer = try ShardWriter(path: folder.file("to.h5"), layout: layout, shard: 0)
    for utterance in written.reversed() {
        var entry = utterance.entry
        entry.fileModifiedNanoseconds = 5
        try writer.appendCopy(entry, from: source)
    }
    try writer.finish()
    let copy = try ShardReader(path: folder.file("to.h5"))
    for (row, entry) in copy.entries.enumerated() {
        let original = try #require(source.index(of: entry.id))
        #expect(entry.fileModifiedNanoseconds == 5)
        #expect(copy.checksum(cut: "9", utterance: row) == source.checksum(cut: "9", utterance: original))
        let (here, there) = try (
            copy.readFloats(cut: "9", utterance: row), source.readFloats(cut: "9", utterance: original)
        )
        #expect(here == there)
    }
}

@Test func shardSaysWhatItsRowsWereComputedOn() throws {
    let folder = try TemporaryFolder()
    let layout = oneCut(.float16)
    _ = try writeShard(folder.file("old.h5"), layout: layout, count: 1)
    _ = try writeShard(folder.file("empty.h5"), layout: layout, count: 0)
    let old = try ShardReader(path: folder.file("old.h5"))
    #expect(old.arithmetic == [CacheDescription.unknownArithmetic])
    #expect(try ShardReader(path: folder.file("empty.h5")).arithmetic == [])
    let writer = try ShardWriter(
        path: folder.file("new.h5"), layout: layout, shard: 0, arithmetic: ["an abacus, of wood", "fingers"])
    try writer.appendCopy(old.entries[0], from: old)
    try writer.finish()
    #expect(try ShardReader(path: folder.file("new.h5")).arithmetic == ["an abacus, of wood", "fingers"])
}

@Test func fingerprintIsOfRowsInWhateverOrderAndShards() throws {
    let folder = try TemporaryFolder()
    let layout = oneCut(.float32, hiddenSize: 3)
    func fingerprint(_ name: String, _ numbers: [Int], changed: Int? = nil) throws -> UInt64 {
        let writer = try ShardWriter(path: folder.file(name), layout: layout, shard: 0)
        for number in numbers {
            let seed = number == changed ? 99 : number
            var entry = entry("u\(number)", frames: 4)
            // No rows depend on when a file was touched.
            entry.fileModifiedNanoseconds = writer.utteranceCount
            try writer.append(entry, rows: [features(seed: seed, count: 12)])
        }
        try writer.finish()
        return try ShardReader(path: folder.file(name)).fingerprint
    }
    let all = try fingerprint("all.h5", [0, 1, 2, 3])
    #expect(try fingerprint("reversed.h5", [3, 2, 1, 0]) == all)
    #expect(try fingerprint("some.h5", [0, 2]) &+ fingerprint("others.h5", [1, 3]) == all)
    #expect(try fingerprint("fewer.h5", [0, 1, 2]) != all)
    #expect(try fingerprint("changed.h5", [0, 1, 2, 3], changed: 2) != all)
}

// MARK: - What is never stored

@Test func overflowNamesUtteranceCutAndRemedy() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(.float16, hiddenSize: 2), shard: 0)
    let error = #expect(throws: StoreError.self) {
        try writer.append(entry("loud", frames: 2), rows: [[1, 2, -70000, 4]])
    }
    #expect(error == .overflow(id: "loud", cut: "9", magnitude: 70000, storage: .float16))
    #expect(
        error?.description
            == "utterance 'loud', cut 9: a magnitude of 70000 is beyond float16, which ends at 65504; choose --store "
            + "bfloat16, int8 or float32, and another --out or delete this folder: the storage is part of the cache's "
            + "key")
    #expect(error?.kind == .badInput)
    // Nothing of the refused utterance stays, and the writer goes on.
    try writer.append(entry("loud", frames: 1), rows: [[65504, -65504]])
    try writer.finish()
    let reader = try ShardReader(path: folder.file("s.h5"))
    #expect(reader.entries.map(\.frameCount) == [1])
    #expect(try reader.readFloats(cut: "9", utterance: 0) == [65504, -65504])
}

@Test(arguments: StorageFormat.allCases, [Float.nan, .infinity, -.infinity])
func nonFiniteRowsAreRefused(storage: StorageFormat, value: Float) throws {
    let folder = try TemporaryFolder()
    let layout = ShardLayout(
        key: testKey, storage: storage,
        cuts: [CutLayout(name: "0", hiddenSize: 2), CutLayout(name: "9", hiddenSize: 2)])
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: layout, shard: 0)
    #expect(throws: StoreError.nonFinite(id: "x", cut: "9", row: 1, column: 1)) {
        try writer.append(entry("x", frames: 2), rows: [[1, 2, 3, 4], [1, 2, 3, value]])
    }
    try writer.finish()
    #expect(try ShardReader(path: folder.file("s.h5")).rowCount == 0)
}

@Test func sameIdTwiceIsRefused() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(.float32, hiddenSize: 1), shard: 0)
    try writer.append(entry("a", frames: 1), rows: [[1]])
    #expect(throws: StoreError.duplicate(id: "a", path: folder.file("s.h5"))) {
        try writer.append(entry("a", frames: 1), rows: [[1]])
    }
}

@Test func wrongShapeIsABug() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(.float32, hiddenSize: 3), shard: 0)
    let error = #expect(throws: StoreError.self) { try writer.append(entry("a", frames: 2), rows: [[1, 2, 3]]) }
    #expect(error?.kind == .bug)
}

/// What each type does with the magnitudes at its ends; nothing infinite ever comes back.
@Test(
    arguments: [
        (StorageFormat.float16, [65519, -65504, 1e-5, 2e-8], [65504, -65504, Float(Float16(1e-5)), 0]),
        (.bfloat16, [1e5, -3.3895314e38, 0x1p-100, 0], [99840, -3.3895314e38, 0x1p-100, 0]),
        (
            .float32, [Float.greatestFiniteMagnitude, 0x1p-149, 1, 1e5],
            [Float.greatestFiniteMagnitude, 0x1p-149, 1, 1e5]
        ),
        (.int8, [127e3, -1e3, 501, -499], [127e3, -1e3, 1e3, 0]),
        (.int8, [Float.greatestFiniteMagnitude, 0, 0, 1e30], [Float.greatestFiniteMagnitude, 0, 0, 0]),
        (.int8, [1e-37, 0x1p-149, 0, 0], [0, 0, 0, 0]),
    ] as [(StorageFormat, [Float], [Float])])
func extremesAreStoredOrBecomeZero(storage: StorageFormat, values: [Float], expected: [Float]) throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(storage, hiddenSize: 4), shard: 0)
    try writer.append(entry("a", frames: 1), rows: [values])
    try writer.finish()
    let read = try ShardReader(path: folder.file("s.h5")).readFloats(cut: "9", utterance: 0)
    for (value, wanted) in zip(read, expected) {
        #expect(value.isFinite && abs(value - wanted) <= abs(wanted) * 1e-5, "\(value), expected \(wanted)")
    }
}

@Test func bfloat16OverflowsToo() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(.bfloat16, hiddenSize: 1), shard: 0)
    let error = #expect(throws: StoreError.self) {
        try writer.append(entry("loud", frames: 1), rows: [[.greatestFiniteMagnitude]])
    }
    #expect(error?.description.contains("beyond bfloat16, which ends at 3.38953e+38; choose --store int8 or") == true)
}

// MARK: - Whole or not at all

@Test func abandonedWriterLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
        let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(.float16), shard: 0)
        try writer.append(entry("a", frames: 3), rows: [features(seed: 1, count: 72)])
        #expect(folder.names.count == 1 && !folder.names.contains("s.h5"))
    }
    #expect(folder.names == [])
}

@Test func leftoversOfDeadProcessesAreRemovedAndOthersKept() throws {
    let folder = try TemporaryFolder()
    let child = Process()
    child.executableURL = URL(filePath: "/bin/true")
    try child.run()
    child.waitUntilExit()
    let host = ProcessInfo.processInfo.hostName
    let dead = folder.file("s.h5.partial-\(host)-\(child.processIdentifier)-1")
    let alive = folder.file("s.h5.partial-\(host)-1-1")
    let elsewhere = folder.file("s.h5.partial-another\(host)-\(child.processIdentifier)-1")
    let ofAnother = folder.file("t.h5.partial-\(host)-\(child.processIdentifier)-1")
    for path in [dead, alive, elsewhere, ofAnother] { try Data("x".utf8).write(to: URL(filePath: path)) }
    _ = try writeShard(folder.file("s.h5"), layout: oneCut(.float16), count: 1)
    let left = Set(folder.names.map { folder.file($0) })
    #expect(left == [alive, elsewhere, ofAnother, folder.file("s.h5")])
}

@Test func unwritableFolderIsAnError() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: StoreError.self) {
        try ShardWriter(path: folder.file("no/such/s.h5"), layout: oneCut(.float16), shard: 0)
    }
    #expect(error?.kind == .cannotWrite)
    #expect(error?.description.contains("No such file or directory") == true)
}

// MARK: - Damage

@Test func corruptByteIsFoundAndItsUtteranceNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.h5")
    let written = try writeShard(path, layout: oneCut(.float32, hiddenSize: 16), count: 9)
    // The bytes of utterance 5's first row, looked for in the file.
    var data = try Data(contentsOf: URL(filePath: path))
    let pattern = written[5].rows[0][..<16].withUnsafeBytes { Data($0) }
    let place = try #require(data.range(of: pattern))
    data[place.lowerBound + 7] ^= 1
    try data.write(to: URL(filePath: path))
    let reader = try ShardReader(path: path)
    #expect(try reader.verify() == [.init(path: path, id: "utterance-5", cut: "9")])
    // Nor is it copied into another shard as if it were sound.
    let writer = try ShardWriter(path: folder.file("t.h5"), layout: oneCut(.float32, hiddenSize: 16), shard: 0)
    #expect(throws: StoreError.self) { try writer.appendCopy(written[5].entry, from: reader) }
    try writer.appendCopy(written[4].entry, from: reader)
}

@Test func corruptScaleIsFoundAndItsUtteranceNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.h5")
    let written = try writeShard(path, layout: oneCut(.int8, hiddenSize: 16), count: 9)
    let largest = try #require(written[5].rows[0][..<16].map(abs).max())
    var data = try Data(contentsOf: URL(filePath: path))
    let place = try #require(data.range(of: withUnsafeBytes(of: largest / 127) { Data($0) }))
    data[place.lowerBound] ^= 1
    try data.write(to: URL(filePath: path))
    let reader = try ShardReader(path: path)
    #expect(try reader.verify() == [.init(path: path, id: "utterance-5", cut: "9")])
}

@Test(arguments: [StorageFormat.float16, .int8])
func truncatedFileIsATypedErrorAtEveryLength(storage: StorageFormat) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.h5")
    _ = try writeShard(path, layout: oneCut(storage), count: 3)
    let data = try Data(contentsOf: URL(filePath: path))
    let lengths = [0, 1, 7, 8, 40, 100, 512, 1000, 2047, 2048, 5000, data.count / 2, data.count - 1]
    for length in lengths where length < data.count {
        try data[..<length].write(to: URL(filePath: path))
        let error = #expect(throws: StoreError.self, "\(length) bytes") { try ShardReader(path: path) }
        #expect(error?.kind == .badInput)
        #expect(error?.description.hasPrefix(path + ": ") == true)
    }
}

@Test func flippedBytesOutsideTheRowsAreNeverTakenForWhole() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.h5")
    let written = try writeShard(path, layout: oneCut(.float32, hiddenSize: 4), count: 3)
    let sound = try Data(contentsOf: URL(filePath: path))
    let before = try ShardReader(path: path)
    let file = try FileHandle(forUpdating: URL(filePath: path))
    func write(_ byte: UInt8, at place: Int) throws {
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: [byte])
    }
    var opened = 0
    for place in stride(from: 0, to: sound.count, by: 3)
    where (place < 6000 || place > sound.count - 6000) && sound[place] != 0 {
        try write(sound[place] ^ 0x41, at: place)
        defer { try? write(sound[place], at: place) }
        // Either refused, or the damage lies in rows, which `verify` finds, or in bytes that mean nothing.
        guard let reader = try? ShardReader(path: path) else { continue }
        opened += 1
        #expect(reader.entries == before.entries, "byte \(place)")
        guard try reader.verify().isEmpty else { continue }
        for row in written.indices {
            #expect(try reader.readFloats(cut: "9", utterance: row) == written[row].rows[0], "byte \(place)")
        }
    }
    #expect(opened < 1300, "most of the bytes are guarded")
}

@Test func otherFilesAreNotShards() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s.h5")
    #expect(throws: StoreError.self) { try ShardReader(path: path) }
    try Data("id,path\n".utf8).write(to: URL(filePath: path))
    #expect(throws: StoreError.notHDF5(path: path)) { try ShardReader(path: path) }
}

@Test func unknownCutIsNamed() throws {
    let folder = try TemporaryFolder()
    _ = try writeShard(folder.file("s.h5"), layout: oneCut(.float16), count: 1)
    let reader = try ShardReader(path: folder.file("s.h5"))
    #expect(throws: StoreError.unknownCut(cut: "6", path: reader.path, has: ["9"])) {
        try reader.readFloats(cut: "6", utterance: 0)
    }
}

@Test func thousandsOfUtterancesShareAShard() throws {
    let folder = try TemporaryFolder()
    let writer = try ShardWriter(path: folder.file("s.h5"), layout: oneCut(.float16, hiddenSize: 1), shard: 0)
    for number in 0..<20_000 { try writer.append(entry("id-\(number)", frames: 1), rows: [[Float(number % 100)]]) }
    try writer.finish()
    let reader = try ShardReader(path: folder.file("s.h5"))
    #expect(reader.entries.count == 20_000)
    #expect(reader.index(of: "id-19999") == 19_999)
}

@Test func manyThreadsReadTheSameShard() async throws {
    let folder = try TemporaryFolder()
    let written = try writeShard(folder.file("s.h5"), layout: oneCut(.float32, hiddenSize: 64), count: 30)
    let reader = try ShardReader(path: folder.file("s.h5"))
    let expected = written.map { $0.rows[0] }
    try await withThrowingTaskGroup(of: Bool.self) { group in
        for worker in 0..<8 {
            group.addTask {
                try (0..<60).allSatisfy { step in
                    let row = (step * 7 + worker) % 30
                    return try reader.readFloats(cut: "9", utterance: row) == expected[row]
                }
            }
        }
        for try await sound in group { #expect(sound) }
    }
}

@Test(arguments: [
    (StorageFormat.float16, Float(70_000)), (.float16, .infinity), (.bfloat16, .nan), (.float32, .nan),
    (.int8, -.infinity),
])
func whatCannotBeStoredCannotBeRounded(storage: StorageFormat, value: Float) {
    #expect(storage.rounded([1, 2, value, 4], channels: 2) == nil)
    #expect(storage.rounded([], channels: 2) == [])
}
