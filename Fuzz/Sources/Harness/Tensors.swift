import Checkpoints

/// Reads every tensor of a file that opened: each is there, has the shape that was announced and as many values, or
/// is refused by name.
public func readEverything(_ source: some TensorSource) {
    precondition(Set(source.names).count == source.names.count)
    for name in source.names {
        guard let shape = source.shape(of: name) else { preconditionFailure("\(name) is listed and not there") }
        guard let values = accepted({ () throws(CheckpointError) in try source.floats(name, shape: shape) }) else {
            continue
        }
        precondition(values.count == shape.reduce(1, *), "\(name): \(values.count) values for \(shape)")
    }
    precondition(accepted { () throws(CheckpointError) in try source.floats("\u{0}no such tensor") } == nil)
}
