import Files
import Foundation

/// Writes a graph as an ONNX model: one input, one output, weights inside the file or, where they are too large for a Protocol Buffers
/// message (2 GB), in `<name>.data` beside it.
///
/// Opset 17, IR version 8. Weights are written one after the other, so that memory holds one of them.
/// - Source: onnx.proto of onnx 1.12; `docs/ExternalData.md` there.
package struct ONNXFile {
    package struct Port {
        package let name: String
        /// A number, or the name of a dimension that may be any.
        package let shape: [Dimension]

        package init(name: String, shape: [Dimension]) {
            self.name = name
            self.shape = shape
        }

        package enum Dimension {
            case fixed(Int)
            case any(String)
        }
    }

    private static let opset = 17
    private static let irVersion = 8

    private let graph: ONNXGraph
    private let input: Port
    private let output: Port
    private let producerVersion: String
    private let metadata: [String: String]
    private let largestInside: Int

    /// - Parameters:
    ///   - graph: nodes in the order in which they can be computed, and the weights.
    ///   - input: of the model, by the name that nodes read it by.
    ///   - output: likewise, by the name that a node gives it.
    ///   - producerVersion: of this program, for whoever reads the file.
    ///   - metadata: free text by key.
    ///   - largestInside: more bytes of weights than this go into a file of their own.
    package init(
        graph: ONNXGraph, input: Port, output: Port, producerVersion: String, metadata: [String: String],
        largestInside: Int = 1_900_000_000
    ) {
        self.graph = graph
        self.input = input
        self.output = output
        self.producerVersion = producerVersion
        self.metadata = metadata
        self.largestInside = largestInside
    }

    /// - Returns: the files, one or two.
    package func write(to path: String) throws -> [String] {
        let external = graph.weights.reduce(0) { $0 + $1.byteCount } > largestInside
        let dataPath = "\(path).data"
        var tensors: [ProtobufMessage] = [], offset = 0
        for weight in graph.weights {
            let file = external ? (URL(filePath: dataPath).lastPathComponent, offset) : nil
            tensors.append(Self.header(of: weight, in: file))
            offset += weight.byteCount
        }
        if external {
            var file = try AtomicFile(dataPath)
            for weight in graph.weights { try Self.append(weight, to: &file) }
            try file.commit()
        }
        try write(tensors, inside: !external, to: path)
        return external ? [path, dataPath] : [path]
    }

    private func write(_ tensors: [ProtobufMessage], inside: Bool, to path: String) throws {
        var begin = ProtobufMessage(), end = ProtobufMessage()
        for (index, node) in graph.nodes.enumerated() { begin.message(1, Self.message(node, index: index)) }
        begin.string(2, "undertone")
        end.message(11, Self.message(input))
        end.message(12, Self.message(output))
        let frames = zip(tensors, graph.weights).map { tensor, weight in
            var frame = ProtobufMessage()
            frame.header(5, byteCount: tensor.bytes.count + (inside ? weight.byteCount : 0))
            return frame.bytes + tensor.bytes
        }
        let weightBytes = inside ? graph.weights.reduce(0) { $0 + $1.byteCount } : 0
        var model = header
        model.header(
            7,
            byteCount: begin.bytes.count + frames.reduce(0) { $0 + $1.count } + weightBytes + end.bytes.count)
        var file = try AtomicFile(path)
        try file.write(model.bytes.span.bytes)
        try file.write(begin.bytes.span.bytes)
        for (frame, weight) in zip(frames, graph.weights) {
            try file.write(frame.span.bytes)
            if inside { try Self.append(weight, to: &file) }
        }
        try file.write(end.bytes.span.bytes)
        try file.commit()
    }

    /// Everything of the model but its graph.
    private var header: ProtobufMessage {
        var model = ProtobufMessage()
        model.varint(1, Self.irVersion)
        model.string(2, "undertone")
        model.string(3, producerVersion)
        model.message(8) { $0.varint(2, Self.opset) }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            model.message(14) {
                $0.string(1, key)
                $0.string(2, value)
            }
        }
        return model
    }

    /// A tensor up to its values, which follow where it is not in a file of its own.
    private static func header(of weight: ONNXGraph.Weight, in file: (name: String, offset: Int)?) -> ProtobufMessage {
        var tensor = ProtobufMessage()
        for size in weight.shape { tensor.varint(1, size) }
        if case .integers = weight.values { tensor.varint(2, 7) } else { tensor.varint(2, 1) }
        tensor.string(8, weight.name)
        guard let file else {
            tensor.header(9, byteCount: weight.byteCount)
            return tensor
        }
        for (key, value) in [
            ("location", file.name), ("offset", "\(file.offset)"), ("length", "\(weight.byteCount)"),
        ] {
            tensor.message(13) {
                $0.string(1, key)
                $0.string(2, value)
            }
        }
        tensor.varint(14, 1)
        return tensor
    }

    private static func append(_ weight: ONNXGraph.Weight, to file: inout AtomicFile) throws {
        switch weight.values {
        case .integers(let values):
            let words = values.map { Int64($0).littleEndian }
            try file.write(words.span.bytes)
        case .floats(let values): try file.write(values.span.bytes)
        case .later(let read):
            let values = try read()
            precondition(
                values.count * 4 == weight.byteCount, "\(weight.name): \(values.count) floats for \(weight.shape)")
            try file.write(values.span.bytes)
        }
    }

    private static func message(_ node: ONNXGraph.Node, index: Int) -> ProtobufMessage {
        var message = ProtobufMessage()
        for input in node.inputs { message.string(1, input) }
        message.string(2, node.output)
        message.string(3, "\(node.operation)_node_\(index)")
        message.string(4, node.operation)
        for attribute in node.attributes { message.message(5, Self.message(attribute)) }
        return message
    }

    private static func message(_ attribute: ONNXGraph.Attribute) -> ProtobufMessage {
        var message = ProtobufMessage()
        switch attribute {
        case .float(let name, let value):
            message.string(1, name)
            message.float(2, value)
            message.varint(20, 1)
        case .integer(let name, let value):
            message.string(1, name)
            message.varint(3, value)
            message.varint(20, 2)
        case .integers(let name, let values):
            message.string(1, name)
            for value in values { message.varint(8, value) }
            message.varint(20, 7)
        }
        return message
    }

    private static func message(_ port: Port) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.string(1, port.name)
        message.message(2) { type in
            type.message(1) { tensor in
                tensor.varint(1, 1)
                tensor.message(2) { shape in
                    for dimension in port.shape {
                        shape.message(1) {
                            switch dimension {
                            case .fixed(let size): $0.varint(1, size)
                            case .any(let name): $0.string(2, name)
                            }
                        }
                    }
                }
            }
        }
        return message
    }
}
