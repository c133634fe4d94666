import Corpus
import Foundation
import Testing

@Suite struct FormatTests {
    /// At the encoder's own rate, what was written comes back: to the bit, or as near as a lossy codec brings it.
    @Test(arguments: SoundFormat.all, [1, 2])
    func whatWasWrittenComesBack(format: SoundFormat, channels: Int) throws {
        let folder = try TemporaryFolder()
        let (bytes, samples) = try format.sound(in: folder, frames: 8_000, channels: channels)
        let waveform = try AudioFile.decode(folder.write("a", bytes))
        #expect(waveform.sourceChannels == channels && waveform.sourceSampleRateHz == 16_000)
        #expect(waveform.notes(normalised: false) == [])
        let expected = (0..<8_000).map { frame in
            samples[frame * channels..<(frame + 1) * channels].reduce(Float(0)) { $0 + Float($1) } / Float(channels)
        }
        guard case .lossy(let leastDecibels) = format.encoding else {
            #expect(waveform.samples == expected)
            return
        }
        // An ADPCM block may be filled up.
        #expect(0..<1_024 ~= waveform.samples.count - 8_000)
        let decibels = signalToNoise(waveform.samples, expected)
        #expect(decibels >= leastDecibels, "\(decibels) dB")
    }

    /// A sine through decoding, averaging and resampling is the same sine sampled at the new rate: frequency,
    /// amplitude and phase, so the filter's delay is gone as well. The edges ring and are left out.
    @Test(
        arguments: [
            8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 37_800, 44_100, 48_000, 64_000, 88_200, 96_000,
            176_400, 192_000,
        ], [1, 2, 8])
    func aSineIsThatSineAtEveryRate(rate: Int, channels: Int) throws {
        let folder = try TemporaryFolder()
        let count = rate / 8
        // The channels differ by constants that cancel in their mean.
        let samples = (0..<count * channels).map { index in
            let offset = channels == 1 ? 0 : (index % channels % 2 == 0 ? 0.25 : -0.25)
            return Float(0.5 * sin(2 * .pi * 440 * Double(index / channels) / Double(rate)) + offset)
        }
        let file = WaveFile(encoding: .float32, sampleRateHz: rate, channels: channels, samples: samples)
        let waveform = try AudioFile.decode(folder.write("sine.wav", file.bytes))
        #expect(waveform.sampleRateHz == 16_000 && waveform.sourceSampleRateHz == rate)
        #expect(waveform.sourceChannels == channels)
        #expect(abs(Double(waveform.samples.count) - Double(count) * 16_000 / Double(rate)) <= 0.5)
        #expect(waveform.notes(normalised: false).isEmpty)
        let worst = (700..<1_300).map { index in
            abs(Double(waveform.samples[index]) - 0.5 * sin(2 * .pi * 440 * Double(index) / 16_000))
        }
        #expect(try #require(worst.max()) < 1e-3)
    }

    /// The mean of the channels, as torchaudio's and librosa's users take it.
    @Test func channelsAreAveraged() throws {
        let folder = try TemporaryFolder()
        let file = WaveFile(encoding: .float32, channels: 4, samples: [1, 0.5, 0.25, 0.125, -1, 1, -1, 0])
        #expect(try AudioFile.decode(folder.write("a.wav", file.bytes)).samples == [0.46875, -0.25])
    }

    /// However the signal is cut into blocks, the resampled bits are those of the whole.
    @Test(arguments: [8_000, 22_050, 44_100, 48_000, 192_000])
    func resamplingDoesNotDependOnTheBlocks(rate: Int) throws {
        var random = SystemRandomNumberGenerator()
        let samples = (0..<rate / 2 + 777).map { _ in Float.random(in: -1...1, using: &random) }
        func resampled(_ blockLength: Int) throws -> [UInt32] {
            var resampler = try Resampler(from: rate, to: 16_000)
            var output: [Float] = []
            var start = 0
            while start < samples.count {
                let end = min(samples.count, start + blockLength)
                try resampler.append(Array(samples[start..<end]), to: &output)
                start = end
            }
            try resampler.finish(&output)
            return output.map(\.bitPattern)
        }
        let whole = try resampled(samples.count)
        #expect(abs(Double(whole.count) - Double(samples.count) * 16_000 / Double(rate)) <= 0.5)
        for blockLength in [33, 4_096, 65_536] { #expect(try resampled(blockLength) == whole) }
    }

    /// Against another resampler, on a sound that both filters leave alone.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"] != nil,
            "set UNDERTONE_PYTHON to a Python that has SciPy"),
        arguments: [8_000, 24_000, 44_100, 48_000])
    func agreesWithSciPy(rate: Int) throws {
        let folder = try TemporaryFolder()
        let format = try #require(SoundFormat.named("WAV, float32").first)
        let (bytes, _) = try format.sound(in: folder, frames: rate, sampleRateHz: rate)
        let path = try folder.write("a.wav", bytes)
        let program = """
            import sys, scipy.io.wavfile, scipy.signal
            rate, x = scipy.io.wavfile.read(sys.argv[1])
            y = scipy.signal.resample_poly(x.astype('float64'), 16000, rate, window=('kaiser', 10.0))
            y.astype('<f4').tofile(sys.argv[2])
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"]!, "-c", program, path, "\(folder.path)/y"]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let theirs = try Data(contentsOf: URL(filePath: "\(folder.path)/y")).withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
        let ours = try AudioFile.decode(path).samples
        #expect(ours.count == theirs.count)
        let decibels = signalToNoise(Array(ours[1_000..<15_000]), Array(theirs[1_000..<15_000]))
        #expect(decibels > 50, "\(decibels) dB")
    }
}

/// In decibels, over the length of the expected samples.
private func signalToNoise(_ found: [Float], _ expected: [Float]) -> Double {
    guard found.count >= expected.count else { return -.infinity }
    let signal = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
    let noise = zip(found, expected).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return 10 * log10(signal / noise)
}
