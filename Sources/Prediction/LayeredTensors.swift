import Checkpoints

/// A checkpoint's tensors, and in the place of some of them those that a run has trained.
public struct LayeredTensors: TensorSource {
    let trained: SafetensorsFile
    let base: any TensorSource

    public init(_ trained: SafetensorsFile, over base: any TensorSource) {
        self.trained = trained
        self.base = base
    }

    public var location: String { trained.location }
    public var names: [String] { Set(trained.names).union(base.names).sortedBytewise() }

    private func source(of name: String) -> any TensorSource { trained.shape(of: name) == nil ? base : trained }

    public func location(of name: String) -> String { source(of: name).location(of: name) }
    public func shape(of name: String) -> [Int]? { source(of: name).shape(of: name) }
    public func floats(_ name: String) throws(CheckpointError) -> [Float] { try source(of: name).floats(name) }

    public func withFloats<Outcome>(
        _ name: String, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        try source(of: name).withFloats(name, body)
    }
}
