import Checkpoints
import Files

/// An ONNX graph as it is built: nodes in order, and the weights that they read.
package struct ONNXGraph: Sendable {
    package enum Attribute: Sendable {
        case integer(String, Int)
        case integers(String, [Int])
        case float(String, Float)
    }

    package struct Node: Sendable {
        let operation: String
        let inputs: [String]
        let output: String
        let attributes: [Attribute]
    }

    package struct Weight: Sendable {
        package enum Values: Sendable {
            case integers([Int])
            case floats([Float])
            /// Read when it is written: a large model need not be in memory.
            case later(@Sendable () throws -> [Float])
        }

        let name: String
        let shape: [Int]
        let values: Values

        var byteCount: Int {
            let count = shape.reduce(1, *)
            if case .integers = values { return count * 8 }
            return count * 4
        }
    }

    package private(set) var nodes: [Node] = []
    package private(set) var weights: [Weight] = []
    private var names: [String: Int] = [:]

    package init() {}

    /// Adds a node of one output.
    /// - Returns: the output's name.
    package mutating func add(_ operation: String, _ inputs: String..., attributes: [Attribute] = []) -> String {
        add(operation, inputs, attributes: attributes)
    }

    package mutating func add(_ operation: String, _ inputs: [String], attributes: [Attribute] = []) -> String {
        let output = unique(operation)
        nodes.append(Node(operation: operation, inputs: inputs, output: output, attributes: attributes))
        return output
    }

    /// Gives a value the name by which it leaves the graph.
    package mutating func rename(_ value: String, to output: String) {
        nodes.append(Node(operation: "Identity", inputs: [value], output: output, attributes: []))
    }

    package mutating func integers(_ values: Int...) -> String { integers(values) }

    package mutating func integers(_ values: [Int]) -> String {
        let name = values.map { "\($0)" }.joined(separator: "_")
        return weight("integers.\(name)", [values.count], .integers(values))
    }

    package mutating func integer(_ value: Int) -> String { weight("integer.\(value)", [], .integers([value])) }

    package mutating func float(_ value: Float) -> String { weight("float.\(value)", [], .floats([value])) }

    /// One tensor for one name, however often it is asked for.
    package mutating func weight(_ name: String, _ shape: [Int], _ values: Weight.Values) -> String {
        if names[name] == nil {
            names[name] = 1
            weights.append(Weight(name: name, shape: shape, values: values))
        }
        return name
    }

    private mutating func unique(_ stem: String) -> String {
        names[stem, default: 0] += 1
        return "\(stem)_\(names[stem] ?? 0)"
    }
}

extension ONNXGraph {
    /// `x · ½ (1 + erf(x / √2))`; opset 17 has no GELU of its own.
    mutating func gelu(_ x: String) -> String {
        let error = add("Erf", add("Div", x, float(Float(2).squareRoot())))
        return add("Mul", add("Mul", x, add("Add", error, float(1))), float(0.5))
    }

    /// Over the last axis.
    mutating func layerNorm(_ x: String, scale: String, bias: String?, epsilon: Float) -> String {
        add(
            "LayerNormalization", [x, scale] + (bias.map { [$0] } ?? []),
            attributes: [.integer("axis", -1), .float("epsilon", epsilon)])
    }

    mutating func transpose(_ x: String, _ order: Int...) -> String {
        add("Transpose", x, attributes: [.integers("perm", order)])
    }

    /// A dimension of 0 stays as it is, one of -1 takes what is left.
    mutating func reshape(_ x: String, _ shape: Int...) -> String { add("Reshape", x, integers(shape)) }

    mutating func mean(_ x: String, axis: Int, keeps: Bool) -> String {
        add("ReduceMean", x, attributes: [.integers("axes", [axis]), .integer("keepdims", keeps ? 1 : 0)])
    }

    mutating func sum(_ x: String, axis: Int, keeps: Bool) -> String {
        add("ReduceSum", x, integers(axis), attributes: [.integer("keepdims", keeps ? 1 : 0)])
    }
}
