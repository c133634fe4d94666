import Crypto
import Faults
import Files
import Foundation

/// A safetensors file: 8 bytes of header length (little-endian), a JSON header, and the tensors' bytes end to end.
///
/// Everything the header says is checked when it is opened, so that reading a tensor cannot leave the file.
/// - Source: the format's description in huggingface/safetensors, README, "Format".
public struct SafetensorsFile: TensorSource {
    public let location: String
    public let names: [String]
    /// The header's `__metadata__`.
    public let metadata: [String: String]
    private let file: MappedFile
    private let entries: [String: Entry]

    private struct Entry {
        var type: ElementType
        var shape: [Int]
        /// In bytes from the file's start.
        var range: Range<Int>
    }

    /// The reference implementation refuses longer headers, too.
    static let headerByteLimit = 100_000_000

    /// - Throws: `CheckpointError.unreadable`, `.malformed`, or `.tensor` at the first entry that is wrong.
    public static func open(_ path: String) throws(CheckpointError) -> SafetensorsFile {
        try SafetensorsFile(MappedFile(path))
    }

    init(_ file: MappedFile) throws(CheckpointError) {
        let path = file.path
        guard file.count >= 8 else {
            throw .malformed(path: path, reason: "\(file.count) bytes; a safetensors file has 8 at least")
        }
        let stated = file.withBytes(0..<8) { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard stated <= UInt64(file.count - 8), stated <= UInt64(SafetensorsFile.headerByteLimit) else {
            throw .malformed(
                path: path,
                reason:
                    "the header claims \(stated) of \(file.count) bytes; it is cut short or no safetensors file"
            )
        }
        let dataStart = 8 + Int(stated)
        let parsed = file.withBytes(8..<dataStart) { bytes in
            Result { () throws(JSON.SyntaxError) in try JSON.parse(bytes) }
        }
        let header: JSON
        switch parsed {
        case .success(let json): header = json
        case .failure(let error):
            throw .malformed(path: path, reason: "\(error.message), at byte \(8 + error.offset) of its header")
        }
        guard case .object(let members) = header else {
            throw .malformed(path: path, reason: "its header is \(header.summary); expected a JSON object")
        }
        var metadata: [String: String] = [:]
        var entries: [String: Entry] = [:]
        for member in members {
            if member.key == "__metadata__" {
                metadata = try SafetensorsFile.readMetadata(member.value, path: path)
            } else {
                entries[member.key] = try SafetensorsFile.readEntry(member, dataStart: dataStart, file: file)
            }
        }
        try SafetensorsFile.checkLayout(entries, dataStart: dataStart, file: file)
        location = path
        names = entries.keys.sortedBytewise()
        self.metadata = metadata
        self.file = file
        self.entries = entries
    }

    public func shape(of name: String) -> [Int]? { entries[name]?.shape }

    public func storedType(of name: String) -> String? { entries[name]?.type.name }

    /// SHA-256 of the whole file in hexadecimal, as `sha256sum` prints it. Reads it all.
    public var sha256: String {
        var hash = SHA256()
        file.withBytes(0..<file.count) { hash.update(bufferPointer: $0) }
        return hash.finalize().hexadecimal
    }

    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let entry = entries[name] else { throw missing(name) }
        guard let floats = file.withBytes(entry.range, { entry.type.floats($0) }) else {
            throw .tensor(
                path: location, name: name,
                reason: "its elements are \(entry.type.name); expected float32, float16, bfloat16 or float64")
        }
        return floats
    }

    public func withFloats<Outcome>(
        _ name: String, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        guard let entry = entries[name] else { throw missing(name) }
        if entry.type == .float32, file.holdsAlignedFloats(entry.range) {
            return try file.withFloats(entry.range, body)
        }
        let copy = try floats(name)
        return try body(copy.span)
    }

    private static func readMetadata(_ value: JSON, path: String) throws(CheckpointError) -> [String: String] {
        guard case .object(let members) = value else {
            throw .malformed(path: path, reason: "__metadata__ is \(value.summary); expected an object of strings")
        }
        var metadata: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw .malformed(
                    path: path,
                    reason: "__metadata__ \(printable(member.key)) is \(member.value.summary); expected a string")
            }
            metadata[member.key] = text
        }
        return metadata
    }

    private static func readEntry(
        _ member: JSON.Member, dataStart: Int, file: MappedFile
    ) throws(CheckpointError) -> Entry {
        let path = file.path
        let name = member.key
        guard case .object(let fields) = member.value, fields.count == 3,
            case .string(let typeName)? = member.value["dtype"],
            case .array(let sizes)? = member.value["shape"],
            case .array(let offsets)? = member.value["data_offsets"]
        else {
            throw .tensor(path: path, name: name, reason: "its entry is not a dtype, a shape and data_offsets")
        }
        guard let type = elementType(typeName) else {
            throw .tensor(path: path, name: name, reason: "unknown dtype \"\(printable(typeName))\"")
        }
        let shape = sizes.compactMap(\.integer)
        guard shape.count == sizes.count, let count = elementCount(shape) else {
            throw .tensor(path: path, name: name, reason: "shape \(JSON.array(sizes).summary) is no list of sizes")
        }
        guard offsets.count == 2, let begin = offsets[0].integer, let end = offsets[1].integer,
            begin >= 0, begin <= end, end <= file.count - dataStart
        else {
            throw .tensor(
                path: path, name: name,
                reason:
                    "data_offsets \(JSON.array(offsets).summary) leave the \(file.count - dataStart) bytes of data"
            )
        }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        guard !overflow, byteCount == end - begin else {
            throw .tensor(
                path: path, name: name,
                reason:
                    "\(end - begin) bytes; \(type.name) of shape \(shape) takes \(overflow ? "more" : "\(byteCount)")")
        }
        return Entry(type: type, shape: shape, range: dataStart + begin..<dataStart + end)
    }

    /// The tensors must fill the data end to end, without holes or overlaps: else some bytes are not what the header
    /// says.
    private static func checkLayout(
        _ entries: [String: Entry], dataStart: Int, file: MappedFile
    ) throws(CheckpointError) {
        let ordered = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
                < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
        }
        var position = dataStart
        for (name, entry) in ordered {
            guard entry.range.lowerBound == position else {
                let what =
                    entry.range.lowerBound < position ? "overlaps the tensor before it" : "leaves a hole before it"
                throw .tensor(path: file.path, name: name, reason: "its data \(what)")
            }
            position = entry.range.upperBound
        }
        guard position == file.count else {
            throw .malformed(path: file.path, reason: "\(file.count - position) bytes after the last tensor")
        }
    }

    private static func elementType(_ name: String) -> ElementType? {
        switch name {
        case "F32": .float32
        case "F16": .float16
        case "BF16": .bfloat16
        case "F64": .float64
        case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2": .other(name: name, byteCount: 1)
        case "I16", "U16": .other(name: name, byteCount: 2)
        case "I32", "U32": .other(name: name, byteCount: 4)
        case "I64", "U64": .other(name: name, byteCount: 8)
        default: nil
        }
    }
}
