import Prediction
import Runs
import Training

extension Export {
    /// `model.onnx`: from `waveform`, `[batch, samples]` float32, to `scores`, `[batch, dimensions]`, in the labels' own scale. The
    /// recordings of a batch have one length: nothing is padded or masked.
    func writeONNX(_ heads: FoldedHeads) throws -> [String] {
        var encoder = ONNXEncoder(MergedWeights(model))
        let frames = encoder.frames("waveform")
        let pooled = Self.pooled(frames, model.configuration.pooling, heads, &encoder.graph)
        let outputs = heads.heads.map { Self.outputs($0, pooled, &encoder.graph) }
        let scores =
            outputs.count == 1
            ? outputs[0] : encoder.graph.add("Concat", outputs, attributes: [.integer("axis", -1)])
        encoder.graph.rename(scores, to: "scores")
        let file = ONNXFile(
            graph: encoder.graph,
            input: ONNXFile.Port(name: "waveform", shape: [.any("batch"), .any("samples")]),
            output: ONNXFile.Port(name: "scores", shape: [.any("batch"), .fixed(heads.dimensions.count)]),
            producerVersion: version,
            metadata: [
                "dimensions": heads.dimensions.joined(separator: ","),
                "sample_rate": "\(model.record.features.preprocessing.sampleRateHz)",
                "minimum_samples": "\(model.record.features.preprocessing.minimumSamples)",
            ])
        return try file.write(to: path("model.onnx"))
    }

    /// `[B, C]` or `[B, 2C]`.
    private static func pooled(
        _ frames: String, _ form: TrainConfiguration.Pooling, _ heads: FoldedHeads, _ graph: inout ONNXGraph
    ) -> String {
        guard form != .mean else { return graph.mean(frames, axis: 1, keeps: false) }
        func average(_ x: String, _ weights: String?, _ graph: inout ONNXGraph) -> String {
            guard let weights else { return graph.mean(x, axis: 1, keeps: true) }
            return graph.sum(graph.add("Mul", x, weights), axis: 1, keeps: true)
        }
        var weights: String?
        if form == .attentive {
            let (hidden, bias, score) = (heads.attention[0], heads.attention[1], heads.attention[2])
            func map(_ tensor: (name: String, shape: [Int], floats: [Float]), _ graph: inout ONNXGraph) -> String {
                graph.weight(
                    tensor.name, tensor.shape.reversed(), .floats(transposed(tensor.floats, rows: tensor.shape[0])))
            }
            let inner = graph.add(
                "Add", graph.add("MatMul", frames, map(hidden, &graph)),
                graph.weight(bias.name, bias.shape, .floats(bias.floats)))
            let scores = graph.add("MatMul", graph.add("Tanh", inner), map(score, &graph))
            weights = graph.add("Softmax", scores, attributes: [.integer("axis", 1)])
        }
        let mean = average(frames, weights, &graph), centred = graph.add("Sub", frames, mean)
        let variance = average(graph.add("Mul", centred, centred), weights, &graph)
        let deviation = graph.add("Sqrt", graph.add("Add", variance, graph.float(Pooling.epsilon)))
        let row = graph.add("Concat", mean, deviation, attributes: [.integer("axis", -1)])
        return graph.add("Squeeze", row, graph.integers(1))
    }

    /// `[B, outputs]` of one head.
    private static func outputs(_ head: FoldedHeads.Head, _ pooled: String, _ graph: inout ONNXGraph) -> String {
        var x = pooled
        for (index, layer) in head.layers.enumerated() {
            if index > 0, head.isActivated { x = graph.add("Tanh", x) }
            let weight = graph.weight(
                "\(layer.name).weight", [layer.inputs, layer.outputs],
                .floats(transposed(layer.weight, rows: layer.outputs)))
            let bias = graph.weight("\(layer.name).bias", [layer.outputs], .floats(layer.bias))
            x = graph.add("Add", graph.add("MatMul", x, weight), bias)
        }
        return x
    }
}
