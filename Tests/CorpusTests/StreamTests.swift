import Corpus
import Foundation
import Testing

private func samples(of stream: AudioStream) throws -> [Float] {
    var samples: [Float] = []
    while let block = try stream.next() { samples += block }
    return samples
}

private func piped(_ bytes: [UInt8], sampleRateHz: Int = 16_000) throws -> [Float] {
    try piped(bytes, sampleRateHz: sampleRateHz) { try samples(of: $0) }
}

/// What is to be said of a stream when all of it has been read.
private func notes(of stream: AudioStream) throws -> [RecordingNote] {
    _ = try samples(of: stream)
    return stream.notes(normalised: true)
}

/// Through a pipe that another thread fills, as from a program that writes WAV.
private func piped<Outcome>(
    _ bytes: [UInt8], sampleRateHz: Int = 16_000, _ hear: (AudioStream) throws -> Outcome
) throws -> Outcome {
    let pipe = Pipe()
    let writer = Thread {
        pipe.fileHandleForWriting.write(Data(bytes))
        try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    // To the end, so that the writer is never left alone with a full pipe.
    defer { _ = try? pipe.fileHandleForReading.readToEnd() }
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    return try hear(AudioStream(wave: descriptor, name: "pipe", sampleRateHz: sampleRateHz))
}

@Suite struct StreamTests {
    private static let sound = (0..<60_000).map { Float(($0 &* 7919) % 2001 - 1000) / 1024 }

    @Test(arguments: [WaveFile.Encoding.int16, .float32], [(16_000, 1), (44_100, 2), (8_000, 3)])
    func aStreamHasTheBitsOfAFile(encoding: WaveFile.Encoding, _ form: (rate: Int, channels: Int)) throws {
        let folder = try TemporaryFolder()
        let file = WaveFile(
            encoding: encoding, sampleRateHz: form.rate, channels: form.channels, samples: Self.sound,
            before: WaveFile.chunk("LIST", WaveFile.softwareTag))
        let path = try folder.write("a.wav", file.bytes)
        let expected = try AudioFile.decode(path).samples
        #expect(try samples(of: AudioStream(path: path, sampleRateHz: 16_000)) == expected)
        #expect(try piped(file.bytes) == expected)
    }

    /// A header that cannot know its length, and one that does with something behind the sound.
    @Test func theLengthIsTheStreamsOrTheHeaders() throws {
        var file = WaveFile(samples: Array(Self.sound.prefix(3000)))
        let expected = try piped(file.bytes)
        #expect(expected.count == 3000)
        file.after = WaveFile.chunk("LIST", WaveFile.softwareTag)
        #expect(try piped(file.bytes) == expected)
        file.after = []
        for length in [UInt32(0), .max, 0x7FFF_FFFF] {
            file.statedDataBytes = length
            #expect(try piped(file.bytes) == expected, "\(length)")
            #expect(try piped(file.bytes, notes) == [], "\(length): it goes without saying in a pipe")
        }
        // One that says a length is taken at its word, whatever follows.
        file.statedDataBytes = 2000
        #expect(try piped(file.bytes) == Array(expected.prefix(1000)))
    }

    /// What is odd about a recording is known of a stream as of the file.
    @Test func aStreamHasTheNotesOfAFile() throws {
        let folder = try TemporaryFolder()
        let voice = (0..<8000).map { Float(0.4 * sin(Double($0) / 20)) }
        let whole = WaveFile(samples: voice).bytes, clipped = WaveFile(samples: voice.map { min(0.1, $0) }).bytes
        let odd: [(bytes: [UInt8], kinds: [RecordingNote.Kind])] = [
            (whole, []), (Array(whole.dropLast(4000)), [.truncated]), (clipped, [.clipped]),
            (Array(clipped.dropLast(4000)), [.truncated, .clipped]),
            (WaveFile(channels: 2, samples: voice.flatMap { [$0, -$0] }).bytes, [.cancelling]),
            (WaveFile(samples: voice.map { $0 * 0 }).bytes, [.silent]),
        ]
        for (bytes, kinds) in odd {
            let path = try folder.write("a.wav", bytes)
            let expected = try AudioFile.decode(path).notes(normalised: true)
            #expect(expected.map(\.kind) == kinds)
            #expect(try notes(of: AudioStream(path: path, sampleRateHz: 16_000)) == expected)
            #expect(try piped(bytes, notes).map(\.description) == expected.map(\.description))
        }
    }

    /// Samples of 8, 24 and 32 bits and of float64, as libsndfile scales them.
    struct Width: Sendable {
        var tag: Int
        var bits: Int
        var data: [UInt8]
        var expected: [Float]

        static let all = [
            Width(tag: 1, bits: 8, data: [0, 128, 255, 192], expected: [-1, 0, 127.0 / 128, 0.5]),
            Width(tag: 1, bits: 24, data: [0, 0, 0x80, 0, 0, 0, 0, 0, 0x40], expected: [-1, 0, 0.5]),
            Width(tag: 1, bits: 32, data: [0, 0, 0, 0x80, 0, 0, 0, 0x40], expected: [-1, 0.5]),
            Width(
                tag: 3, bits: 64, data: [0, 0, 0, 0, 0, 0, 0xe0, 0xbf, 0, 0, 0, 0, 0, 0, 0xd0, 0x3f],
                expected: [-0.5, 0.25]),
        ]
    }

    @Test(arguments: Width.all)
    func samplesOfAnyWidth(_ width: Width) throws {
        let bytes = Self.header(tag: width.tag, bits: width.bits, data: width.data)
        #expect(try piped(bytes) == width.expected)
        let folder = try TemporaryFolder()
        let decoded = try AudioFile.decode(folder.write("a.wav", bytes)).samples
        #expect(decoded == width.expected, "as libsndfile has it")
    }

    private static func header(tag: Int, bits: Int, data: [UInt8]) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xff) } }
        let format =
            little(tag, 2) + little(1, 2) + little(16_000, 4) + little(16_000 * bits / 8, 4) + little(bits / 8, 2)
            + little(bits, 2)
        let body = Array("WAVE".utf8) + WaveFile.chunk("fmt ", format) + WaveFile.chunk("data", data)
        return Array("RIFF".utf8) + little(body.count, 4) + body
    }

    struct Refusal: Sendable {
        var bytes: [UInt8]
        var said: String

        /// A stream that is no WAV.
        static func stream(_ bytes: [UInt8], _ reason: String) -> Refusal {
            Refusal(
                bytes: bytes,
                said:
                    "pipe: cannot be read as a WAV stream (\(reason)); expected PCM or floats, such as ffmpeg -i FILE -f wav - "
                    + "writes them")
        }

        static let all = [
            Refusal(bytes: [], said: "pipe: holds no samples; expected a recording"),
            Refusal(
                bytes: Array(WaveFile(samples: [0, 0.5]).bytes.prefix(44)),
                said: "pipe: its header promises a recording, but none of it can be read; it is cut off or damaged, "
                    + "copy it again"),
            stream(Array("OggS and more".utf8), "it does not begin with RIFF and WAVE"),
            stream(Array(WaveFile(samples: [0, 0.5]).bytes.prefix(30)), "it ends within its header"),
            stream(header(tag: 85, bits: 16, data: [0, 0]), "its samples are of format 85 with 16 bits"),
            Refusal(
                bytes: header(tag: 3, bits: 32, data: [0, 0, 0xc0, 0x7f]),
                said:
                    "pipe: 1 sample is NaN, infinite or beyond 1e12, the first at 0.0 s (sample 0); re-export the recording"
            ),
        ]
    }

    @Test(arguments: Refusal.all)
    func whatIsNoSoundIsRefusedInWords(_ refusal: Refusal) {
        do {
            let samples = try piped(refusal.bytes)
            Issue.record("\(samples.count) samples")
        } catch {
            #expect("\(error)" == refusal.said)
        }
    }
}
