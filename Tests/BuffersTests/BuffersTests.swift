import Testing

@testable import Buffers

@Suite struct BuffersTests {
    @Test(arguments: [1, 63, 64, 65, 4096, 4097, 5000, 1 << 20, (1 << 20) + 1, 3_000_000])
    func sizeClassesWasteAtMostAQuarter(_ byteCount: Int) {
        let size = BufferPool.sizeClass(byteCount)
        #expect(size >= byteCount)
        #expect(size % 64 == 0)
        #expect(byteCount < 4096 || Double(size) <= 1.25 * Double(byteCount) + 64)
    }

    @Test func poolReusesWhatIsGivenBack() {
        let pool = BufferPool()
        var first: AlignedBuffer? = pool.buffer(byteCount: 10_000)
        let address = first!.bytes.baseAddress
        first = nil
        let second = pool.buffer(byteCount: 9_900)
        #expect(second.bytes.baseAddress == address)
        #expect(UInt(bitPattern: second.bytes.baseAddress!) % 64 == 0)
        #expect(pool.peakBytes == BufferPool.sizeClass(10_000))
    }

    @Test func offsetsArePackedWithoutGaps() throws {
        let offsets = try PackedOffsets(lengths: [3, 1, 5])
        #expect(offsets.values == [0, 3, 4, 9])
        #expect(offsets.utteranceCount == 3)
        #expect(offsets.rowCount == 9)
        #expect(offsets[2] == 4..<9)
    }

    @Test(arguments: [[0], [3, 0], [2, -1, 4]])
    func emptyUtterancesAreRefused(_ lengths: [Int]) {
        let index = lengths.firstIndex { $0 <= 0 }!
        #expect(throws: PackingError.emptyUtterance(index: index, rows: lengths[index])) {
            try PackedOffsets(lengths: lengths)
        }
    }

    /// Literals, so that a change of the generator, which would change every run's results, is noticed.
    @Test func randomStreamsAreWhatTheyWere() {
        var stream = RandomStream(seed: 7, "shuffle", 3)
        let first = (0..<3).map { _ in stream.next() }
        var again = RandomStream(key: stream.key, position: 1)
        #expect(again.next() == first[1])
        #expect(RandomStream(seed: 7, "shuffle", 4).key != stream.key)
        #expect(RandomStream(seed: 8, "shuffle", 3).key != stream.key)
    }

    @Test func normalsHaveMeanZeroAndVarianceOne() {
        var stream = RandomStream(seed: 1, "normals")
        let values = (0..<100_000).map { _ in Double(stream.normal()) }
        let mean = values.reduce(0, +) / 100_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
        #expect(abs(mean) < 0.02)
        #expect(abs(variance - 1) < 0.03)
    }
}
