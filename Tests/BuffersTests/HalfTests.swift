import CNumerics
import Testing

/// Conversions against Swift's own `Float16` and against the definition of bfloat16, for every bit pattern.
@Suite struct HalfTests {
    @Test func everyFloat16WidensExactly() {
        let halves = (0...UInt16.max).map { $0 }
        var wide = [Float](repeating: 0, count: halves.count)
        ut_float32_from_float16(halves, &wide, halves.count)
        for (half, value) in zip(halves, wide) {
            let expected = Float(Float16(bitPattern: half))
            #expect(value == expected || (value.isNaN && expected.isNaN), "bits \(half)")
        }
    }

    @Test func float16RoundsToNearestEven() {
        // Every float16, its neighbours in float32 and the midpoints between float16s, of both signs.
        var values: [Float] = [1e-30, 65519.99, 65520, 1e30, .infinity, .nan, -0.0]
        for bits in stride(from: UInt16(0), to: 0x7c00, by: 3) {
            let a = Float(Float16(bitPattern: bits)), b = Float(Float16(bitPattern: bits + 1))
            let middle = b.isInfinite ? 65520 : (a + b) / 2
            values += [a, a.nextUp, middle, middle.nextDown, middle.nextUp]
        }
        values += values.map { -$0 }
        var halves = [UInt16](repeating: 0, count: values.count)
        let overflows = ut_float16_from_float32(values, &halves, values.count)
        for (value, half) in zip(values, halves) {
            let expected = Float16(value)
            #expect(half == expected.bitPattern || (expected.isNaN && Float16(bitPattern: half).isNaN), "\(value)")
        }
        #expect(overflows == values.count { $0.isFinite && Float16($0).isInfinite })
    }

    @Test func bfloat16RoundsToNearestEvenAndWidensExactly() {
        var values: [Float] = [3.4e38, -3.4e38, .infinity, .nan, 0, -0.0]
        for bits in stride(from: UInt32(0), to: 0x7f80, by: 7) {
            let a = Float(bitPattern: bits << 16)
            values += [a, a.nextUp, Float(bitPattern: bits << 16 | 0x8000), Float(bitPattern: bits << 16 | 0x7fff)]
        }
        var halves = [UInt16](repeating: 0, count: values.count)
        ut_bfloat16_from_float32(values, &halves, values.count)
        var wide = [Float](repeating: 0, count: values.count)
        ut_float32_from_bfloat16(halves, &wide, values.count)
        for (value, rounded) in zip(values, wide) {
            guard !value.isNaN else {
                #expect(rounded.isNaN)
                continue
            }
            let down = Float(bitPattern: value.bitPattern & 0xffff_0000)
            let up = Float(bitPattern: (value.bitPattern & 0xffff_0000) &+ 0x1_0000)
            let half = value.bitPattern & 0xffff
            let even = value.bitPattern & 0x1_0000 == 0
            let expected = half > 0x8000 || (half == 0x8000 && !even) ? up : down
            #expect(rounded == expected, "\(value)")
        }
    }
}
