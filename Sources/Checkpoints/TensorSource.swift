import Crypto
import Files

/// Named float32 tensors from somewhere: a file, a folder of files, or a seed.
public protocol TensorSource: Sendable {
    /// What stands for the source in an error: a path, or the model's specification.
    var location: String { get }
    /// What stands for the source in an error about one tensor: the file that holds it, or should.
    func location(of name: String) -> String
    /// Every tensor's name, sorted bytewise.
    var names: [String] { get }
    /// nil when there is no tensor of that name.
    func shape(of name: String) -> [Int]?
    /// The tensor's elements in row-major order. float32, float16 and bfloat16 come exactly, float64 rounded.
    /// - Throws: `CheckpointError.missingTensor`, or `.tensor` when its elements are of another type.
    func floats(_ name: String) throws(CheckpointError) -> [Float]
}

extension TensorSource {
    public func location(of name: String) -> String { location }

    /// The tensor, when it has exactly this shape.
    /// - Throws: also `CheckpointError.shape`, before anything is read.
    public func floats(_ name: String, shape expected: [Int]) throws(CheckpointError) -> [Float] {
        guard let found = shape(of: name) else { throw missing(name) }
        guard found == expected else {
            throw .shape(path: location(of: name), name: name, found: found, expected: expected)
        }
        return try floats(name)
    }

    /// SHA-256, in hexadecimal, of the named tensors' content: the same weights give the same hash whatever file
    /// format, shard layout or order they are stored in.
    ///
    /// Over each name, sorted bytewise: its UTF-8 bytes and a zero byte, the number of dimensions and each dimension
    /// as UInt64, and the elements as float32, all little-endian.
    public func sha256OfTensors(_ names: [String]) throws(CheckpointError) -> String {
        var hash = SHA256()
        for name in names.sortedBytewise() {
            guard let shape = shape(of: name) else { throw missing(name) }
            var head = Array(name.utf8) + [0]
            for size in [shape.count] + shape {
                withUnsafeBytes(of: UInt64(size).littleEndian) { head.append(contentsOf: $0) }
            }
            hash.update(data: head)
            let floats = try floats(name)
            floats.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        return hash.finalize().hexadecimal
    }

    /// The error for a name that is not there, with names that look like it.
    func missing(_ name: String) -> CheckpointError {
        let last = name.split(separator: ".").suffix(2).joined(separator: ".")
        let similar = names.filter { $0.hasSuffix(last) }
        let hint =
            similar.isEmpty
            ? "the names there begin \(abbreviated(names, limit: 3))" : "similar are \(abbreviated(similar, limit: 3))"
        return .missingTensor(path: location(of: name), name: name, hint: names.isEmpty ? "it holds none" : hint)
    }
}

extension Sequence<String> {
    /// In the order of the UTF-8 bytes, which no locale or Unicode version changes.
    func sortedBytewise() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
