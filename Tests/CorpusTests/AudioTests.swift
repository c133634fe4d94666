import Corpus
import Crypto
import Faults
import Foundation
import Testing

@Suite struct AudioTests {
    static func sine(_ frequencyHz: Double, _ amplitude: Double, rate: Int, count: Int) -> [Float] {
        (0..<count).map { Float(amplitude * sin(2 * .pi * frequencyHz * Double($0) / Double(rate))) }
    }

    @Test func whatLiesAboveTheNewRateIsFilteredOut() throws {
        let folder = try TemporaryFolder()
        let file = WaveFile(
            encoding: .float32, sampleRateHz: 48_000, samples: Self.sine(10_000, 0.5, rate: 48_000, count: 48_000))
        let waveform = try AudioFile.decode(folder.write("high.wav", file.bytes))
        #expect(waveform.samples[800..<15_200].allSatisfy { abs($0) < 1e-4 })
    }

    @Test func equalRateIsUntouched() throws {
        let folder = try TemporaryFolder()
        let samples: [Float] = [0, 0.5, -0.5, 1.5, -1, 3e-7]
        let file = WaveFile(encoding: .float32, samples: samples)
        #expect(try AudioFile.decode(folder.write("a.wav", file.bytes)).samples == samples)
        let integers = WaveFile(encoding: .int16, samples: [0, 0.5, -0.5, -1])
        #expect(try AudioFile.decode(folder.write("b.wav", integers.bytes)).samples == [0, 0.5, -0.5, -1])
    }

    @Test func decodingTwiceGivesTheSameBits() throws {
        let folder = try TemporaryFolder()
        let samples = (0..<100_000).map { Float(($0 &* 7919) % 2001 - 1000) / 1000 }
        let file = WaveFile(encoding: .float32, sampleRateHz: 44_100, samples: samples)
        let path = try folder.write("noise.wav", file.bytes)
        let first = try AudioFile.decode(path)
        let second = try AudioFile.decode(path)
        #expect(first.samples.map(\.bitPattern) == second.samples.map(\.bitPattern))
        #expect(first == second)
    }

    @Test func hashIsOverRateAndMonoSamplesBeforeResampling() throws {
        let folder = try TemporaryFolder()
        let samples = Self.sine(300, 0.5, rate: 24_000, count: 2_400)
        var content = withUnsafeBytes(of: UInt32(24_000).littleEndian) { Array($0) }
        for sample in samples { withUnsafeBytes(of: sample.bitPattern.littleEndian) { content += $0 } }
        let expected = SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
        let mono = WaveFile(encoding: .float32, sampleRateHz: 24_000, samples: samples)
        let stereo = WaveFile(
            encoding: .float32, sampleRateHz: 24_000, channels: 2, samples: samples.flatMap { [$0, $0] })
        let other = WaveFile(encoding: .float32, sampleRateHz: 22_050, samples: samples)
        #expect(try AudioFile.decode(folder.write("mono.wav", mono.bytes)).sha256 == expected)
        #expect(try AudioFile.decode(folder.write("stereo.wav", stereo.bytes)).sha256 == expected)
        #expect(try AudioFile.decode(folder.write("other.wav", other.bytes)).sha256 != expected)
    }

    @Test func probeReadsTheHeader() throws {
        let folder = try TemporaryFolder()
        let file = WaveFile(sampleRateHz: 8_000, channels: 2, samples: [Float](repeating: 0, count: 8_000))
        let info = try AudioFile.probe(folder.write("a.wav", file.bytes))
        #expect(info.frames == 4_000 && info.sampleRateHz == 8_000 && info.channels == 2)
        #expect(info.formatName == "WAV (Microsoft)")
        #expect(info.durationSeconds == 0.5)
    }

    /// libsndfile keeps a failed open's reason in one global: workers must not tell each other's.
    @Test func concurrentFailuresKeepTheirReasons() async throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("text.wav", "this is no recording at all, whatever its name")
        var broken = WaveFile(samples: [0, 0]).bytes
        broken.replaceSubrange(12..<16, with: Array("fnt ".utf8))
        let wave = try folder.write("broken.wav", broken)
        func reason(_ path: String) -> String? {
            do throws(AudioError) { _ = try AudioFile.probe(path) } catch { return "\(error)" }
            return nil
        }
        let expected = [text: try #require(reason(text)), wave: try #require(reason(wave))]
        #expect(Set(expected.values).count == 2)
        await withTaskGroup(of: (String, String?).self) { group in
            for index in 0..<400 {
                let path = index.isMultiple(of: 2) ? text : wave
                group.addTask { (path, reason(path)) }
            }
            for await (path, found) in group { #expect(found == expected[path]) }
        }
    }

    @Test func namesWhatIsWrong() throws {
        let folder = try TemporaryFolder()
        func failure(_ name: String, _ bytes: [UInt8], minimumSamples: Int = 400) throws -> AudioError? {
            let path = try folder.write(name, bytes)
            return #expect(throws: AudioError.self) { try AudioFile.decode(path, minimumSamples: minimumSamples) }
        }
        func check(_ error: AudioError?, _ expected: String, _ kind: FaultKind = .badInput) {
            #expect(error.map { message($0, in: folder) } == expected)
            #expect(error?.kind == kind)
        }
        let missing = #expect(throws: AudioError.self) { try AudioFile.decode("\(folder.path)/none.wav") }
        check(missing, "none.wav: no such file; expected an audio file", .missingInput)
        check(
            try failure("text.wav", Array("this is no recording, whatever it is called".utf8)),
            "text.wav: cannot be read as audio (Format not recognised); expected WAV, FLAC or another libsndfile format"
        )
        check(try failure("nothing.wav", []), "nothing.wav: holds no samples; expected a recording")
        let directory = #expect(throws: AudioError.self) { try AudioFile.probe(folder.path) }
        #expect(directory == .unreadable(path: folder.path, reason: "it is a folder"))
        check(try failure("empty.wav", WaveFile().bytes), "empty.wav: holds no samples; expected a recording")
        check(
            try failure("short.wav", WaveFile(samples: [Float](repeating: 0, count: 399)).bytes),
            "short.wav: 399 samples at 16000 Hz; expected at least 400, one frame of the encoder")
        // 500 samples at 24 kHz are enough there and too few at 16 kHz.
        check(
            try failure("s24.wav", WaveFile(sampleRateHz: 24_000, samples: [Float](repeating: 0, count: 500)).bytes),
            "s24.wav: 333 samples at 16000 Hz; expected at least 400, one frame of the encoder")
        var samples = [Float](repeating: 0, count: 32_000)
        samples[20_000] = .nan
        check(
            try failure("nan.wav", WaveFile(encoding: .float32, samples: samples).bytes),
            "nan.wav: 1 sample is NaN, infinite or beyond 1e12, the first at 1.25 s (sample 20000); re-export the recording"
        )
        check(
            try failure("slow.wav", WaveFile(sampleRateHz: 1, samples: samples.map { _ in 0 }).bytes),
            "slow.wav: sample rate 1 Hz; expected 1000 to 768000 Hz")
    }

    @Test func exactlyEnoughIsEnough() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.wav", WaveFile(samples: [Float](repeating: 0, count: 400)).bytes)
        #expect(try AudioFile.decode(path, minimumSamples: 400).samples.count == 400)
    }

    @Test func resamplerNamesItsVersion() {
        #expect(AudioFile.resamplerDescription.wholeMatch(of: /libsoxr HQ \d+\.\d+\.\d+/) != nil)
    }
}

@Suite struct NormalisationTests {
    /// From transformers' Wav2Vec2FeatureExtractor(do_normalize=True), in float32.
    @Test(
        arguments: [
            (
                [0.1, -0.2, 0.3, 0.05, -0.4, 0.25, 0.0, 0.6],
                [0.04339626, -0.9981145, 0.7377368, -0.1301889, -1.692455, 0.5641516, -0.303774, 1.779248]
            ),
            ([0.5, 0.5, 0.5], [0, 0, 0]),
            ([1e-4, -1e-4, 2e-4, 0], [0.1490712, -0.4472136, 0.4472136, -0.1490712]),
        ] as [([Float], [Float])])
    func agreesWithTransformers(samples: [Float], expected: [Float]) {
        let normalised = Waveform.normalised(samples)
        #expect(normalised.count == expected.count)
        for (a, b) in zip(normalised, expected) { #expect(abs(a - b) <= 2e-6 * max(1, abs(b))) }
    }

    @Test func nothingStaysNothing() { #expect(Waveform.normalised([]) == []) }
}

@Suite struct RealSpeechTests {
    static let folder =
        ProcessInfo.processInfo.environment["UNDERTONE_NEMO"]
        ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/corpora/nemo-sample").path(percentEncoded: false)

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: "\(folder)/manifest.csv"),
            "set UNDERTONE_NEMO to the folder of the nemo-sample corpus"))
    func everyRecordingDecodes() throws {
        let manifest = try CorpusManifest.load("\(Self.folder)/manifest.csv", labels: ["activation", "valence"])
        #expect(manifest.utterances.count == 212)
        var hashes: Set<String> = []
        for utterance in manifest.utterances {
            let info = try AudioFile.probe(utterance.audioPath)
            let waveform = try AudioFile.decode(utterance.audioPath, minimumSamples: 400)
            #expect(info.sampleRateHz == 24_000 && waveform.sourceSampleRateHz == 24_000)
            let expected = try #require(info.durationSeconds) * 16_000
            #expect(abs(Double(waveform.samples.count) - expected) <= 1)
            #expect(waveform.notes(normalised: false) == [], "\(utterance.path)")
            hashes.insert(waveform.sha256)
        }
        #expect(hashes.count == 212)
    }
}
