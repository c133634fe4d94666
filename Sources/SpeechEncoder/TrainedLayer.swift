import Buffers
import Checkpoints
import Kernels

/// A transformer layer that is trained: its parameters, its forward pass and its backward pass.
struct TrainedLayer: Sendable {
    let parameters: [Parameter]
    private let layer: TransformerLayer
    private let queryKeyValue: Linear
    private let attentionOutput: Linear
    private let attentionNorm: Norm
    private let intermediate: Linear
    private let output: Linear
    private let finalNorm: Norm
    private let index: UInt64

    private struct Linear: Sendable {
        let weight: TrainedTensor
        let bias: TrainedTensor
    }

    private struct Norm: Sendable {
        let gamma: TrainedTensor
        let beta: TrainedTensor
        let epsilon: Float
        var parameters: NormParameters { NormParameters(gamma: gamma.value, beta: beta.value, epsilon: epsilon) }
    }

    init(
        _ index: Int, weights: WeightLoader, configuration: EncoderConfiguration, precision: Precision
    ) throws(CheckpointError) {
        let prefix = "encoder.layers.\(index)", engine = weights.engine
        var parameters: [Parameter] = []

        /// A linear map of one or several tensors of the checkpoint, stacked.
        func linear(_ names: [String]) throws(CheckpointError) -> Linear {
            var values: [Float] = [], bias: [Float] = []
            for name in names {
                values += try weights.floats("\(prefix).\(name).weight")
                bias += try weights.floats("\(prefix).\(name).bias")
            }
            let shape = weights.shape("\(prefix).\(names[0]).weight")
            let weight = TrainedTensor(
                values, rows: names.count * shape[0], columns: shape[1], operand: precision, engine: engine)
            let offset = TrainedTensor(bias, rows: 1, columns: bias.count, operand: .float32, engine: engine)
            for (block, name) in names.enumerated() {
                parameters.append(
                    weight.parameter(
                        "\(prefix).\(name).weight", shape: shape, role: .weight, block: block, of: names.count))
                parameters.append(
                    offset.parameter(
                        "\(prefix).\(name).bias", shape: [shape[0]], role: .bias, block: block, of: names.count))
            }
            return Linear(weight: weight, bias: offset)
        }
        func norm(_ name: String) throws(CheckpointError) -> Norm {
            let size = configuration.hiddenSize
            func vector(_ suffix: String) throws(CheckpointError) -> TrainedTensor {
                let full = "\(prefix).\(name).\(suffix)"
                let tensor = TrainedTensor(
                    try weights.floats(full), rows: 1, columns: size, operand: .float32, engine: engine)
                parameters.append(tensor.parameter(full, shape: [size], role: .norm))
                return tensor
            }
            return Norm(
                gamma: try vector("weight"), beta: try vector("bias"), epsilon: configuration.layerNormEpsilon)
        }

        queryKeyValue = try linear(["attention.q_proj", "attention.k_proj", "attention.v_proj"])
        attentionOutput = try linear(["attention.out_proj"])
        attentionNorm = try norm("layer_norm")
        intermediate = try linear(["feed_forward.intermediate_dense"])
        output = try linear(["feed_forward.output_dense"])
        finalNorm = try norm("final_layer_norm")
        self.parameters = parameters
        self.index = UInt64(index)
        layer = TransformerLayer(
            weights: LayerWeights(
                queryKeyValue: .trained(queryKeyValue.weight.operand), queryKeyValueBias: queryKeyValue.bias.value,
                attentionOutput: .trained(attentionOutput.weight.operand),
                attentionOutputBias: attentionOutput.bias.value, attentionNorm: attentionNorm.parameters,
                intermediate: .trained(intermediate.weight.operand), intermediateBias: intermediate.bias.value,
                output: .trained(output.weight.operand), outputBias: output.bias.value,
                finalNorm: finalNorm.parameters),
            heads: configuration.headCount, engine: engine)
    }

    func callAsFunction(_ x: EncoderRows, offsets: PackedOffsets) -> EncoderRows { layer(x, offsets: offsets) }

    func forward(_ x: EncoderRows, offsets: PackedOffsets, step: TrainingStep) -> (EncoderRows, LayerTape) {
        layer.forward(x, offsets: offsets, dropouts: step.dropouts(layer: index))
    }

    /// Adds to every parameter's gradient and returns the gradient with respect to the layer's input.
    ///
    /// - Parameters:
    ///   - dOut: `[N, C]` float32; overwritten.
    ///   - needsInput: whether the gradient with respect to the input is wanted; the lowest trained layer's is not.
    func backward(
        dOut: Matrix, tape: LayerTape, offsets: PackedOffsets, step: TrainingStep, needsInput: Bool
    ) -> Matrix? {
        let engine = layer.engine, dropouts = step.dropouts(layer: index)
        let rows = dOut.rows, columns = dOut.columns, precision = tape.input.precision

        // out = LN(h + drop(W₂ a + b₂)): the residual's gradient takes dOut's place.
        let dBranch = layer.make(rows, columns, precision)
        engine.layerNormBackward(
            dx: dOut, dAddend: dBranch, dGamma: finalNorm.gamma.gradient, dBeta: finalNorm.beta.gradient, dOut: dOut,
            sum: tape.outputSum, statistics: tape.outputStatistics, dropout: dropouts.output,
            parameters: finalNorm.parameters)
        engine.linearBackwardWeight(
            dWeight: output.weight.gradient, dBias: output.bias.gradient, dOut: dBranch, x: tape.activation)
        let dActivation = layer.make(rows, tape.activation.columns, precision)
        engine.linearBackwardInput(dx: dActivation, dOut: dBranch, weight: output.weight.operand, accumulate: false)

        // a = drop(gelu(W₁ h + b₁))
        engine.geluBackward(
            dx: dActivation, dOut: dActivation, x: tape.preactivation, dropout: dropouts.intermediate)
        engine.linearBackwardWeight(
            dWeight: intermediate.weight.gradient, dBias: intermediate.bias.gradient, dOut: dActivation, x: tape.middle)
        engine.linearBackwardInput(
            dx: dOut, dOut: dActivation, weight: intermediate.weight.operand, accumulate: true)

        // h = LN(x + drop(W attention + b))
        engine.layerNormBackward(
            dx: dOut, dAddend: dBranch, dGamma: attentionNorm.gamma.gradient, dBeta: attentionNorm.beta.gradient,
            dOut: dOut, sum: tape.attentionSum, statistics: tape.attentionStatistics,
            dropout: dropouts.attentionOutput, parameters: attentionNorm.parameters)
        engine.linearBackwardWeight(
            dWeight: attentionOutput.weight.gradient, dBias: attentionOutput.bias.gradient, dOut: dBranch,
            x: tape.attended)
        let dAttended = layer.make(rows, columns, precision)
        engine.linearBackwardInput(
            dx: dAttended, dOut: dBranch, weight: attentionOutput.weight.operand, accumulate: false)

        let dQueryKeyValue = layer.make(rows, 3 * columns, precision)
        engine.attentionBackward(
            dQKV: dQueryKeyValue, dOut: dAttended, logSumExp: tape.logSumExp, qkv: tape.queryKeyValue,
            shape: layer.attentionShape(offsets, dAttended), dropout: dropouts.attention)
        engine.linearBackwardWeight(
            dWeight: queryKeyValue.weight.gradient, dBias: queryKeyValue.bias.gradient, dOut: dQueryKeyValue,
            x: tape.input)
        guard needsInput else { return nil }
        engine.linearBackwardInput(
            dx: dOut, dOut: dQueryKeyValue, weight: queryKeyValue.weight.operand, accumulate: true)
        return dOut
    }
}
