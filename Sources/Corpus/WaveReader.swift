import Foundation

/// A WAV stream from a pipe, which libsndfile does not read: it wants to seek.
///
/// PCM of 8, 16, 24 or 32 bits, or floats of 32 or 64, scaled as libsndfile scales them. The sound ends where the header
/// says so, and what follows is left unread; where it leaves the length open, as who writes into a pipe must, the sound
/// ends with the stream.
/// - Source: Microsoft and IBM 1991, "Multimedia Programming Interface and Data Specifications", and `WAVEFORMATEXTENSIBLE`.
final class WaveReader: SampleReader {
    let sampleRateHz: Int
    let channels: Int
    private let source: WaveSource
    private let form: Form
    /// Bytes of sound that the header promises; nil where it leaves that open.
    private let stated: Int?
    /// Of those, what is left.
    private var remaining: Int?

    private enum Form {
        case unsigned8, signed16, signed24, signed32, float32, float64

        var byteCount: Int {
            switch self {
            case .unsigned8: 1
            case .signed16: 2
            case .signed24: 3
            case .signed32, .float32: 4
            case .float64: 8
            }
        }
    }

    var promisesSound: Bool { stated != nil }
    /// A tenth of a second at usual rates: whoever listens to the stream live does not wait for more.
    let blockFrames = 2048

    /// Reads up to the first byte of sound.
    init(_ source: WaveSource) throws(AudioError) {
        self.source = source
        func fault(_ reason: String) -> AudioError { .stream(name: source.name, reason: reason) }
        func bytes(_ count: Int) throws(AudioError) -> [UInt8] {
            let bytes = try source.read(count)
            guard bytes.count == count else { throw fault("it ends within its header") }
            return bytes
        }
        let head = try source.read(12)
        guard !head.isEmpty else { throw .empty(path: source.name) }
        guard head.count == 12, head.starts(with: Array("RIFF".utf8)), head[8...].elementsEqual(Array("WAVE".utf8))
        else { throw fault("it does not begin with RIFF and WAVE") }
        var format: (form: Form, channels: Int, rate: Int)?
        while true {
            let chunk = try bytes(8), size = Int(integer(chunk[4...]))
            if chunk.starts(with: Array("data".utf8)) {
                guard let format else { throw fault("its sound comes before its format") }
                (form, channels, sampleRateHz) = (format.form, format.channels, format.rate)
                // Zero and the largest numbers are what is written where nobody can know.
                stated = size == 0 || size >= 0x7FFF_0000 ? nil : size
                remaining = stated
                return
            }
            if chunk.starts(with: Array("fmt ".utf8)) {
                guard 16...4096 ~= size else { throw fault("its format is \(size) bytes long") }
                format = try Self.format(try bytes(size + size % 2), fault)
            } else {
                try skip(size + size % 2, bytes)
            }
        }
    }

    func read(into buffer: inout [Float], frames: Int) throws(AudioError) -> Int {
        let frameBytes = form.byteCount * channels
        let wanted = min(frames * frameBytes, remaining ?? .max)
        let bytes = try source.read(wanted)
        remaining = remaining.map { bytes.count < wanted ? 0 : $0 - bytes.count }
        let count = bytes.count / frameBytes
        for index in 0..<count * channels { buffer[index] = sample(bytes[(index * form.byteCount)...]) }
        return count
    }

    /// A length that is left open is nothing to speak of: it is a pipe's way.
    func lengthNote(framesRead: Int) -> RecordingNote? {
        guard let stated else { return nil }
        let promised = stated / (form.byteCount * channels), rate = Double(sampleRateHz)
        guard framesRead < promised else { return nil }
        return .truncated(seconds: Double(framesRead) / rate, promisedSeconds: Double(promised) / rate)
    }

    private func sample(_ bytes: ArraySlice<UInt8>) -> Float {
        let bits = integer(bytes.prefix(form.byteCount))
        switch form {
        case .unsigned8: return (Float(bits) - 128) / 128
        case .signed16: return Float(Int16(truncatingIfNeeded: bits)) / 32_768
        case .signed24: return Float(Int32(truncatingIfNeeded: bits << 8)) / 2_147_483_648
        case .signed32: return Float(Int32(truncatingIfNeeded: bits)) / 2_147_483_648
        case .float32: return Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        case .float64: return Float(Double(bitPattern: bits))
        }
    }

    private static func format(
        _ bytes: [UInt8], _ fault: (String) -> AudioError
    ) throws(AudioError) -> (form: Form, channels: Int, rate: Int) {
        var tag = Int(integer(bytes[..<2]))
        let channels = Int(integer(bytes[2..<4])), rate = Int(integer(bytes[4..<8])),
            bits = Int(integer(bytes[14..<16]))
        // WAVE_FORMAT_EXTENSIBLE: the first two bytes of its sub-format are the tag.
        if tag == 0xFFFE, bytes.count >= 26 { tag = Int(integer(bytes[24..<26])) }
        let form: Form
        switch (tag, bits) {
        case (1, 8): form = .unsigned8
        case (1, 16): form = .signed16
        case (1, 24): form = .signed24
        case (1, 32): form = .signed32
        case (3, 32): form = .float32
        case (3, 64): form = .float64
        default: throw fault("its samples are of format \(tag) with \(bits) bits")
        }
        guard 1...1024 ~= channels else { throw fault("it has \(channels) channels") }
        guard AudioFile.sampleRatesHz.contains(rate) else { throw fault("its rate is \(rate) Hz") }
        return (form, channels, rate)
    }
}

private func skip(_ count: Int, _ read: (Int) throws(AudioError) -> [UInt8]) throws(AudioError) {
    var rest = count
    while rest > 0 { rest -= try read(min(rest, 65_536)).count }
}

/// Little-endian, of at most eight bytes.
private func integer(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var value: UInt64 = 0, shift: UInt64 = 0
    for byte in bytes {
        value |= UInt64(byte) << shift
        shift += 8
    }
    return value
}
