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

    /// A step's buffers, all in use at once, and then none.
    private func addresses(_ pool: BufferPool, _ byteCounts: [Int]) -> Set<UInt> {
        let buffers = byteCounts.map { pool.buffer(byteCount: $0) }
        return Set(buffers.map { UInt(bitPattern: $0.bytes.baseAddress!) })
    }

    /// Steps of other lengths live in what the longest left: nothing is mapped once it was there, and what is kept is bounded.
    @Test func stepsOfAllLengthsShareTheLongestOnesBuffers() {
        let pool = BufferPool()
        let shapes = [768, 3072, 768, 2304, 3072, 768]
        func step(_ rows: Int) -> Set<UInt> { addresses(pool, shapes.map { $0 * rows }) }
        let longest = step(1400)
        for rows in [1000, 1400, 1100, 1200, 1300, 1400, 1050] {
            #expect(step(rows).isSubset(of: longest), "\(rows) rows")
        }
        #expect(pool.peakBytes == shapes.reduce(0) { $0 + BufferPool.sizeClass($1 * 1400) })
    }

    /// Much larger buffers are not spent on small requests, and give way once they have not served for long.
    @Test func whatServesNobodyGoesFirst() {
        let pool = BufferPool()
        let (first, second) = (pool.buffer(byteCount: 1 << 20), pool.buffer(byteCount: 1 << 20))
        let large = Set([first, second].map { UInt(bitPattern: $0.bytes.baseAddress!) })
        _ = (consume first, consume second)
        #expect(addresses(pool, [1 << 18]).isDisjoint(with: large), "a quarter of theirs")
        #expect(addresses(pool, [1 << 19, 1 << 19]) == large, "half of theirs")
        // With 1.75 MiB more than half as much again as the most that was in use is kept no longer.
        let small = addresses(pool, [Int](repeating: 7 << 15, count: 8))
        #expect(addresses(pool, [Int](repeating: 7 << 15, count: 8)) == small)
        #expect(pool.peakBytes == 2 << 20)
    }

    /// Under a limit a request never takes more than its own class.
    @Test func underALimitNoMoreIsInUseThanWasAskedFor() {
        let pool = BufferPool(limit: 4 << 20)
        _ = addresses(pool, [5 << 18])
        _ = addresses(pool, [1 << 20])
        #expect(pool.peakBytes == 5 << 18)
        _ = pool.buffer(byteCount: 1 << 20)
        #expect(pool.peakBytes == 5 << 18)
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
