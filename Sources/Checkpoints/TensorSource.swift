import Faults

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
    /// How the tensor's elements are stored, such as `float16`; nil when there is no tensor of that name.
    func storedType(of name: String) -> String?
    /// The tensor's elements in row-major order. float32, float16 and bfloat16 come exactly, float64 rounded.
    /// - Throws: `CheckpointError.missingTensor`, or `.tensor` when its elements are of another type.
    func floats(_ name: String) throws(CheckpointError) -> [Float]
    /// Calls `body` with the tensor's elements in row-major order.
    ///
    /// Where the file is mapped and holds them as they are (float32, in one piece, aligned), these are the file's own
    /// pages: nothing is copied. Elsewhere it is `floats(_:)`.
    /// - Throws: as `floats(_:)`, and what `body` throws.
    func withFloats<Outcome>(
        _ name: String, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome
}

extension TensorSource {
    public func location(of name: String) -> String { location }

    public func storedType(of name: String) -> String? { shape(of: name).map { _ in ElementType.float32.name } }

    public func withFloats<Outcome>(
        _ name: String, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        let copy = try floats(name)
        return try body(copy.span)
    }

    /// The tensor, when it has exactly this shape.
    /// - Throws: also `CheckpointError.shape`, before anything is read.
    public func floats(_ name: String, shape expected: [Int]) throws(CheckpointError) -> [Float] {
        try check(name, expected)
        return try floats(name)
    }

    /// Calls `body` with the tensor's elements, when it has exactly this shape.
    /// - Throws: also `CheckpointError.shape`, before anything is read.
    public func withFloats<Outcome>(
        _ name: String, shape expected: [Int], _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        try check(name, expected)
        return try withFloats(name, body)
    }

    private func check(_ name: String, _ expected: [Int]) throws(CheckpointError) {
        guard let found = shape(of: name) else { throw missing(name) }
        guard found == expected else {
            throw .shape(path: location(of: name), name: name, found: found, expected: expected)
        }
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
    package func sortedBytewise() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
