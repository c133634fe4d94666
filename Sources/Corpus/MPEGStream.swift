/// MPEG audio frames without a count.
enum MPEGStream {
    /// Whether the file is MPEG audio whose first frame does not tell how many follow (in a `Xing`, `Info` or `VBRI`
    /// header). libsndfile then takes its length from the first frame's bitrate and stops there, however much is left.
    static func lacksFrameCount(_ file: RandomAccessFile) -> Bool {
        var position = 0
        let head = file.bytes(at: 0, count: 10)
        guard head.count == 10 else { return false }
        if head.starts(with: Array("ID3".utf8)) {
            // Four times seven bits.
            position = 10 + head[6..<10].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
        }
        let frame = file.bytes(at: position, count: 192)
        guard frame.count == 192, isFrame(frame) else { return false }
        let text = String(decoding: frame.map { $0 < 0x80 ? $0 : 0x20 }, as: UTF8.self)
        return !["Xing", "Info", "VBRI"].contains { text.contains($0) }
    }

    /// Whether these are the first bytes of a frame of layer 1, 2 or 3. (AAC in an ADTS stream has layer 0.)
    static func isFrame(_ bytes: some Collection<UInt8>) -> Bool {
        let head = Array(bytes.prefix(3))
        guard head.count == 3, head[0] == 0xFF, head[1] & 0xE0 == 0xE0 else { return false }
        return head[1] & 0x18 != 0x08 && head[1] & 0x06 != 0 && head[2] & 0xF0 != 0xF0 && head[2] & 0x0C != 0x0C
    }

    /// Samples per channel, of layer 3 at 24 kHz and below.
    static let shortestFrame = 576

    /// By how much such a file is made to look longer, so that the estimate is never too short: the ratio of the
    /// highest to the lowest bitrate of layer 3, 320 to 8 kbit/s.
    static let stretch = 40
}
