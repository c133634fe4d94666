import Checkpoints

/// An encoder's tensors with their shapes and nothing in them: every value is zero, and nothing is read or drawn. For engines that
/// count and do not compute.
public struct BlankWeights: TensorSource {
    public let location = "blank weights"
    public let names: [String]
    private let shapes: [String: [Int]]

    public init(_ configuration: EncoderConfiguration) {
        shapes = Dictionary(uniqueKeysWithValues: TensorNames(configuration).all.map { ($0.name, $0.shape) })
        names = shapes.keys.sortedBytewise()
    }

    public func shape(of name: String) -> [Int]? { shapes[name] }

    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let shape = shapes[name] else { preconditionFailure("\(name) is not in the encoder's table of tensors") }
        return [Float](repeating: 0, count: shape.reduce(1, *))
    }
}
