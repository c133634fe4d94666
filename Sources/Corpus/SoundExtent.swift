/// Where a container's header says its sound lies, and how much of it.
///
/// Read without libsndfile, which corrects a length that the file does not have, says so only in a log of 2048
/// characters that other chunks may fill up, and takes a length of zero at its word.
struct SoundExtent: Equatable {
    /// Of sound, according to the header; nil where it leaves that open, as a program writing to a pipe must, and one
    /// that ended before it could fill it in.
    var statedBytes: Int?
    /// From the first byte of sound to the end of the file.
    var availableBytes: Int
    /// What would have to stand in the header for libsndfile to read a file whose length is stated as zero.
    var repair: Patch?

    /// Bytes to be read in place of those in the file.
    struct Patch: Equatable {
        var offset: Int
        var bytes: [UInt8]
    }

    /// Nil if this is no container with a length in its header, or none that can be followed up to its sound.
    init?(_ file: RandomAccessFile) {
        let head = file.bytes(at: 0, count: 12)
        guard head.count == 12, let chunks = Chunks(magic: head[..<4]) else { return nil }
        let header = HeaderReader(file: file, isBigEndian: chunks.isBigEndian)
        if head.starts(with: Array(".snd".utf8)) {
            guard let offset = header.integer(at: 4, width: 4) else { return nil }
            self.init(header, field: .init(offset: 8, width: 4), extra: 0, sound: offset, isClosed: false)
            return
        }
        var total = header.integer(at: chunks.totalAt, width: chunks.sizeWidth)
        var large: Field?
        var position = chunks.first
        // A damaged file may hold chunk after chunk of no length: nobody's header is that long.
        for _ in 0..<100_000 {
            guard let name = header.text(at: position, count: 4),
                let size = header.integer(at: position + chunks.nameLength, width: chunks.sizeWidth)
            else { return nil }
            let start = position + chunks.nameLength + chunks.sizeWidth
            if name == "ds64" {
                large = Field(offset: start + 8, width: 8)
                total = header.integer(at: start, width: 8)
            } else if name == chunks.sound {
                let field = large ?? Field(offset: position + chunks.nameLength, width: chunks.sizeWidth)
                let extra = chunks.soundPrefix + (chunks.sizeIncludesHeader ? start - position : 0)
                self.init(
                    header, field: field, extra: large == nil ? extra : 0, sound: start + chunks.soundPrefix,
                    isClosed: total == file.length - chunks.totalExcludes)
                return
            }
            guard 0...file.length ~= size else { return nil }
            let body = max(0, chunks.sizeIncludesHeader ? size - (start - position) : size)
            position = start + (body + chunks.alignment - 1) / chunks.alignment * chunks.alignment
        }
        return nil
    }

    /// - Parameters:
    ///   - extra: what the field counts beside the sound.
    ///   - sound: the first byte of sound.
    ///   - isClosed: the header knows the length of the file, so its writer came to an end: zero means zero.
    private init?(_ header: HeaderReader, field: Field, extra: Int, sound: Int, isClosed: Bool) {
        guard let value = header.integer(at: field.offset, width: field.width) else { return nil }
        availableBytes = max(0, header.file.length - sound)
        let isZero = value <= extra && availableBytes > 0 && !isClosed
        statedBytes = isZero || field.leavesOpen(value) ? nil : max(0, value - extra)
        if isZero {
            let length = min(availableBytes + extra, field.width == 4 ? Int(UInt32.max) : .max)
            repair = Patch(offset: field.offset, bytes: header.bytes(of: length, width: field.width))
        }
    }

    private struct Field {
        var offset: Int
        var width: Int

        /// What programs write that cannot know: all ones, or the largest positive number, sometimes less a header.
        func leavesOpen(_ value: Int) -> Bool {
            width == 8
                ? value < 0 || value >= Int.max - 0xFFFF
                : 0x7FFF_0000...0x7FFF_FFFF ~= value || value >= 0xFFFF_0000
        }
    }
}

/// How a family of containers writes its chunks.
private struct Chunks {
    var isBigEndian = false
    /// The chunk that holds the sound, by the first four letters of its name.
    var sound = "data"
    var nameLength = 4
    var sizeWidth = 4
    var sizeIncludesHeader = false
    var alignment = 2
    /// Bytes before the sound in its chunk that the size counts.
    var soundPrefix = 0
    /// Where the length of the whole file stands, and how much of the file that does not count.
    var totalAt = 4
    var totalExcludes = 8
    /// Where the first chunk begins.
    var first = 12

    /// - Parameter magic: the file's first four bytes.
    init?(magic: some Sequence<UInt8>) {
        switch String(decoding: Array(magic), as: UTF8.self) {
        case "RIFF", "RF64": break
        case "RIFX", ".snd": isBigEndian = true
        case "FORM":
            isBigEndian = true
            sound = "SSND"
            soundPrefix = 8
        case "riff":
            // Sony Wave64: names of 16 bytes, sizes of 8 that count the chunk's own header.
            nameLength = 16
            sizeWidth = 8
            sizeIncludesHeader = true
            alignment = 8
            totalAt = 16
            totalExcludes = 0
            first = 40
        default: return nil
        }
    }
}

private struct HeaderReader {
    let file: RandomAccessFile
    let isBigEndian: Bool

    func text(at offset: Int, count: Int) -> String? {
        let bytes = file.bytes(at: offset, count: count)
        return bytes.count == count ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Nil if the file ends before; an unsigned number beyond `Int.max` comes out negative.
    func integer(at offset: Int, width: Int) -> Int? {
        let bytes = file.bytes(at: offset, count: width)
        guard bytes.count == width else { return nil }
        let value = (isBigEndian ? bytes : bytes.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(truncatingIfNeeded: value)
    }

    func bytes(of value: Int, width: Int) -> [UInt8] {
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return isBigEndian ? little.reversed() : little
    }
}
