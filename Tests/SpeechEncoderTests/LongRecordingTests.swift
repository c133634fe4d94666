import Kernels
import SpeechEncoder
import Testing

/// One hour in one file.
@Suite struct LongRecordingTests {
    private func encoder(_ engine: any Engine, _ model: String, cut: Cut) throws -> LowerEncoder {
        let source = try ModelSpecification(model).open()
        return try LowerEncoder(
            try EncoderConfiguration(source.configuration), weights: source, cuts: [cut], precision: .float32,
            engine: engine)
    }

    /// Counted, not computed. Beside the matrices: the recording as it is decoded and as it is heard, and the rows.
    @Test func memoryIsLinearAndAnHourTakesLessThanEightGigabytes() throws {
        let counting = CountingEngine(threads: 2)
        let encoder = try encoder(counting, "random:wav2vec2-base", cut: .layer(9))
        func bytes(seconds: Int) -> Int {
            let waveform = [Float](repeating: 0, count: seconds * 16_000)
            let matrices = counting.bytes { _ = encoder.hiddenStates(of: waveform) }
            return matrices + 4 * (2 * waveform.count + waveform.count / 320 * 768)
        }
        let (half, hour) = (bytes(seconds: 1800), bytes(seconds: 3600))
        #expect(hour + counting.usedBytes < 8_000_000_000, "\(hour) bytes beside \(counting.usedBytes) of weights")
        #expect(Double(hour) <= 2.1 * Double(half), "\(half) bytes for half an hour, \(hour) for an hour")
        #expect(hour > half, "something was counted")
    }

    /// Asked before each piece of the CNN, before the embedding and before each layer.
    @Test func everyStepCanBeTheLast() throws {
        struct Stop: Error {}
        let encoder = try encoder(CountingEngine(threads: 1), "random:wav2vec2-tiny", cut: .layer(3))
        let waveform = [Float](repeating: 0, count: 300 * 320 + 80)
        let steps = 3 + 1 + 3
        for limit in 0...steps {
            var asked = 0
            func check() throws(Stop) {
                asked += 1
                if asked > limit { throw Stop() }
            }
            if limit < steps {
                #expect(throws: Stop.self) { try encoder.hiddenStates(of: waveform, check: check) }
                #expect(asked == limit + 1, "nothing follows")
            } else {
                #expect(try encoder.hiddenStates(of: waveform, check: check).keys.map { "\($0)" } == ["3"])
                #expect(asked == steps)
            }
        }
    }
}
