import Checkpoints
import Runs

/// A run's heads for other software: from pooled rows as the encoder gives them to the labels' own scale.
///
/// Every form begins and ends with a linear layer, so the standardisation of pooled rows folds into the first and the labels' scale
/// into the last, with row `d` of the last for dimension `d` (in float64, rounded once):
///
///     W' = W · diag(scale)     b' = b − W' shift          W'_d = deviation_d W_d     b'_d = deviation_d b_d + mean_d
public struct FoldedHeads: Sendable {
    /// `y = x Wᵀ + b`.
    public struct Layer: Sendable {
        /// Of its tensors, `<name>.weight` and `<name>.bias`.
        public let name: String
        public let inputs: Int
        public let outputs: Int
        /// `[outputs, inputs]`.
        public let weight: [Float]
        public let bias: [Float]
    }

    /// One network for one dimension, or for all.
    public struct Head: Sendable {
        public let layers: [Layer]
        /// Whether tanh lies between the layers.
        public let isActivated: Bool
    }

    public let dimensions: [String]
    /// Their outputs end to end are the dimensions.
    public let heads: [Head]
    /// Of attentive pooling: `W`, `b` and `v`.
    public let attention: [(name: String, shape: [Int], floats: [Float])]

    /// - Parameters:
    ///   - configuration: the run's; of it pooling, attention and heads.
    ///   - hiddenSize: `C` of the encoder.
    ///   - trained: the run's `best.safetensors`, or a bundle.
    public init(_ configuration: TrainConfiguration, hiddenSize: Int, trained: SafetensorsFile) throws {
        let labels = try BestWeights.labels(in: trained)
        dimensions = labels.map(\.name)
        let inputs = configuration.pooling == .mean ? hiddenSize : 2 * hiddenSize
        let standardisation = try TrainingState.standardisation(in: trained, columns: inputs)
        let shapes = RegressionHead.Shape.shapes(configuration.head, inputs: inputs, dimensions: dimensions)
        var heads: [Head] = [], first = 0
        for shape in shapes {
            let count = shape.layers[shape.layers.count - 1].outputs
            var layers: [Layer] = [], width = inputs
            for (index, layer) in shape.layers.enumerated() {
                var map = Map(
                    weight: try trained.floats("\(layer.name).weight", shape: [layer.outputs, width]).map(Double.init),
                    bias: try trained.floats("\(layer.name).bias", shape: [layer.outputs]).map(Double.init),
                    inputs: width)
                if index == 0 { map.fold(standardisation) }
                if index == shape.layers.count - 1 { map.fold(labels[first..<first + count]) }
                layers.append(
                    Layer(
                        name: layer.name, inputs: width, outputs: layer.outputs, weight: map.weight.map { Float($0) },
                        bias: map.bias.map { Float($0) }))
                width = layer.outputs
            }
            heads.append(Head(layers: layers, isActivated: shape.isActivated))
            first += count
        }
        self.heads = heads
        let hidden = configuration.attention.hidden
        attention =
            configuration.pooling == .attentive
            ? try [
                ("pooling.attention.weight", [hidden, hiddenSize]), ("pooling.attention.bias", [hidden]),
                ("pooling.score.weight", [1, hidden]),
            ].map { ($0, $1, try trained.floats($0, shape: $1)) } : []
    }

    /// Under the names that the run has for them.
    public var tensors: [(name: String, shape: [Int], floats: [Float])] {
        attention
            + heads.flatMap(\.layers).flatMap { layer in
                [
                    ("\(layer.name).weight", [layer.outputs, layer.inputs], layer.weight),
                    ("\(layer.name).bias", [layer.outputs], layer.bias),
                ]
            }
    }
}

/// A linear map in float64.
private struct Map {
    var weight: [Double]
    var bias: [Double]
    let inputs: Int

    mutating func fold(_ standardisation: RegressionTop.Standardisation) {
        for row in bias.indices {
            for column in 0..<inputs {
                weight[row * inputs + column] *= Double(standardisation.scale[column])
                bias[row] -= weight[row * inputs + column] * Double(standardisation.shift[column])
            }
        }
    }

    mutating func fold(_ labels: ArraySlice<BestWeights.Label>) {
        for (row, label) in labels.enumerated() {
            for column in 0..<inputs { weight[row * inputs + column] *= label.deviation }
            bias[row] = bias[row] * label.deviation + label.mean
        }
    }
}
