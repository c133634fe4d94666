import Corpus
import Faults
import Foundation
import Testing

/// Headers that do not fit what follows.
@Suite struct HeaderTests {
    static let cuttable = SoundFormat.named(
        "WAV, 16-bit", "WAV, IMA ADPCM", "WAVE_FORMAT_EXTENSIBLE, float32", "RIFX, 16-bit", "RF64, 16-bit",
        "Wave64, 24-bit", "AIFF, 16-bit", "AIFF-C, float32", "AU, 16-bit", "FLAC, 16-bit", "Ogg Vorbis", "Ogg Opus",
        "MP3")

    /// A download that broke off is read as far as it goes, and said to be short.
    @Test(arguments: cuttable, [0.95, 0.7, 0.5])
    func aFileThatIsCutIsReadToItsEnd(format: SoundFormat, part: Double) throws {
        let folder = try TemporaryFolder()
        // An Ogg page holds a second and more.
        let isOgg = format.testDescription.hasPrefix("Ogg")
        let frames = isOgg ? 240_000 : 40_000
        let (bytes, samples) = try format.sound(in: folder, frames: frames)
        let whole = try AudioFile.decode(folder.write("whole", bytes))
        let path = try folder.write("part", Array(bytes.prefix(Int(part * Double(bytes.count)))))
        let waveform = try AudioFile.decode(path)
        let count = waveform.samples.count
        #expect(count < whole.samples.count)
        // A compressed file is not equally dense, and what its last block began is lost with it.
        #expect(Double(count) > Double(frames) * part - (format.isCompressed ? 10_000 : 200) || isOgg && count > 0)
        if case .lossy = format.encoding {
            #expect(zip(waveform.samples, whole.samples).dropLast(2_000).allSatisfy { abs($0 - $1) < 1e-4 })
        } else {
            #expect(waveform.samples == samples[..<count].map { Float($0) })
        }
        guard case .truncated(let seconds, let promised)? = waveform.lengthNote else {
            Issue.record("noted \(String(describing: waveform.lengthNote))")
            return
        }
        #expect(waveform.notes(normalised: true) == [waveform.lengthNote])
        #expect(seconds == Double(count) / 16_000)
        if isOgg {
            #expect(promised == nil, "the length stands at the end, which is gone")
        } else {
            #expect(
                abs(try #require(promised) - whole.durationSeconds) < 0.05,
                "\(promised ?? 0) \(whole.durationSeconds) \(seconds)")
        }
    }

    /// A header whose writer could not go back to fill in the length: how it looks, and that everything is read.
    @Test(
        arguments: [
            ("WAV, 16-bit", 4, [UInt8](repeating: 0xFF, count: 4), "data", 4, [UInt8](repeating: 0xFF, count: 4)),
            ("WAV, 16-bit", 4, [0, 0, 0, 0], "data", 4, [0, 0, 0, 0]),
            ("WAV, 16-bit", 4, [36, 0, 0, 0], "data", 4, [0, 0, 0, 0]),
            ("WAV, 16-bit", 4, [0x24, 0xF0, 0xFF, 0x7F], "data", 4, [0x00, 0xF0, 0xFF, 0x7F]),
            ("WAV, float32", 4, [0, 0, 0, 0], "data", 4, [0, 0, 0, 0]),
            ("RIFX, 16-bit", 4, [0, 0, 0, 0], "data", 4, [0, 0, 0, 0]),
            ("RF64, 16-bit", 4, [0xFF, 0xFF, 0xFF, 0xFF], "ds64", 8, [UInt8](repeating: 0, count: 24)),
            (
                "Wave64, 16-bit", 16, [UInt8](repeating: 0, count: 8), "data", 16, [UInt8](repeating: 0, count: 8)
            ),
            ("AIFF, 16-bit", 4, [0, 0, 0, 0], "SSND", 4, [0, 0, 0, 8]),
            ("AU, 16-bit", 8, [UInt8](repeating: 0xFF, count: 4), ".snd", 8, [UInt8](repeating: 0xFF, count: 4)),
            ("AU, 16-bit", 8, [0, 0, 0, 0], ".snd", 8, [0, 0, 0, 0]),
            ("FLAC, 16-bit", 22, [0, 0, 0, 0], "fLaC", 22, [0, 0, 0, 0]),
        ] as [(String, Int, [UInt8], String, Int, [UInt8])])
    func anOpenLengthIsReadToTheEnd(
        name: String, totalAt: Int, total: [UInt8], chunk: String, offset: Int, length: [UInt8]
    ) throws {
        let folder = try TemporaryFolder()
        let format = try #require(SoundFormat.named(name).first)
        var (bytes, samples) = try format.sound(in: folder, frames: 4_000)
        bytes.replaceSubrange(totalAt..<totalAt + total.count, with: total)
        let start = try #require(bytes.firstRange(of: Array(chunk.utf8))).lowerBound + offset
        bytes.replaceSubrange(start..<start + length.count, with: length)
        let waveform = try AudioFile.decode(folder.write("open", bytes))
        #expect(waveform.samples == samples.map { Float($0) })
        #expect(waveform.lengthNote == .lengthOpen(seconds: 0.25))
    }

    /// Zero means zero where the header knows how long the file is, whatever chunks follow.
    @Test(arguments: [0, 1])
    func aClosedFileWithoutSoundIsEmpty(chunks: Int) throws {
        let folder = try TemporaryFolder()
        var file = WaveFile()
        file.after = Array(repeating: WaveFile.chunk("LIST", WaveFile.softwareTag), count: chunks).flatMap { $0 }
        let path = try folder.write("a.wav", file.bytes)
        #expect(throws: AudioError.empty(path: path)) { try AudioFile.probe(path) }
        #expect(throws: AudioError.empty(path: path)) { try AudioFile.decode(path) }
    }

    /// A file cut before its first sample, or damaged there, is told from one that never held any.
    @Test(arguments: [
        ("WAV, 16-bit", 44, "its header promises a recording, but none of it can be read"),
        ("WAV, 16-bit", 45, "its header promises a recording, but none of it can be read"),
        ("WAV, 16-bit", 40, "begins as WAV but cannot be read (Error in WAV file"),
        ("WAV, 16-bit", 20, "begins as WAV but cannot be read ("),
        ("RF64, 16-bit", 60, "begins as RF64 but cannot be read ("),
        ("Wave64, 16-bit", 60, "begins as Wave64 but cannot be read ("),
        ("AIFF, 16-bit", 30, "begins as AIFF but cannot be read ("),
        ("AU, 16-bit", 24, "its header promises a recording, but none of it can be read"),
        ("FLAC, 16-bit", 20, "begins as FLAC but cannot be read ("),
        ("FLAC, 16-bit", 90, "its header promises a recording, but none of it can be read"),
        ("Ogg Vorbis", 100, "begins as Ogg but cannot be read ("),
        ("Ogg Opus", 60, "begins as Opus but cannot be read ("),
    ])
    func aFileCutBeforeItsFirstSampleIsRejected(name: String, length: Int, reason: String) throws {
        let folder = try TemporaryFolder()
        let format = try #require(SoundFormat.named(name).first)
        let (bytes, _) = try format.sound(in: folder, frames: 4_000)
        let path = try folder.write("a", Array(bytes.prefix(length)))
        let error = #expect(throws: AudioError.self) { try AudioFile.decode(path) }
        #expect(error.map { "\($0)" }?.hasPrefix("\(path): \(reason)") == true, "\(String(describing: error))")
        #expect(error.map { "\($0)" }?.hasSuffix("copy it again") == true)
        #expect(error?.kind == .badInput)
    }

    /// Chunks before, between and behind, an odd length, and what some programs leave at the end of a file.
    @Test(
        arguments: [
            ("chunks in front", WaveFile.chunk("LIST", WaveFile.softwareTag), []),
            ("an odd chunk", WaveFile.chunk("junk", [1, 2, 3]), []),
            ("chunks behind", [], WaveFile.chunk("LIST", WaveFile.softwareTag)),
            ("text behind", [], Array("who knows what this is\n".utf8)),
            ("a kilobyte of ones behind", [], [UInt8](repeating: 0xFF, count: 1_024)),
            (
                "a long header", (0..<400).flatMap { _ in WaveFile.chunk("junk", [1, 2, 3, 4]) },
                WaveFile.chunk("LIST", WaveFile.softwareTag)
            ),
        ] as [(String, [UInt8], [UInt8])])
    func whatElseIsInTheFileDoesNotMatter(_: String, before: [UInt8], after: [UInt8]) throws {
        let folder = try TemporaryFolder()
        var file = WaveFile(samples: (0..<2_000).map { Float($0 % 89) / 128 })
        let expected = try AudioFile.decode(folder.write("plain.wav", file.bytes))
        file.before = before
        file.after = after
        #expect(try AudioFile.decode(folder.write("odd.wav", file.bytes)) == expected)
        // Cut, it is found out all the same; libsndfile's log may have no room left for it.
        file.after = []
        let cut = try AudioFile.decode(folder.write("cut.wav", Array(file.bytes.dropLast(400))))
        #expect(cut.samples == Array(expected.samples.dropLast(200)))
        #expect(cut.lengthNote == .truncated(seconds: 1_800.0 / 16_000, promisedSeconds: 2_000.0 / 16_000))
    }

    /// Regression: libsndfile takes the length of an MP3 file without a Xing header from its first frame's bitrate, and
    /// at a variable one dropped what lay beyond.
    @Test func anMP3FileWithoutACountIsReadToItsEnd() throws {
        guard let format = SoundFormat.named("MP3").first else { return }
        let folder = try TemporaryFolder()
        let (bytes, _) = try format.sound(in: folder, frames: 80_000)
        let whole = try AudioFile.decode(folder.write("whole.mp3", bytes))
        // The frame after the one with the count begins with the same two bytes.
        let count = try #require((4..<4_000).first { bytes[$0] == bytes[0] && bytes[$0 + 1] == bytes[1] })
        let path = try folder.write("stream.mp3", Array(bytes[count...]))
        let waveform = try AudioFile.decode(path)
        #expect(try AudioFile.probe(path).frames == nil)
        #expect(waveform.notes(normalised: true) == [])
        // The count also says what of the first and last frames is padding.
        #expect(0..<3_456 ~= waveform.samples.count - 80_000)
        let delay = (0..<3_456).min { a, b in
            distance(whole.samples, waveform.samples, a) < distance(whole.samples, waveform.samples, b)
        }
        #expect(distance(whole.samples, waveform.samples, try #require(delay)) < 1)
    }

    /// Whatever bytes a header has, reading it ends, with a waveform or a reason.
    @Test(arguments: SoundFormat.named("WAV, 16-bit", "RF64, 16-bit", "Wave64, 16-bit", "AIFF, 16-bit", "AU, 16-bit"))
    func damagedHeadersNeverCrash(format: SoundFormat) throws {
        let folder = try TemporaryFolder()
        let (bytes, _) = try format.sound(in: folder, frames: 500)
        var state: UInt64 = 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<100 {
            var damaged = bytes
            for _ in 0...random(3) { damaged[random(140)] = [0, 0x7F, 0x80, 0xFF, UInt8(random(256))][random(5)] }
            let path = try folder.write("a", Array(damaged.prefix(bytes.count - random(2) * random(bytes.count))))
            do throws(AudioError) {
                let waveform = try AudioFile.decode(path)
                #expect(waveform.samples.allSatisfy { $0.isFinite })
            } catch {
                #expect(error.kind == .badInput)
            }
        }
    }
}

extension SoundFormat {
    fileprivate var isCompressed: Bool {
        ["FLAC", "Ogg", "MP3", "WAV, IMA"].contains { testDescription.hasPrefix($0) }
    }
}

/// Of a stretch in the middle, the second signal delayed.
private func distance(_ a: [Float], _ b: [Float], _ delay: Int) -> Float {
    (30_000..<30_500).reduce(Float(0)) { $0 + abs(a[$1] - b[$1 + delay]) }
}
