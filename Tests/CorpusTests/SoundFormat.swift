import CSndFile
import Foundation
import Testing

/// A container and an encoding, as libsndfile writes them.
struct SoundFormat: Sendable, CustomTestStringConvertible {
    enum Encoding: Sendable {
        /// Exact, in so many bits.
        case integer(bits: Int)
        case float
        /// The least ratio of signal to noise, in decibels.
        case lossy(Double)
    }

    var testDescription: String
    var code: Int32
    var encoding: Encoding

    init(_ name: String, _ code: Int, _ encoding: Encoding) {
        testDescription = name
        self.code = Int32(code)
        self.encoding = encoding
    }

    /// Every container that is promised, as far as the installed libsndfile has them. (Codes of later versions are in
    /// numbers, so that an older header does.)
    static let all = [
        SoundFormat("WAV, unsigned 8-bit", 0x01_0005, .integer(bits: 8)),
        SoundFormat("WAV, 16-bit", 0x01_0002, .integer(bits: 16)),
        SoundFormat("WAV, 24-bit", 0x01_0003, .integer(bits: 24)),
        SoundFormat("WAV, 32-bit", 0x01_0004, .integer(bits: 32)),
        SoundFormat("WAV, float32", 0x01_0006, .float),
        SoundFormat("WAV, float64", 0x01_0007, .float),
        SoundFormat("WAV, µ-law", 0x01_0010, .lossy(30)),
        SoundFormat("WAV, A-law", 0x01_0011, .lossy(30)),
        SoundFormat("WAV, IMA ADPCM", 0x01_0012, .lossy(30)),
        SoundFormat("WAVE_FORMAT_EXTENSIBLE, 16-bit", 0x13_0002, .integer(bits: 16)),
        SoundFormat("WAVE_FORMAT_EXTENSIBLE, 24-bit", 0x13_0003, .integer(bits: 24)),
        SoundFormat("WAVE_FORMAT_EXTENSIBLE, float32", 0x13_0006, .float),
        SoundFormat("RIFX, 16-bit", 0x2001_0002, .integer(bits: 16)),
        SoundFormat("RF64, 16-bit", 0x22_0002, .integer(bits: 16)),
        SoundFormat("RF64, float32", 0x22_0006, .float),
        SoundFormat("Wave64, 16-bit", 0x0B_0002, .integer(bits: 16)),
        SoundFormat("Wave64, 24-bit", 0x0B_0003, .integer(bits: 24)),
        SoundFormat("Wave64, float64", 0x0B_0007, .float),
        SoundFormat("AIFF, 8-bit", 0x02_0001, .integer(bits: 8)),
        SoundFormat("AIFF, 16-bit", 0x02_0002, .integer(bits: 16)),
        SoundFormat("AIFF, 24-bit", 0x02_0003, .integer(bits: 24)),
        SoundFormat("AIFF, 32-bit", 0x02_0004, .integer(bits: 32)),
        SoundFormat("AIFF-C, float32", 0x02_0006, .float),
        SoundFormat("AU, 8-bit", 0x03_0001, .integer(bits: 8)),
        SoundFormat("AU, 16-bit", 0x03_0002, .integer(bits: 16)),
        SoundFormat("AU, 32-bit", 0x03_0004, .integer(bits: 32)),
        SoundFormat("AU, float64", 0x03_0007, .float),
        SoundFormat("CAF, 16-bit", 0x18_0002, .integer(bits: 16)),
        SoundFormat("FLAC, 8-bit", 0x17_0001, .integer(bits: 8)),
        SoundFormat("FLAC, 16-bit", 0x17_0002, .integer(bits: 16)),
        SoundFormat("FLAC, 24-bit", 0x17_0003, .integer(bits: 24)),
        SoundFormat("Ogg Vorbis", 0x20_0060, .lossy(20)),
        SoundFormat("Ogg Opus", 0x20_0064, .lossy(12)),
        SoundFormat("MP3", 0x23_0082, .lossy(20)),
    ].filter(\.isSupported)

    static func named(_ names: String...) -> [SoundFormat] { all.filter { names.contains($0.testDescription) } }

    private var isSupported: Bool {
        var info = SF_INFO(frames: 0, samplerate: 16_000, channels: 1, format: code, sections: 0, seekable: 0)
        return sf_format_check(&info) != 0
    }

    /// The values a sample can have, next to this one.
    func quantised(_ sample: Double) -> Double {
        guard case .integer(let bits) = encoding else { return Double(Float(sample)) }
        let scale = Double(1 << (bits - 1))
        return (sample * scale).rounded() / scale
    }

    /// Writes samples, channels interleaved, each of which must be a value the encoding has.
    func write(_ samples: [Double], to path: String, sampleRateHz: Int = 16_000, channels: Int = 1) throws {
        var info = SF_INFO()
        info.samplerate = Int32(sampleRateHz)
        info.channels = Int32(channels)
        info.format = code
        let file = try #require(sf_open(path, Int32(SFM_WRITE), &info), "\(String(cString: sf_strerror(nil)))")
        let frames = sf_count_t(samples.count / channels)
        let written: sf_count_t
        if case .integer = encoding {
            // As integers: floats, libsndfile would scale by 2¹⁵ − 1 and its like.
            let integers = samples.map { Int32(clamping: Int($0 * 2_147_483_648)) }
            written = sf_writef_int(file, integers, frames)
        } else {
            written = sf_writef_double(file, samples, frames)
        }
        #expect(written == frames)
        #expect(sf_close(file) == 0)
    }

    /// Writes a sound like a voice, of this many frames, in a file of its own.
    /// - Returns: the file's bytes and the samples.
    func sound(
        in folder: TemporaryFolder, frames: Int, sampleRateHz: Int = 16_000, channels: Int = 1
    ) throws -> (bytes: [UInt8], samples: [Double]) {
        let samples = (0..<frames * channels).map { index in
            quantised(voice(Double(index / channels) / Double(sampleRateHz), channel: index % channels))
        }
        let path = "\(folder.path)/\(UUID().uuidString)"
        try write(samples, to: path, sampleRateHz: sampleRateHz, channels: channels)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return ([UInt8](try Data(contentsOf: URL(filePath: path))), samples)
    }
}

/// A gliding pitch with two harmonics, struck and fading; every lossy codec is made for such a thing.
private func voice(_ seconds: Double, channel: Int) -> Double {
    let phase = 2 * Double.pi * (130 * seconds + 20 * seconds * seconds)
    let loudness = 0.1 + 0.2 * exp(-8 * seconds)
    return loudness * (sin(phase) + 0.5 * sin(2 * phase + 1) + 0.3 * sin(5 * phase + 2))
        + 0.01 * Double(channel) * sin(3 * phase)
}
