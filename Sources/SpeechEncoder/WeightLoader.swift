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
    func tapMajor(_ name: String, precision: Precision) throws(CheckpointError) -> Matrix {
        tapMajor(try floats(name), shape: shape(name), precision: precision)
    }

    /// A positional convolution's weight from its weight norm over taps: `w[o, i, k] = g[k] · v[o, i, k] / ‖v[·, ·, k]‖`
    /// (Salimans and Kingma 2016, eq. 2, with torch's `dim=2`).
    func weightNormed(_ name: String, precision: Precision) throws(CheckpointError) -> Matrix {
        let shape = shape("\(name).weight_v"), taps = shape[2]
        let gain = try floats("\(name).weight_g")
        var weight = try floats("\(name).weight_v")
        var squares = [Double](repeating: 0, count: taps)
        for index in weight.indices { squares[index % taps] += Double(weight[index]) * Double(weight[index]) }
        let factors = zip(gain, squares).map { Float(Double($0) / $1.squareRoot()) }
        for index in weight.indices { weight[index] *= factors[index % taps] }
        return tapMajor(weight, shape: shape, precision: precision)
    }

    private func tapMajor(_ weight: [Float], shape: [Int], precision: Precision) -> Matrix {
        let inputs = shape[1], taps = shape[2]
        let ordered = [Float](unsafeUninitializedCapacity: weight.count) { out, count in
            for output in 0..<shape[0] {
                let base = output * inputs * taps
                for input in 0..<inputs {
                    for tap in 0..<taps { out[base + tap * inputs + input] = weight[base + input * taps + tap] }
                }
            }
            count = weight.count
        }
        return engine.makeMatrix(ordered, rows: shape[0], columns: inputs * taps, precision: precision)
    }
}
