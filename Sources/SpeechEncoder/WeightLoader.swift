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

    func floats(_ name: String) throws(CheckpointError) -> [Float] {
        try source.floats(name, shape: shape(name))
    }

    /// The first dimension as rows, all others as columns.
    func matrix(_ name: String) throws(CheckpointError) -> Matrix {
        let shape = shape(name)
        return engine.makeMatrix(try floats(name), rows: shape[0], columns: shape.dropFirst().reduce(1, *))
    }

    /// A vector as `[1, count]`.
    func row(_ name: String) throws(CheckpointError) -> Matrix { engine.makeRow(try floats(name)) }

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
