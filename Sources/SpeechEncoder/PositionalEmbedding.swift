import Buffers
import Checkpoints
import Kernels

/// Convolutions over the projected frames whose output is added to them, in one of two forms; frozen or trained.
struct PositionalEmbedding: Sendable {
    /// A convolution as the checkpoint has it, from which the weight that products read is made.
    private struct Convolution: Sendable {
        /// `[C, inputs·kernel]` float32.
        let direction: Matrix
        /// Weight norm's, `[1, kernel]` float32.
        let gain: Matrix?
        /// `[1, C]` float32.
        let bias: Matrix
        let trained: (direction: TrainedTensor, gain: TrainedTensor?, bias: TrainedTensor)?
        /// `[C, kernel·inputs]` operands; nil where training changes it from step to step.
        let frozen: LinearWeight?
    }

    private let convolutions: [Convolution]
    /// Between a convolution and its GELU, in the stacked form: without parameters, so γ = 1 and β = 0.
    private let norm: LayerNorm?
    private let kernel: Int
    private let groups: Int
    private let precision: Precision
    private let engine: any Engine

    init(_ form: EncoderVariants.PositionalEmbedding, from parts: inout PartBuilder) throws(CheckpointError) {
        precision = parts.precision
        engine = parts.engine
        let prefix = "encoder.pos_conv_embed"
        var convolutions: [Convolution] = []
        switch form {
        case .weightNormed(let kernel, let groups):
            (self.kernel, self.groups) = (kernel, groups)
            norm = nil
            convolutions.append(
                try Self.convolution(
                    "\(prefix).conv.weight_v", gain: "\(prefix).conv.weight_g", bias: "\(prefix).conv.bias",
                    kernel: kernel, from: &parts))
        case .stacked(let count, let kernel, let groups):
            (self.kernel, self.groups) = (kernel, groups)
            for layer in 0..<count {
                let name = "\(prefix).layers.\(layer).conv"
                convolutions.append(
                    try Self.convolution(
                        "\(name).weight", gain: nil, bias: "\(name).bias", kernel: kernel, from: &parts))
            }
            let width = convolutions[0].direction.rows
            norm = LayerNorm(
                parameters: NormParameters(
                    gamma: engine.makeRow([Float](repeating: 1, count: width)),
                    beta: engine.makeRow([Float](repeating: 0, count: width)),
                    epsilon: EncoderConfiguration.convolutionNormEpsilon), trainedGamma: nil, trainedBeta: nil,
                engine: engine)
        }
        self.convolutions = convolutions
    }

    private static func convolution(
        _ directionName: String, gain gainName: String?, bias biasName: String, kernel: Int,
        from parts: inout PartBuilder
    ) throws(CheckpointError) -> Convolution {
        let direction = try parts.tensor(directionName, role: .weight)
        var gain: (value: Matrix, trained: TrainedTensor?)?
        if let gainName { gain = try parts.vector(gainName, role: .gain) }
        let bias = try parts.vector(biasName, role: .bias)
        var frozen: LinearWeight?
        if direction.trained == nil {
            let weight = parts.engine.makeMatrix(
                rows: direction.value.rows, columns: direction.value.columns, precision: parts.precision)
            parts.engine.tapMajorForward(out: weight, direction: direction.value, gain: gain?.value, taps: kernel)
            frozen = .frozen(parts.engine.freeze(weight, precision: parts.precision))
        }
        return Convolution(
            direction: direction.value, gain: gain?.value, bias: bias.value,
            trained: direction.trained.map { ($0, gain?.trained, bias.trained!) }, frozen: frozen)
    }

    private func weight(_ convolution: Convolution) -> Matrix {
        let weight = engine.makeMatrix(
            rows: convolution.direction.rows, columns: convolution.direction.columns, precision: precision)
        engine.tapMajorForward(out: weight, direction: convolution.direction, gain: convolution.gain, taps: kernel)
        return weight
    }

    private func operands(_ rows: Matrix) -> Matrix { EncoderRows(rows, operand: precision, engine: engine).operands }

    private func make(_ rows: Matrix, columns: Int? = nil) -> Matrix {
        engine.makeMatrix(rows: rows.rows, columns: columns ?? rows.columns, precision: .float32)
    }

    private func convolve(
        _ x: Matrix, _ weight: LinearWeight, _ convolution: Convolution, _ offsets: PackedOffsets,
        activation: Activation
    ) -> Matrix {
        let out = make(x)
        engine.positionalConvolutionForward(
            out: out, x: x, offsets: offsets, weight: weight, bias: convolution.bias, kernel: kernel, groups: groups,
            activation: activation)
        return out
    }

    /// `[N, C]` float32 from `[N, C]` float32; nothing is kept.
    func callAsFunction(_ rows: Matrix, offsets: PackedOffsets) -> Matrix {
        var x = rows
        for convolution in convolutions {
            let out = convolve(
                operands(x), convolution.frozen ?? .plain(weight(convolution)), convolution, offsets,
                activation: norm == nil ? .gelu : .identity)
            if let norm { engine.layerNormGeluForward(out: out, x: out, parameters: norm.parameters) }
            x = out
        }
        return x
    }

    /// What the backward pass needs of one convolution.
    struct Tape: Sendable {
        let input: Matrix
        let weight: Matrix
        /// What GELU read, `[N, C]` float32.
        let preactivation: Matrix
        let norm: LayerNorm.Tape?
    }

    func forward(_ rows: Matrix, offsets: PackedOffsets) -> (Matrix, [Tape]) {
        var x = rows, tapes: [Tape] = []
        for convolution in convolutions {
            let input = operands(x), weight = weight(convolution)
            let convolved = convolve(input, .plain(weight), convolution, offsets, activation: .identity)
            var preactivation = convolved, normTape: LayerNorm.Tape?
            if let norm {
                let statistics = make(x, columns: 2)
                preactivation = make(x)
                norm.forward(preactivation, statistics: statistics, x: convolved)
                normTape = LayerNorm.Tape(sum: convolved, statistics: statistics)
            }
            let out = make(x)
            engine.geluForward(out: out, x: preactivation, dropout: .none)
            tapes.append(Tape(input: input, weight: weight, preactivation: preactivation, norm: normTape))
            x = out
        }
        return (x, tapes)
    }

    /// Adds to the gradients of the convolutions and to `gradient`, `[N, C]` float32, which comes as that of the sum of positions and
    /// frames and leaves as that of the frames.
    func backward(_ gradient: Matrix, tapes: [Tape], offsets: PackedOffsets) {
        var dOut = gradient
        for (index, (convolution, tape)) in zip(convolutions, tapes).enumerated().reversed() {
            guard let trained = convolution.trained else {
                preconditionFailure("frozen positions have no backward pass")
            }
            let dConvolved = make(dOut)
            engine.geluBackward(dx: dConvolved, dOut: dOut, x: tape.preactivation, dropout: .none)
            if let norm, let normTape = tape.norm {
                norm.backward(dx: dConvolved, accumulate: false, dAddend: nil, dOut: dConvolved, tape: normTape)
            }
            let own = operands(dConvolved), dx = index == 0 ? gradient : make(dOut)
            if index > 0 { engine.clear(dx) }
            let dWeight = engine.makeMatrix(rows: tape.weight.rows, columns: tape.weight.columns, precision: .float32)
            engine.clear(dWeight)
            engine.positionalConvolutionBackward(
                dx: dx, dWeight: dWeight, dBias: trained.bias.gradient, dOut: own, x: tape.input, offsets: offsets,
                weight: tape.weight, kernel: kernel, groups: groups)
            engine.tapMajorBackward(
                dDirection: trained.direction.gradient, dGain: trained.gain?.gradient, dOut: dWeight,
                direction: convolution.direction, gain: convolution.gain, taps: kernel)
            dOut = dx
        }
    }
}
