import Checkpoints
import SpeechEncoder

/// Builds an encoder's graph from the waveform to the last layer's frames, float32 throughout, in the order in which
/// `SpeechEncoder` computes it.
struct ONNXEncoder {
    var graph = ONNXGraph()
    let weights: MergedWeights
    let configuration: EncoderConfiguration
    private let shapes: [String: [Int]]

    init(_ weights: MergedWeights) {
        self.weights = weights
        configuration = weights.model.encoder
        shapes = Dictionary(uniqueKeysWithValues: TensorNames(configuration).all.map { ($0.name, $0.shape) })
    }

    /// Frames `[B, T, C]` from waveforms `[B, samples]`.
    mutating func frames(_ waveform: String) -> String {
        let model = weights.model
        var x = model.record.features.preprocessing.normalise ? normalised(waveform) : waveform
        x = features(graph.add("Unsqueeze", x, graph.integers(1)))
        x = pooled(x, at: .cnn)
        x = pooled(embedding(x), at: .layer(0))
        var biases = configuration.variants.relativePositions.map { positionBiases($0, x) }
        for index in 0..<configuration.layerCount {
            let rows = layer(index, x, biases: biases)
            x = pooled(rows, at: .layer(index + 1))
            // There are fewer of them from here on.
            if x != rows { biases = configuration.variants.relativePositions.map { positionBiases($0, x) } }
        }
        return configuration.variants.isPreNorm ? norm(x, "encoder.layer_norm") : x
    }

    /// `(x − mean) / √(variance + 1e-7)` over each waveform.
    private mutating func normalised(_ x: String) -> String {
        let centred = graph.add("Sub", x, graph.mean(x, axis: 1, keeps: true))
        let variance = graph.mean(graph.add("Mul", centred, centred), axis: 1, keeps: true)
        return graph.add("Div", centred, graph.add("Sqrt", graph.add("Add", variance, graph.float(1e-7))))
    }

    /// Means of neighbouring frames, where the run was trained on such rows of this cut.
    private mutating func pooled(_ x: String, at cut: Cut) -> String {
        let count = weights.model.record.features.pool
        guard count > 1, cut == weights.model.cut else { return x }
        let means = graph.add(
            "AveragePool", graph.transpose(x, 0, 2, 1),
            attributes: [
                .integers("kernel_shape", [count]), .integers("strides", [count]), .integer("ceil_mode", 1),
                .integer("count_include_pad", 0),
            ])
        return graph.transpose(means, 0, 2, 1)
    }

    // MARK: The CNN and the embedding

    /// `[B, T, C]` from `[B, 1, samples]`.
    private mutating func features(_ waveform: String) -> String {
        var x = waveform
        for (index, convolution) in configuration.convolutions.enumerated() {
            let name = "feature_extractor.conv_layers.\(index)"
            let bias = configuration.variants.convolutionsHaveBias ? [tensor("\(name).conv.bias")] : []
            x = graph.add(
                "Conv", [x, tensor("\(name).conv.weight")] + bias,
                attributes: [.integers("strides", [convolution.stride])])
            switch configuration.variants.convolutionNorm {
            case .group where index == 0:
                // One group per channel: each is normed over time.
                x = graph.add(
                    "InstanceNormalization", x, tensor("\(name).layer_norm.weight"), tensor("\(name).layer_norm.bias"),
                    attributes: [.float("epsilon", EncoderConfiguration.convolutionNormEpsilon)])
            case .group: break
            case .layer:
                x = norm(
                    graph.transpose(x, 0, 2, 1), "\(name).layer_norm",
                    epsilon: EncoderConfiguration.convolutionNormEpsilon)
                x = graph.transpose(x, 0, 2, 1)
            }
            x = graph.gelu(x)
        }
        return graph.transpose(x, 0, 2, 1)
    }

    private mutating func embedding(_ features: String) -> String {
        let normed =
            configuration.variants.projectionHasNorm ? norm(features, "feature_projection.layer_norm") : features
        let projected = linear(normed, "feature_projection.projection")
        let sum = graph.add("Add", projected, positions(projected))
        return configuration.variants.isPreNorm ? sum : norm(sum, "encoder.layer_norm")
    }

    private mutating func positions(_ projected: String) -> String {
        let prefix = "encoder.pos_conv_embed"
        var x = graph.transpose(projected, 0, 2, 1)
        switch configuration.variants.positionalEmbedding {
        case .weightNormed(let kernel, let groups):
            let name = "\(prefix).conv.weight", weights = weights, shape = shapes["\(prefix).conv.weight_v"] ?? []
            let weight = graph.weight(
                name, shape,
                .later {
                    Self.weightNormed(
                        try weights.floats("\(name)_v"), gain: try weights.floats("\(name)_g"), kernel: kernel)
                })
            x = graph.gelu(convolved(x, weight, tensor("\(prefix).conv.bias"), kernel: kernel, groups: groups))
        case .stacked(let count, let kernel, let groups):
            let width = configuration.hiddenSize
            let ones = graph.weight(
                "\(prefix).ones", [width], .floats([Float](repeating: 1, count: width)))
            for layer in 0..<count {
                let name = "\(prefix).layers.\(layer).conv"
                x = convolved(x, tensor("\(name).weight"), tensor("\(name).bias"), kernel: kernel, groups: groups)
                x = graph.layerNorm(
                    graph.transpose(x, 0, 2, 1), scale: ones, bias: nil,
                    epsilon: EncoderConfiguration.convolutionNormEpsilon)
                x = graph.transpose(graph.gelu(x), 0, 2, 1)
            }
        }
        return graph.transpose(x, 0, 2, 1)
    }

    /// As many frames as it reads: an even kernel's last one is dropped.
    private mutating func convolved(
        _ x: String, _ weight: String, _ bias: String, kernel: Int, groups: Int
    ) -> String {
        let out = graph.add(
            "Conv", x, weight, bias,
            attributes: [.integers("pads", [kernel / 2, kernel / 2]), .integer("group", groups)])
        guard kernel % 2 == 0 else { return out }
        return graph.add("Slice", out, graph.integers(0), graph.integers(-1), graph.integers(2))
    }

    /// `g_k v_k / ‖v_k‖` for each tap `k`, `[outputs, inputs, kernel]`.
    /// - Source: Salimans and Kingma 2016, eq. 2, over the last dimension as `torch.nn.utils.weight_norm(dim=2)`.
    static func weightNormed(_ direction: [Float], gain: [Float], kernel: Int) -> [Float] {
        var squares = [Double](repeating: 0, count: kernel)
        for (index, value) in direction.enumerated() { squares[index % kernel] += Double(value) * Double(value) }
        let factors = zip(gain, squares).map { Double($0) / $1.squareRoot() }
        return direction.enumerated().map { Float(Double($1) * factors[$0 % kernel]) }
    }

    // MARK: Layers

    private mutating func layer(_ index: Int, _ x: String, biases: String?) -> String {
        let name = "encoder.layers.\(index)"
        guard configuration.variants.isPreNorm else {
            let middle = norm(
                graph.add("Add", x, attention(x, "\(name).attention", biases: biases)), "\(name).layer_norm")
            return norm(
                graph.add("Add", middle, feedForward(middle, "\(name).feed_forward")), "\(name).final_layer_norm")
        }
        let attended = attention(norm(x, "\(name).layer_norm"), "\(name).attention", biases: biases)
        let middle = graph.add("Add", x, attended)
        return graph.add(
            "Add", middle, feedForward(norm(middle, "\(name).final_layer_norm"), "\(name).feed_forward"))
    }

    private mutating func feedForward(_ x: String, _ name: String) -> String {
        linear(graph.gelu(linear(x, "\(name).intermediate_dense")), "\(name).output_dense")
    }

    private mutating func attention(_ x: String, _ name: String, biases: String?) -> String {
        let heads = configuration.headCount, width = configuration.hiddenSize / heads
        let scale = graph.float(1 / Float(width).squareRoot())
        let q = graph.transpose(split(graph.add("Mul", linear(x, "\(name).q_proj"), scale)), 0, 2, 1, 3)
        let k = graph.transpose(split(linear(x, "\(name).k_proj")), 0, 2, 3, 1)
        let v = graph.transpose(split(linear(x, "\(name).v_proj")), 0, 2, 1, 3)
        var scores = graph.add("MatMul", q, k)
        if let biases { scores = graph.add("Add", scores, graph.add("Mul", gate(x, name), biases)) }
        let probabilities = graph.add("Softmax", scores, attributes: [.integer("axis", -1)])
        let attended = graph.transpose(graph.add("MatMul", probabilities, v), 0, 2, 1, 3)
        return linear(graph.reshape(attended, 0, 0, configuration.hiddenSize), "\(name).out_proj")
    }

    /// `[B, T, H, D]` from `[B, T, C]`.
    private mutating func split(_ x: String) -> String {
        graph.reshape(x, 0, 0, configuration.headCount, configuration.hiddenSize / configuration.headCount)
    }

    // MARK: WavLM's gated relative positions

    /// `[1, H, T, T]`: what each head adds at each distance. The embedding of buckets becomes one of distances; from `maximumDistance`
    /// on all are one.
    private mutating func positionBiases(_ positions: RelativePositions, _ x: String) -> String {
        let heads = configuration.headCount, reach = positions.maximumDistance, weights = weights
        let table = graph.weight(
            "encoder.relative_positions", [2 * reach + 1, heads],
            .later {
                let buckets = try weights.floats(TensorNames.relativeTable)
                return (-reach...reach).flatMap { distance in
                    let bucket = positions.bucket(distance: distance)
                    return buckets[bucket * heads..<(bucket + 1) * heads]
                }
            })
        let length = graph.add("Gather", graph.add("Shape", x), graph.integer(1))
        let frames = graph.add("Range", graph.integer(0), length, graph.integer(1))
        let distances = graph.add(
            "Sub", graph.add("Unsqueeze", frames, graph.integers(0)), graph.add("Unsqueeze", frames, graph.integers(1)))
        let clipped = graph.add("Clip", distances, graph.integer(-reach), graph.integer(reach))
        let biases = graph.add("Gather", table, graph.add("Add", clipped, graph.integer(reach)))
        return graph.add("Unsqueeze", graph.transpose(biases, 2, 0, 1), graph.integers(0))
    }

    /// `[B, H, T, 1]`: `a (b·c − 1) + 2`, with `a` and `b` sigmoids of sums of four of eight projections.
    private mutating func gate(_ x: String, _ name: String) -> String {
        let frames = graph.transpose(split(x), 0, 2, 1, 3)
        let projected = graph.reshape(linear(frames, "\(name).gru_rel_pos_linear"), 0, 0, -1, 2, 4)
        let gates = graph.add("Sigmoid", graph.sum(projected, axis: -1, keeps: false))
        func part(_ index: Int, _ graph: inout ONNXGraph) -> String {
            graph.add("Gather", gates, graph.integers(index), attributes: [.integer("axis", -1)])
        }
        let inner = graph.add("Mul", part(1, &graph), tensor("\(name).gru_rel_pos_const"))
        let product = graph.add("Mul", part(0, &graph), graph.add("Sub", inner, graph.float(1)))
        return graph.add("Add", product, graph.float(2))
    }

    // MARK: What all parts use

    private mutating func norm(_ x: String, _ name: String, epsilon: Float? = nil) -> String {
        graph.layerNorm(
            x, scale: tensor("\(name).weight"), bias: tensor("\(name).bias"),
            epsilon: epsilon ?? configuration.layerNormEpsilon)
    }

    private mutating func linear(_ x: String, _ name: String) -> String {
        let weights = weights, shape = shapes["\(name).weight"] ?? []
        let weight = graph.weight(
            "\(name).weight", [shape[1], shape[0]],
            .later { transposed(try weights.floats("\(name).weight"), rows: shape[0]) })
        return graph.add("Add", graph.add("MatMul", x, weight), tensor("\(name).bias"))
    }

    private mutating func tensor(_ name: String) -> String {
        guard let shape = shapes[name] else { preconditionFailure("\(name) is not in the encoder's table of tensors") }
        let weights = weights
        return graph.weight(name, shape, .later { try weights.floats(name) })
    }
}

/// `[columns, rows]` from `[rows, columns]`: `MatMul` wants the inputs first.
func transposed(_ values: [Float], rows: Int) -> [Float] {
    let columns = values.count / rows
    return [Float](unsafeUninitializedCapacity: values.count) { out, initialised in
        for row in 0..<rows {
            for column in 0..<columns { out[column * rows + row] = values[row * columns + column] }
        }
        initialised = values.count
    }
}
