import CNumerics
import Testing

/// 8-bit rows against their definition, computed here value by value.
@Suite struct QuantiseTests {
    /// Rows whose magnitudes range over the whole of float32, one of them full of ties, one of zeros.
    private func rows(_ count: Int, width: Int) -> [Float] {
        (0..<count).flatMap { row -> [Float] in
            if row == 3 { return [Float](repeating: 0, count: width) }
            if row == 5 { return (0..<width).map { $0 == 0 ? 127 : Float($0 % 250) / 2 - 62 } }
            let size = Float(sign: .plus, exponent: (row * 29) % 240 - 119, significand: 1)
            return (0..<width).map { Float((($0 + row) * 7919) % 20011 - 10005) / 10005 * size }
        }
    }

    @Test(arguments: [1, 7, 64, 100, 768])
    func rowsAreRoundedToTheNearestMultipleOfTheirScale(width: Int) {
        let (count, x) = (20, rows(20, width: width))
        var integers = [Int8](repeating: 99, count: x.count)
        var scales = [Float](repeating: 9, count: count)
        ut_int8_from_float32(x, &integers, &scales, count, width)
        var back = [Float](repeating: 9, count: x.count)
        ut_float32_from_int8(integers, scales, &back, count, width)
        for row in 0..<count {
            let members = row * width..<(row + 1) * width
            let largest = x[members].map(abs).max()!
            #expect(scales[row] == largest / 127, "row \(row)")
            for place in members {
                let scale = scales[row]
                let expected = scale == 0 ? 0 : (x[place] / scale).rounded(.toNearestOrEven)
                #expect(Float(integers[place]) == expected, "\(x[place]) of row \(row)")
                #expect(back[place] == expected * scale)
                #expect(abs(back[place] - x[place]) <= scale * 0.50001)
            }
        }
    }

    @Test func scalesNeedNoAlignment() {
        let (count, width, x) = (9, 11, rows(9, width: 11))
        var aligned = [Int8](repeating: 0, count: x.count)
        var scales = [Float](repeating: 0, count: count)
        ut_int8_from_float32(x, &aligned, &scales, count, width)
        // Rows and their scales end to end, as a reader has them.
        var block = [Int8](repeating: 0, count: x.count + 4 * count)
        var back = [Float](repeating: 0, count: x.count)
        block.withUnsafeMutableBufferPointer { block in
            let (integers, scales) = (block.baseAddress!, block.baseAddress! + x.count)
            ut_int8_from_float32(x, integers, scales, count, width)
            ut_float32_from_int8(integers, scales, &back, count, width)
        }
        #expect(Array(block[..<x.count]) == aligned)
        #expect(back == zip(aligned.indices, aligned).map { scales[$0 / width] * Float($1) })
    }

    @Test(
        arguments: [
            ([Float.greatestFiniteMagnitude, -.greatestFiniteMagnitude], [127, -127], true),
            ([127 * .leastNormalMagnitude, 0], [127, 0], true),
            // Below it, a scale has too few bits: the row is one of zeros.
            ([126 * .leastNormalMagnitude, .leastNonzeroMagnitude], [0, 0], false), ([0, -0.0], [0, 0], false),
        ] as [([Float], [Int8], Bool)])
    func endsOfTheRange(row: [Float], expected: [Int8], hasScale: Bool) {
        var integers: [Int8] = [9, 9]
        var scale: Float = 9
        ut_int8_from_float32(row, &integers, &scale, 1, 2)
        #expect(integers == expected && (scale > 0) == hasScale)
        var back: [Float] = [.nan, .nan]
        ut_float32_from_int8(integers, &scale, &back, 1, 2)
        #expect(back.allSatisfy { $0.isFinite })
    }

    @Test func largestMagnitudeSeesEveryValue() {
        for count in [0, 1, 15, 16, 17, 200] {
            var x = (0..<count).map { Float($0 % 13) - 6 }
            #expect(ut_largest_magnitude(x, count) == x.map(abs).max() ?? 0)
            for place in x.indices {
                let before = x[place]
                for value in [Float.infinity, -.infinity, .nan, -1e30] {
                    x[place] = value
                    let found = ut_largest_magnitude(x, count)
                    #expect(found.isNaN == value.isNaN && (value.isNaN || found == abs(value)))
                }
                x[place] = before
            }
        }
    }
}
