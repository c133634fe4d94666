import Corpus
import Foundation
import Testing

/// What is said of recordings that are decoded as they should be, and sound as they should not.
@Suite struct SignalTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func decode(
        _ samples: [Float], channels: Int = 1, encoding: WaveFile.Encoding = .float32
    ) throws -> Waveform {
        let file = WaveFile(encoding: encoding, channels: channels, samples: samples)
        return try AudioFile.decode(folder.write("\(UUID().uuidString).wav", file.bytes))
    }

    private func sine(_ amplitude: Float, frequencyHz: Double = 210, count: Int = 16_000) -> [Float] {
        (0..<count).map { amplitude * Float(sin(2 * .pi * frequencyHz * (Double($0) + 0.3) / 16_000)) }
    }

    @Test(arguments: [WaveFile.Encoding.int16, .float32])
    func loudAndSoftRecordingsAreOrdinary(encoding: WaveFile.Encoding) throws {
        for amplitude: Float in [0.9999, 0.5, 0.05, 0.002] {
            #expect(try decode(sine(amplitude), encoding: encoding).notes(normalised: false) == [], "\(amplitude)")
        }
    }

    @Test func silenceIsNoted() throws {
        for constant: Float in [0, 0.25] {
            let waveform = try decode([Float](repeating: constant, count: 4_000))
            #expect(waveform.notes(normalised: true) == [.silent(decibels: -.infinity)])
            #expect(waveform.notes(normalised: false) == [.silent(decibels: -.infinity)])
            #expect(Waveform.normalised(waveform.samples).allSatisfy { $0 == 0 })
        }
        // The last bit of 16 flickers.
        let noise = (0..<4_000).map { Float([0, 1, -1][$0 * 7_919 % 3]) / 32_768 }
        guard case .silent(let decibels)? = try decode(noise, encoding: .int16).notes(normalised: true).first else {
            Issue.record("nothing is said of noise")
            return
        }
        #expect(abs(decibels + 92) < 1)
        #expect("\(RecordingNote.silent(decibels: decibels))" == "next to silent, -92 dB of full scale; used as it is")
    }

    /// The same flat tops, at full scale, made softer later, on one side, in one of two channels.
    @Test(arguments: [(Float(1), 1), (0.4, 1), (0.4, 2)])
    func clippingIsNoted(gain: Float, channels: Int) throws {
        let clipped = sine(1.3).map { gain * min(1, max(-1, $0)) }
        let samples = channels == 1 ? clipped : zip(clipped, sine(0.3 * gain)).flatMap { [$0, $1] }
        let waveform = try decode(samples, channels: channels)
        let flat = clipped.count { abs($0) == gain }
        let share = waveform.statistics.flatTopShare
        #expect(abs(share - Double(flat) / 16_000) < 2e-3 && share > 0.3)
        #expect(waveform.notes(normalised: true) == [.clipped(share: share)])
    }

    @Test func clippingOnOneSideIsNotedAndRareClippingIsNot() throws {
        let oneSided = try decode(sine(1).map { min(0.6, $0) })
        #expect(oneSided.notes(normalised: true).map(\.kind) == [.clipped])
        var rare = sine(0.5)
        for index in 4_000..<4_150 { rare[index] = 1 }
        let waveform = try decode(rare)
        #expect(waveform.statistics.flatTopShare == 150.0 / 16_000)
        #expect(waveform.notes(normalised: true) == [])
    }

    /// A value that is equalled but not held is no flat top, and one that is overtaken counts no more.
    @Test func flatTopsAreCountedAtTheHighestValue() throws {
        #expect(try decode([0, 0.5, 0, 0.5, 0.5, 0, 0.5, 0]).statistics.flatTopShare == 0)
        #expect(try decode([0, 0.5, 0.5, 0.5, 0, 0.6, 0, -0.1]).statistics.flatTopShare == 0)
        #expect(try decode([0, 0.5, 0.5, 0.5, 0.5, 0, 0, 0]).statistics.flatTopShare == 0.5)
        // Runs go on from one block of decoding to the next.
        let long = [Float](repeating: 0.5, count: 70_000) + [0, -0.2]
        #expect(try decode(long).statistics.flatTopShare == 70_000.0 / 70_002)
    }

    /// An offset is gone once the waveform is normalised, to rounding; without that, a large one is noted.
    @Test func anOffsetMattersOnlyWhereNothingIsNormalised() throws {
        let plain = try decode(sine(0.2))
        let shifted = try decode(sine(0.2).map { $0 + 0.3 })
        #expect(shifted.notes(normalised: true) == [])
        let difference = zip(Waveform.normalised(plain.samples), Waveform.normalised(shifted.samples)).map {
            abs($0 - $1)
        }
        #expect(try #require(difference.max()) < 1e-5)
        let notes = shifted.notes(normalised: false)
        #expect(notes.map(\.kind) == [.offset])
        #expect("\(notes[0])".hasPrefix("offset, its mean is 0.3 and its deviation 0.141, and this model does not"))
        #expect(try decode(sine(0.2).map { $0 + 0.1 }).notes(normalised: false) == [])
    }

    /// Floats that hold integers, and overshoot.
    @Test func samplesBeyondFullScaleStayAsTheyAre() throws {
        let integers = try decode(sine(20_000))
        #expect(integers.samples.max()! > 19_000, "nothing is clipped")
        #expect(integers.notes(normalised: true) == [])
        #expect(integers.notes(normalised: false) == [.outOfRange(peak: integers.statistics.peak)])
        let difference = zip(Waveform.normalised(integers.samples), Waveform.normalised(try decode(sine(0.5)).samples))
            .map { abs($0 - $1) }
        #expect(try #require(difference.max()) < 1e-5)
        #expect(try decode(sine(1.6)).notes(normalised: false) == [], "a decoder's overshoot")
    }

    @Test func channelsThatCancelAreNoted() throws {
        let one = sine(0.5)
        let other = sine(0.5, frequencyHz: 997)
        func notes(_ pair: (Float, Float) -> [Float]) throws -> [RecordingNote] {
            let samples = zip(one, other).flatMap { pair($0, $1) }
            return try decode(samples, channels: pair(0, 0).count).notes(normalised: true)
        }
        #expect(try notes { a, _ in [a, -a] } == [.cancelling(channels: 2, decibels: .infinity)])
        #expect(try notes { a, b in [a + 0.05 * b, -a] }.map(\.kind) == [.cancelling])
        #expect(try notes { a, b in [a, b] } == [], "channels that have nothing to do with each other")
        #expect(try notes { a, _ in [a, 0] } == [], "one channel silent")
        #expect(try notes { a, b in [a, b, 0, 0, 0, 0, 0, 0] } == [])
        #expect(try notes { _, _ in [0, 0] } == [.silent(decibels: -.infinity)])
    }

    /// In every channel, with the first and the number of them, wherever in the file.
    @Test func numbersThatAreNoneAreCounted() throws {
        var samples = sine(0.5, count: 200_000)
        samples[140_000] = .nan
        samples[140_001] = .infinity
        samples[199_999] = -4e12
        let path = try folder.write("bad.wav", WaveFile(encoding: .float32, channels: 2, samples: samples).bytes)
        #expect(throws: AudioError.notFinite(path: path, count: 2, firstSample: 70_000, seconds: 4.375)) {
            try AudioFile.decode(path)
        }
    }
}
