/// A WAV file's bytes, written by hand so that headers can lie.
struct WaveFile {
    enum Encoding { case int16, float32 }

    var encoding = Encoding.int16
    var sampleRateHz = 16_000
    var channels = 1
    /// Interleaved.
    var samples: [Float] = []
    /// Chunks in front of the sound's, and bytes behind it.
    var before: [UInt8] = []
    var after: [UInt8] = []
    /// What the header says of the data's length, in place of the truth.
    var statedDataBytes: UInt32?

    var bytes: [UInt8] {
        let width = encoding == .int16 ? 2 : 4
        var data: [UInt8] = []
        for sample in samples {
            switch encoding {
            case .int16: append(UInt16(bitPattern: Int16((sample * 32768).rounded())), to: &data)
            case .float32: append(sample.bitPattern, to: &data)
            }
        }
        var bytes = Array("RIFF".utf8)
        let others = UInt32(36 + before.count + after.count)
        append((statedDataBytes ?? UInt32(data.count)) &+ others, to: &bytes)
        bytes += Array("WAVEfmt ".utf8)
        append(UInt32(16), to: &bytes)
        append(UInt16(encoding == .int16 ? 1 : 3), to: &bytes)
        append(UInt16(channels), to: &bytes)
        append(UInt32(sampleRateHz), to: &bytes)
        append(UInt32(truncatingIfNeeded: sampleRateHz * channels * width), to: &bytes)
        append(UInt16(channels * width), to: &bytes)
        append(UInt16(8 * width), to: &bytes)
        bytes += before + Array("data".utf8)
        append(statedDataBytes ?? UInt32(data.count), to: &bytes)
        return bytes + data + after
    }

    /// A chunk, filled up to an even length.
    static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt32(body.count).littleEndian) { Array($0) }
        return Array(name.utf8) + length + body + [UInt8](repeating: 0, count: body.count % 2)
    }

    /// The body of a LIST chunk that names a program.
    static let softwareTag = Array("INFO".utf8) + chunk("ISFT", Array("test".utf8))

    private func append<Integer: FixedWidthInteger>(_ value: Integer, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
