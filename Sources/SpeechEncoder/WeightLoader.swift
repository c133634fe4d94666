import Buffers
import Checkpoints
import Kernels

/// Tensors of a checkpoint as an engine's matrices, checked against the table of names and shapes.
struct WeightLoader: Sendable {
    let source: any TensorSource
    let engine: any Engine
    private let shapes: [String: [Int]]

    init(_ source: any TensorSource, names: [TensorEntry], engine: any Engine) {
        self.source = source
        self.engine = engine
        shapes = Dictionary(uniqueKeysWithValues: names.map { ($0.name, $0.shape) })
    }

    func shape(_ name: String) -> [Int] {
        guard let shape = shapes[name] else { preconditionFailure("\(name) is not in the encoder's table of tensors") }
        return shape
    }

    /// The first dimension as rows, all others as columns.
    func matrix(_ name: String) throws(CheckpointError) -> Matrix { try stacked([name]) }

    /// Several tensors of one shape, one below the other; straight from the file's pages where it is mapped.
    func stacked(_ names: [String]) throws(CheckpointError) -> Matrix {
        let shape = shape(names[0]), height = shape[0], columns = shape.dropFirst().reduce(1, *)
        let out = engine.makeMatrix(rows: names.count * height, columns: columns, precision: .float32)
        for (index, name) in names.enumerated() {
            try load(name, into: out.rows(index * height..<(index + 1) * height))
        }
        return out
    }

    /// A tensor as `[1, count]`; several, one after the other.
    func row(_ names: String...) throws(CheckpointError) -> Matrix { try row(names) }

    func row(_ names: [String]) throws(CheckpointError) -> Matrix {
        let count = shape(names[0]).reduce(1, *)
        let out = engine.makeMatrix(rows: 1, columns: names.count * count, precision: .float32)
        for (index, name) in names.enumerated() {
            try load(name, into: out.columns(index * count..<(index + 1) * count))
        }
        return out
    }

    private func load(_ name: String, into out: Matrix) throws(CheckpointError) {
        try source.withFloats(name, shape: shape(name)) { (values) throws(CheckpointError) in
            values.withUnsafeBytes { engine.upload(stored: $0, as: .float32, to: out) }
        }
    }

    func norm(_ name: String, epsilon: Float) throws(CheckpointError) -> NormParameters {
        NormParameters(gamma: try row("\(name).weight"), beta: try row("\(name).bias"), epsilon: epsilon)
    }

    /// A convolution's weight `[outputs, inputs, taps]` as `[outputs, taps · inputs]`, the order of channels-last rows.
    func tapMajor(_ name: String) throws(CheckpointError) -> Matrix {
        let direction = try matrix(name)
        let out = engine.makeMatrix(rows: direction.rows, columns: direction.columns, precision: .float32)
        engine.tapMajorForward(out: out, direction: direction, gain: nil, taps: shape(name)[2])
        return out
    }
}
