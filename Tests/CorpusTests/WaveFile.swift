/// A WAV file's bytes, written by hand so that headers can lie.
struct WaveFile {
    enum Encoding { case int16, float32 }

    var encoding = Encoding.int16
    var sampleRateHz = 16_000
    var channels = 1
    /// Interleaved.
    var samples: [Float] = []
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
        append((statedDataBytes ?? UInt32(data.count)) &+ 36, to: &bytes)
        bytes += Array("WAVEfmt ".utf8)
        append(UInt32(16), to: &bytes)
        append(UInt16(encoding == .int16 ? 1 : 3), to: &bytes)
        append(UInt16(channels), to: &bytes)
        append(UInt32(sampleRateHz), to: &bytes)
        append(UInt32(truncatingIfNeeded: sampleRateHz * channels * width), to: &bytes)
        append(UInt16(channels * width), to: &bytes)
        append(UInt16(8 * width), to: &bytes)
        bytes += Array("data".utf8)
        append(statedDataBytes ?? UInt32(data.count), to: &bytes)
        return bytes + data
    }

    private func append<Integer: FixedWidthInteger>(_ value: Integer, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
