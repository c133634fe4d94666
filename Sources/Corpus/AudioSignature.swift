/// What a file that libsndfile does not open is, by its first bytes.
package struct AudioSignature: Equatable {
    /// In the words of a person: `MP3`, `MPEG-4 audio (AAC, ALAC)`.
    package var name: String
    /// The first libsndfile that reads it; nil if none does.
    package var sinceVersion: String?

    /// - Parameter head: the file's first 64 bytes, or as many as it has. Nil if nothing is recognised.
    package init?(head: [UInt8]) {
        func has(_ text: String, at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: text.utf8) }
        let isOpus = (0..<max(1, head.count)).contains { has("OpusHead", at: $0) }
        switch true {
        case has("RIFF") && has("WAVE", at: 8), has("RIFX"): self.init("WAV", since: "1.0.0")
        case has("RF64"): self.init("RF64", since: "1.0.0")
        case has("riff"): self.init("Wave64", since: "1.0.0")
        case has("FORM"): self.init("AIFF", since: "1.0.0")
        case has(".snd"): self.init("AU", since: "1.0.0")
        case has("caff"): self.init("CAF", since: "1.0.0")
        case has("fLaC"): self.init("FLAC", since: "1.0.0")
        case has("OggS") && isOpus: self.init("Opus", since: "1.0.29")
        case has("OggS"): self.init("Ogg", since: "1.0.0")
        case has("ID3"), MPEGStream.isFrame(head): self.init("MP3", since: "1.1.0")
        case has("ftyp", at: 4): self.init("MPEG-4 audio (AAC or ALAC)")
        case head.count > 1 && head[0] == 0xFF && head[1] & 0xF6 == 0xF0: self.init("AAC")
        case head.starts(with: [0x30, 0x26, 0xB2, 0x75]): self.init("Windows Media audio")
        case head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]): self.init("Matroska or WebM")
        case has("#!AMR"): self.init("AMR")
        case has("wvpk"): self.init("WavPack")
        case has("MAC "): self.init("Monkey's Audio")
        case has("ajkg"): self.init("Shorten")
        default: return nil
        }
    }

    private init(_ name: String, since version: String? = nil) {
        self.name = name
        sinceVersion = version
    }

    /// Whether a libsndfile of this version (`1.0.31`) reads such files.
    package func isRead(byVersion version: String) -> Bool {
        guard let sinceVersion else { return false }
        func parts(_ text: String) -> [Int] { text.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 } }
        return !parts(version).lexicographicallyPrecedes(parts(sinceVersion))
    }
}
