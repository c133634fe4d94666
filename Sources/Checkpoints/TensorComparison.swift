import Faults

/// What a source of tensors has, against what a model is made of.
public struct TensorComparison: Sendable, Equatable {
    /// A tensor that is there in another shape.
    public struct Mismatch: Sendable, Equatable {
        public let name: String
        public let found: [Int]
        public let expected: [Int]
    }

    /// In the order of the wanted ones.
    public let missing: [String]
    public let wrongShape: [Mismatch]
    /// What nobody asked for, sorted bytewise: heads and the like.
    public let extra: [String]
    public let wantedCount: Int

    /// Whether every wanted tensor is there, in its shape.
    public var isComplete: Bool { missing.isEmpty && wrongShape.isEmpty }

    /// What is wrong, in words: so many of each as a reader needs, and how many more there are.
    var complaint: String {
        var parts: [String] = []
        if !missing.isEmpty {
            parts.append("\(missing.count) of \(wantedCount) tensors are missing: \(abbreviated(missing))")
        }
        if !wrongShape.isEmpty {
            let shapes = wrongShape.prefix(4).map { "\(printable($0.name)) is \($0.found), expected \($0.expected)" }
            let rest = wrongShape.count > 4 ? " and \(wrongShape.count - 4) more" : ""
            let count = "\(wrongShape.count) of \(wantedCount) tensors have another shape"
            parts.append("\(count): \(shapes.joined(separator: ", "))\(rest)")
        }
        // Where names are missing, those that are there instead tell why.
        if !missing.isEmpty, !extra.isEmpty { parts.append("not asked for: \(abbreviated(extra, limit: 4))") }
        return parts.joined(separator: "; ")
    }
}

extension TensorSource {
    /// Compares names and shapes; no tensor is read.
    public func compare(with wanted: [(name: String, shape: [Int])]) -> TensorComparison {
        var missing: [String] = []
        var wrongShape: [TensorComparison.Mismatch] = []
        for (name, expected) in wanted {
            guard let found = shape(of: name) else {
                missing.append(name)
                continue
            }
            if found != expected { wrongShape.append(.init(name: name, found: found, expected: expected)) }
        }
        let known = Set(wanted.map(\.name))
        return TensorComparison(
            missing: missing, wrongShape: wrongShape, extra: names.filter { !known.contains($0) },
            wantedCount: wanted.count)
    }

    /// Checks that every one of these tensors is there in its shape.
    /// - Returns: the names that are there besides.
    /// - Throws: `CheckpointError.incomplete` with all that are not, at once; of a single one, `.missingTensor` or
    ///   `.shape`.
    @discardableResult
    public func require(_ wanted: [(name: String, shape: [Int])]) throws(CheckpointError) -> [String] {
        let comparison = compare(with: wanted)
        if comparison.isComplete { return comparison.extra }
        let wrong = comparison.missing + comparison.wrongShape.map(\.name)
        if wrong.count == 1 {
            guard let mismatch = comparison.wrongShape.first else { throw missing(wrong[0]) }
            throw .shape(
                path: location(of: mismatch.name), name: mismatch.name, found: mismatch.found,
                expected: mismatch.expected)
        }
        let places = Set(wrong.map(location(of:)))
        throw .incomplete(path: places.count == 1 ? places.first! : location, comparison: comparison)
    }
}
