import CSndFile
import Corpus
import Faults
import Foundation
import Testing

@Suite struct SegmentTests {
    /// Five seconds in every format: within, from the very beginning, over the place where seeking began, to the end.
    static let bounds: [(Double, Double?)] = [
        (0.5, 1.2), (0, 0.75), (2.90003, 3.1), (3.75, nil), (4.999, 5), (0, nil),
    ]

    /// At the encoder's own rate, to the bit, in every format but MP3.
    @Test(arguments: SoundFormat.all)
    func aSegmentIsASliceOfTheWhole(format: SoundFormat) throws {
        let folder = try TemporaryFolder()
        let (bytes, _) = try format.sound(in: folder, frames: 80_000)
        let path = try folder.write("a", bytes)
        let whole = try AudioFile.decode(path).samples
        for (start, end) in Self.bounds {
            let segment = try #require(Segment(startSeconds: start, endSeconds: end))
            let first = Int((start * 16_000).rounded())
            let last = end.map { min(Int(($0 * 16_000).rounded()), whole.count) } ?? whole.count
            let part = try AudioFile.decode(path, segment: segment)
            let expected = Array(whole[first..<last])
            try #require(part.samples.count == expected.count)
            #expect(part.lengthNote == nil)
            let worst = zip(part.samples, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst <= format.seekingError, "\(segment): \(worst)")
        }
    }

    /// Whatever the rate: cut first, then averaged, hashed, resampled.
    @Test(arguments: [8_000, 16_000, 22_050, 44_100, 48_000], [1, 2])
    func aSegmentIsWhatAFileCutBeforehandIs(rate: Int, channels: Int) throws {
        let folder = try TemporaryFolder()
        let samples = (0..<2 * rate * channels).map { Float(($0 &* 7919) % 2001 - 1000) / 1100 }
        let file = WaveFile(encoding: .float32, sampleRateHz: rate, channels: channels, samples: samples)
        let path = try folder.write("whole.wav", file.bytes)
        let (first, last) = (Int((0.3137 * Double(rate)).rounded()), Int((1.7003 * Double(rate)).rounded()))
        var cut = file
        cut.samples = Array(samples[first * channels..<last * channels])
        let segment = try #require(Segment(startSeconds: 0.3137, endSeconds: 1.7003))
        #expect(
            try AudioFile.decode(path, segment: segment) == AudioFile.decode(folder.write("cut.wav", cut.bytes)))
        let info = try AudioFile.probe(path, segment: segment)
        #expect(info.frames == last - first && info.sampleRateHz == rate)
    }

    /// What is before a segment is not decoded: behind damage that ends the decoding of the whole file, it is sound.
    @Test func whatIsBeforeIsNotDecoded() throws {
        let format = try #require(SoundFormat.named("FLAC, 16-bit").first)
        let folder = try TemporaryFolder()
        var (bytes, _) = try format.sound(in: folder, frames: 320_000)
        let segment = try #require(Segment(startSeconds: 15, endSeconds: 16))
        let expected = try AudioFile.decode(folder.write("sound.flac", bytes), segment: segment)
        let damage = bytes.count / 4
        for index in damage..<damage + 2_000 { bytes[index] = 0 }
        let path = try folder.write("damaged.flac", bytes)
        try #require(try AudioFile.decode(path).samples.count < 160_000)
        #expect(try AudioFile.decode(path, segment: segment) == expected)
    }

    /// A stream whose length is a guess cannot be sought in: it is read from its beginning.
    @Test func aStreamWithoutACountIsReadUpToTheSegment() throws {
        guard let format = SoundFormat.named("MP3").first else { return }
        let folder = try TemporaryFolder()
        let (bytes, _) = try format.sound(in: folder, frames: 80_000)
        let count = try #require((4..<4_000).first { bytes[$0] == bytes[0] && bytes[$0 + 1] == bytes[1] })
        let path = try folder.write("stream.mp3", Array(bytes[count...]))
        let whole = try AudioFile.decode(path).samples
        let segment = try #require(Segment(startSeconds: 3, endSeconds: 4))
        #expect(try AudioFile.decode(path, segment: segment).samples == Array(whole[48_000..<64_000]))
    }

    @Test func beyondTheEndIsSaid() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.wav", WaveFile(samples: [Float](repeating: 0.1, count: 32_000)).bytes)
        let advice = "; correct the manifest's start and end, or leave end empty for the file's end"
        for (start, end, words) in [
            (1, 2.5, "1 s to 2.5 s"), (2, 3, "2 s to 3 s"), (2, nil, "2 s to the end"), (100, nil, "100 s to the end"),
            (1e8, nil, "100000000 s to the end"),
        ] as [(Double, Double?, String)] {
            let segment = try #require(Segment(startSeconds: start, endSeconds: end))
            let expected = "a.wav: the segment from \(words) goes beyond the 2 s that can be read of the file" + advice
            let probed = #expect(throws: AudioError.self) { try AudioFile.probe(path, segment: segment) }
            let decoded = #expect(throws: AudioError.self) { try AudioFile.decode(path, segment: segment) }
            #expect(probed.map { message($0, in: folder) } == expected && probed?.kind == .badInput)
            #expect(decoded == probed)
        }
        // Rounded to hundredths: taken for the file's end.
        let rounded = try #require(Segment(startSeconds: 1, endSeconds: 2.01))
        #expect(try AudioFile.decode(path, segment: rounded).samples.count == 16_000)
        #expect(try AudioFile.probe(path, segment: rounded).frames == 16_000)
    }

    /// The header promises two seconds, and the file holds one.
    @Test func ofATruncatedFileOnlyWhatIsThereCanBeASegment() throws {
        let folder = try TemporaryFolder()
        var file = WaveFile(samples: (0..<16_000).map { Float($0 % 100) / 200 })
        file.statedDataBytes = 64_000
        let path = try folder.write("a.wav", file.bytes)
        let sound = try #require(Segment(startSeconds: 0.5, endSeconds: 1))
        #expect(try AudioFile.decode(path, segment: sound).notes(normalised: true) == [])
        let open = try #require(Segment(startSeconds: 0.5, endSeconds: nil))
        #expect(
            try AudioFile.decode(path, segment: open).lengthNote == .truncated(seconds: 1, promisedSeconds: 2))
        let beyond = try #require(Segment(startSeconds: 0.5, endSeconds: 1.5))
        #expect(throws: AudioError.beyondEnd(path: path, segment: beyond, readableSeconds: 1)) {
            try AudioFile.decode(path, segment: beyond)
        }
    }

    @Test func faultsInASegmentCountFromTheFilesBeginning() throws {
        let folder = try TemporaryFolder()
        var samples = [Float](repeating: 0, count: 32_000)
        samples[20_000] = .nan
        let path = try folder.write("nan.wav", WaveFile(encoding: .float32, samples: samples).bytes)
        let segment = try #require(Segment(startSeconds: 1, endSeconds: 1.5))
        #expect(throws: AudioError.notFinite(path: path, count: 1, firstSample: 20_000, seconds: 1.25)) {
            try AudioFile.decode(path, segment: segment)
        }
        let before = try #require(Segment(startSeconds: 0, endSeconds: 1.25))
        #expect(try AudioFile.decode(path, segment: before).samples.count == 20_000)
        let tiny = try #require(Segment(startSeconds: 1, endSeconds: 1.00001))
        let error = AudioError.tooShort(path: path, sampleCount: 0, minimumSamples: 400, sampleRateHz: 16_000)
        #expect(throws: error) { try AudioFile.decode(path, segment: tiny, minimumSamples: 400) }
    }
}

@Suite struct SegmentManifestTests {
    static let header = "id,path,start,end,split,speaker,score\n"

    @Test func partsOfOneFileAreUtterancesOfTheirOwn() throws {
        let folder = try TemporaryFolder()
        let text =
            Self.header + "a,long.wav,,,train,s,1\nb,long.wav,0,2.5,train,s,2\nc,long.wav,2.5,,train,s,3\n"
            + "d,long.wav,0,,train,s,3\n"
        let manifest = try CorpusManifest.load(folder.write("m.csv", text), labels: ["score"])
        #expect(
            manifest.utterances.map(\.segment) == [
                nil, Segment(startSeconds: 0, endSeconds: 2.5), Segment(startSeconds: 2.5, endSeconds: nil), nil,
            ])
        #expect(Set(manifest.utterances.map(\.audioPath)).count == 1)
        #expect(manifest.utterances[1].span.segment == manifest.utterances[1].segment)
        #expect(manifest.labelColumns == ["score"] && manifest.groupColumns == ["speaker", "score"])
        #expect(manifest.csvText() == text)
        #expect(throws: ManifestError.self) { try manifest.validateLabels(["start"]) }
    }

    @Test(arguments: [
        ("-1,2", "start is '-1'; expected seconds, such as 12.5, or nothing for the file's beginning"),
        ("1,two", "end is 'two'; expected seconds, such as 12.5, or nothing for the file's end"),
        ("1, 2", "end is ' 2'; expected seconds, such as 12.5, or nothing for the file's end"),
        ("nan,2", "start is 'nan'; expected seconds, such as 12.5, or nothing for the file's beginning"),
        ("1,1e300", "end is '1e300'; expected seconds, such as 12.5, or nothing for the file's end"),
        ("2,1", "start 2 is not before end 1; expected start < end, in seconds"),
        ("1.5,1.5", "start 1.5 is not before end 1.5; expected start < end, in seconds"),
        (",0", "start 0 is not before end 0; expected start < end, in seconds"),
    ])
    func namesBoundsThatMakeNoSense(bounds: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.csv", Self.header + "a,long.wav,0,1,train,s,\nb,long.wav,\(bounds),train,s,\n")
        let error = #expect(throws: ManifestError.self) { try CorpusManifest.load(path) }
        #expect(error.map { message($0, in: folder) } == "m.csv:3: \(expected)")
    }

    @Test func oneOfTheTwoColumnsIsEnough() throws {
        let folder = try TemporaryFolder()
        let starts = try CorpusManifest.load(folder.write("s.csv", "id,path,split,speaker,start\na,a.wav,train,,1.5\n"))
        #expect(starts.utterances[0].segment == Segment(startSeconds: 1.5, endSeconds: nil))
        let ends = try CorpusManifest.load(folder.write("e.csv", "id,path,split,speaker,end\na,a.wav,train,,1.5\n"))
        #expect(ends.utterances[0].segment == Segment(startSeconds: 0, endSeconds: 1.5))
    }
}

extension SoundFormat {
    /// How far a segment's samples may lie from those of the whole: an MP3 decoder's rounding depends on the frame it began at.
    fileprivate var seekingError: Float { testDescription == "MP3" ? 1e-6 : 0 }
}
