import Buffers
import CNumerics
import Files
import Foundation

extension SafetensorsFile {
    /// Writes a safetensors file, whole or not at all, the tensors in the order given.
    ///
    /// - Parameters:
    ///   - path: of the file, which replaces one that is there.
    ///   - tensors: each with a unique name and as many floats as its shape says.
    ///   - precision: how elements are stored; rounded to nearest even.
    ///   - metadata: free text under `__metadata__`; sorted by key, so that the same content gives the same bytes.
    /// - Throws: `CheckpointError.cannotWrite`; `.tensor` when a tensor leaves float16's range.
    public static func write(
        to path: String, tensors: [(name: String, shape: [Int], floats: [Float])], precision: Precision = .float32,
        metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        let plan = tensors.map { (name: $0.name, shape: $0.shape, precision: precision) }
        var writer = try SafetensorsWriter(path: path, tensors: plan, metadata: metadata)
        for tensor in tensors { try writer.append(tensor.floats) }
        try writer.finish()
    }
}

/// Writes a safetensors file tensor by tensor, so that a model need not be in memory twice.
///
/// Bytes go to a temporary name in the same folder; `finish()` flushes and renames it. A writer that goes without
/// `finish()` leaves nothing behind.
public struct SafetensorsWriter: ~Copyable {
    private var file: AtomicFile
    private let plan: [(name: String, shape: [Int], precision: Precision)]
    private var written = 0

    /// - Parameters:
    ///   - path: of the file, which replaces one that is there once it is finished.
    ///   - tensors: what will be appended, in this order.
    ///   - metadata: free text under `__metadata__`, sorted by key.
    public init(
        path: String, tensors: [(name: String, shape: [Int], precision: Precision)], metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        plan = tensors
        file = try writing(as: CheckpointError.self) { () throws(WriteFailure) in
            var file = try AtomicFile(path)
            try file.write(SafetensorsWriter.header(tensors, metadata).span.bytes)
            return file
        }
    }

    /// Appends the next tensor of the plan.
    public mutating func append(_ floats: [Float]) throws(CheckpointError) {
        precondition(written < plan.count, "every tensor of the plan is already written")
        let (name, shape, precision) = plan[written]
        precondition(floats.count == elementCount(shape), "\(name): \(floats.count) floats for shape \(shape)")
        written += 1
        if precision == .float32 {
            return try writing(as: CheckpointError.self) { () throws(WriteFailure) in
                try file.write(floats.span.bytes)
            }
        }
        var overflows = 0
        let halves = [UInt16](unsafeUninitializedCapacity: floats.count) { out, initialised in
            if let base = out.baseAddress {
                overflows =
                    precision == .float16
                    ? ut_float16_from_float32(floats, base, floats.count)
                    : ut_bfloat16_from_float32(floats, base, floats.count)
            }
            initialised = floats.count
        }
        guard overflows == 0 else {
            throw .tensor(
                path: file.path, name: name,
                reason: "\(overflows) values leave the range of \(precision.rawValue); store it as float32")
        }
        try writing(as: CheckpointError.self) { () throws(WriteFailure) in try file.write(halves.span.bytes) }
    }

    /// Flushes the file to disk and gives it its name.
    public consuming func finish() throws(CheckpointError) {
        precondition(written == plan.count, "\(plan.count - written) tensors of the plan are not written")
        do throws(WriteFailure) { try file.commit() } catch { throw CheckpointError(error) }
    }

    private static func header(
        _ tensors: [(name: String, shape: [Int], precision: Precision)], _ metadata: [String: String]
    ) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.keys.sortedBytewise().map { "\($0.jsonLiteral):\(metadata[$0]!.jsonLiteral)" }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        var seen: Set<String> = ["__metadata__"]
        for (name, shape, precision) in tensors {
            precondition(seen.insert(name).inserted, "two tensors are called \(name)")
            guard let count = elementCount(shape) else { preconditionFailure("\(name): no such shape: \(shape)") }
            let end = offset + count * precision.byteCount
            let sizes = shape.map(String.init).joined(separator: ",")
            let type = "\"dtype\":\"\(precision.safetensorsName)\""
            members.append("\(name.jsonLiteral):{\(type),\"shape\":[\(sizes)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }
}

extension Precision {
    fileprivate var safetensorsName: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        }
    }
}
