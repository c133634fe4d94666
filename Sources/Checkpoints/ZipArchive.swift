import Faults
import Foundation

/// The entries of a zip archive that lie in it uncompressed, as PyTorch writes them.
///
/// The central directory is read (zip64 included), and each entry's local header checked against it, so that an
/// entry's range lies inside the file.
/// - Source: PKWARE's APPNOTE, sections 4.3 and 4.5.3.
struct ZipArchive: Sendable {
    /// By entry name; ranges in bytes from the file's start.
    let entries: [String: Range<Int>]

    /// No checkpoint has more; a hostile directory could.
    static let entryLimit = 1_000_000

    init(_ file: MappedFile) throws(CheckpointError) {
        let outcome = file.withBytes(0..<file.count) { bytes in
            Result { () throws(CheckpointError) in
                var reader = ZipReader(path: file.path, bytes: bytes)
                return try reader.readEntries()
            }
        }
        entries = try outcome.get()
    }
}

private struct ZipReader {
    let path: String
    let bytes: UnsafeRawBufferPointer

    private struct Directory {
        var offset: Int
        var byteCount: Int
        var entryCount: Int
    }

    /// The values of an entry's central header that may instead stand in its zip64 extra field.
    private struct Sizes {
        var uncompressed: UInt64
        var compressed: UInt64
        var headerOffset: UInt64
    }

    mutating func readEntries() throws(CheckpointError) -> [String: Range<Int>] {
        let directory = try findDirectory()
        var entries: [String: Range<Int>] = [:]
        var position = directory.offset
        for _ in 0..<directory.entryCount {
            guard try value(position, as: UInt32.self) == 0x0201_4b50 else {
                throw damaged("its central directory is broken at byte \(position)")
            }
            let flags = try value(position + 8, as: UInt16.self)
            let method = try value(position + 10, as: UInt16.self)
            let nameLength = Int(try value(position + 28, as: UInt16.self))
            let extraLength = Int(try value(position + 30, as: UInt16.self))
            let commentLength = Int(try value(position + 32, as: UInt16.self))
            let name = try text(position + 46, nameLength)
            let sizes = try readSizes(position, extra: position + 46 + nameLength, extraLength)
            guard flags & 1 == 0 else { throw damaged("entry \(printable(name)) is encrypted") }
            guard method == 0, sizes.compressed == sizes.uncompressed else {
                throw damaged(
                    "entry \(printable(name)) is compressed; PyTorch stores entries uncompressed: save it again")
            }
            guard entries[name] == nil else { throw damaged("entry \(printable(name)) is there twice") }
            entries[name] = try locate(name, sizes)
            position += 46 + nameLength + extraLength + commentLength
        }
        guard position <= directory.offset + directory.byteCount else {
            throw damaged("its central directory is longer than it says")
        }
        return entries
    }

    private func damaged(_ reason: String) -> CheckpointError {
        .malformed(path: path, reason: "damaged zip archive: \(reason)")
    }

    private func value<Integer: FixedWidthInteger>(
        _ offset: Int, as type: Integer.Type
    ) throws(CheckpointError) -> Integer {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<Integer>.size else {
            throw damaged("it ends too early; the file may be cut short")
        }
        return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    private func text(_ offset: Int, _ length: Int) throws(CheckpointError) -> String {
        guard offset >= 0, length <= bytes.count - offset,
            let text = String(validating: bytes[offset..<offset + length], as: UTF8.self)
        else { throw damaged("an entry's name is not UTF-8") }
        return text
    }

    /// The end record is the last thing in the file but for a comment of at most 65 535 bytes.
    private func findDirectory() throws(CheckpointError) -> Directory {
        var position = bytes.count - 22
        let lowest = max(0, position - 65_535)
        while position >= lowest {
            if bytes[position] == 0x50, try value(position, as: UInt32.self) == 0x0605_4b50,
                try Int(value(position + 20, as: UInt16.self)) == bytes.count - position - 22
            {
                return try checked(readEndRecord(position), before: position)
            }
            position -= 1
        }
        throw damaged("its central directory is missing; the file is cut short")
    }

    private func readEndRecord(_ position: Int) throws(CheckpointError) -> (UInt64, UInt64, UInt64) {
        let count = try value(position + 10, as: UInt16.self)
        let byteCount = try value(position + 12, as: UInt32.self)
        let offset = try value(position + 16, as: UInt32.self)
        guard count == .max || byteCount == .max || offset == .max else {
            return (UInt64(offset), UInt64(byteCount), UInt64(count))
        }
        guard position >= 20, try value(position - 20, as: UInt32.self) == 0x0706_4b50 else {
            throw damaged("its zip64 locator is missing")
        }
        let stated = try value(position - 12, as: UInt64.self)
        guard stated <= UInt64(bytes.count) else { throw damaged("its zip64 end record lies outside the file") }
        let record = Int(stated)
        guard try value(record, as: UInt32.self) == 0x0606_4b50 else {
            throw damaged("its zip64 end record is missing")
        }
        return (
            try value(record + 48, as: UInt64.self), try value(record + 40, as: UInt64.self),
            try value(record + 32, as: UInt64.self)
        )
    }

    private func checked(
        _ stated: (offset: UInt64, byteCount: UInt64, entryCount: UInt64), before end: Int
    ) throws(CheckpointError) -> Directory {
        let limit = UInt64(end)
        guard stated.offset <= limit, stated.byteCount <= limit - stated.offset,
            stated.entryCount <= UInt64(ZipArchive.entryLimit), stated.entryCount * 46 <= stated.byteCount
        else { throw damaged("its central directory lies outside the file") }
        return Directory(
            offset: Int(stated.offset), byteCount: Int(stated.byteCount), entryCount: Int(stated.entryCount))
    }

    private func readSizes(_ header: Int, extra: Int, _ extraLength: Int) throws(CheckpointError) -> Sizes {
        var sizes = Sizes(
            uncompressed: UInt64(try value(header + 24, as: UInt32.self)),
            compressed: UInt64(try value(header + 20, as: UInt32.self)),
            headerOffset: UInt64(try value(header + 42, as: UInt32.self)))
        let fields: [WritableKeyPath<Sizes, UInt64>] = [\.uncompressed, \.compressed, \.headerOffset]
        let wanted = fields.filter { sizes[keyPath: $0] == UInt64(UInt32.max) }
        guard !wanted.isEmpty else { return sizes }
        var position = extra
        while position + 4 <= extra + extraLength {
            let tag = try value(position, as: UInt16.self)
            let length = Int(try value(position + 2, as: UInt16.self))
            if tag == 1 {
                guard length >= 8 * wanted.count else { break }
                for (index, field) in wanted.enumerated() {
                    sizes[keyPath: field] = try value(position + 4 + 8 * index, as: UInt64.self)
                }
                return sizes
            }
            position += 4 + length
        }
        throw damaged("an entry lacks its zip64 sizes")
    }

    /// Where an entry's bytes lie, by its local header, whose name and extra field may be padded to align the data.
    private func locate(_ name: String, _ sizes: Sizes) throws(CheckpointError) -> Range<Int> {
        guard sizes.headerOffset <= UInt64(bytes.count), sizes.uncompressed <= UInt64(bytes.count) else {
            throw damaged("entry \(printable(name)) lies outside the file")
        }
        let header = Int(sizes.headerOffset)
        guard try value(header, as: UInt32.self) == 0x0403_4b50, try value(header + 8, as: UInt16.self) == 0,
            try text(header + 30, Int(value(header + 26, as: UInt16.self))) == name
        else { throw damaged("entry \(printable(name)) has no matching local header") }
        let nameLength = Int(try value(header + 26, as: UInt16.self))
        let extraLength = Int(try value(header + 28, as: UInt16.self))
        let start = header + 30 + nameLength + extraLength
        guard start <= bytes.count, Int(sizes.uncompressed) <= bytes.count - start else {
            throw damaged("entry \(printable(name)) lies outside the file")
        }
        return start..<start + Int(sizes.uncompressed)
    }
}
