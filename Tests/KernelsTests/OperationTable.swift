import Buffers
import Kernels

extension OperationCase {
    static let all: [OperationCase] =
        [
            linear(rows: 7, inputs: 10, outputs: 6), linear(rows: 70, inputs: 48, outputs: 33),
            linear(rows: 1, inputs: 5, outputs: 1),
            // More outputs than one block: with three threads, blocks of other heights than with one.
            linear(rows: 90, inputs: 48, outputs: 144),
            // As low-rank adapters have them, and with a row too many for the threads.
            linear(rows: 65, inputs: 48, outputs: 8), addedLinear(rows: 65, inputs: 8, outputs: 48),
            frozenLinear(rows: 37, inputs: 24, outputs: 20),
            layerNorm(rows: 5, columns: 12, dropout: 0), layerNorm(rows: 300, columns: 40, dropout: 0.3),
            gelu(rows: 6, columns: 9, dropout: 0), gelu(rows: 50, columns: 33, dropout: 0.25),
            tanh(rows: 4, columns: 7, dropout: 0), tanh(rows: 9, columns: 5, dropout: 0.5),
            standardise(rows: 5, columns: 6), pool(lengths: [1, 4, 3], columns: 5),
            pool(lengths: [130, 2], columns: 70),
            statisticsPool(lengths: [1, 4, 3], columns: 5), statisticsPool(lengths: [130, 2], columns: 70),
            weightedStatisticsPool(lengths: [1, 4, 3], columns: 5),
            weightedStatisticsPool(lengths: [130, 2], columns: 70),
            attention(lengths: [5], heads: 1, width: 4, dropout: 0),
            attention(lengths: [3, 1, 6], heads: 2, width: 4, dropout: 0),
            attention(lengths: [4, 7], heads: 3, width: 8, dropout: 0.3),
            // Long enough for several blocks of queries and tiles of keys.
            attention(lengths: [30, 700], heads: 1, width: 8, dropout: 0.1),
            gatedAttention(lengths: [5], heads: 1, width: 4, dropout: 0),
            gatedAttention(lengths: [3, 1, 6], heads: 2, width: 4, dropout: 0.2),
            gatedAttention(lengths: [30, 700], heads: 2, width: 8, dropout: 0.1),
            positionGates(rows: 5, heads: 3), preNorm(rows: 6, columns: 10), preNorm(rows: 200, columns: 20),
            layerNormGelu(rows: 9, columns: 14), add(rows: 5, columns: 7, dropout: 0),
            add(rows: 40, columns: 24, dropout: 0.4),
            foldedGroupNorm(samples: 100, channels: 6), foldedGroupNorm(samples: 400, channels: 3),
            stridedConvolution(rows: 11, channels: 4, outputs: 6, kernel: 3, stride: 2),
            stridedConvolution(rows: 300, channels: 16, outputs: 24, kernel: 3, stride: 2),
            stridedConvolution(rows: 130, channels: 9, outputs: 150, kernel: 3, stride: 2),
            stridedConvolution(rows: 9, channels: 4, outputs: 6, kernel: 2, stride: 2),
            stridedConvolution(rows: 9, channels: 4, outputs: 5, kernel: 5, stride: 2),
            stridedConvolution(rows: 6, channels: 3, outputs: 4, kernel: 1, stride: 1),
            positionalConvolution(lengths: [7, 2], channels: 8, kernel: 4, groups: 2),
            positionalConvolution(lengths: [3], channels: 6, kernel: 36, groups: 3),
            positionalConvolution(lengths: [40], channels: 12, kernel: 5, groups: 1),
            // Sums in two parts.
            positionalConvolution(lengths: [25], channels: 50, kernel: 47, groups: 1),
            waveformConvolution(samples: 700, channels: 70, hasBias: true),
            waveformConvolution(samples: 30, channels: 5, hasBias: false),
            positionalConvolutionWithGelu(rows: 9, channels: 6),
            tapMajor(outputs: 6, inputs: 3, taps: 4, hasGain: true),
            tapMajor(outputs: 5, inputs: 2, taps: 3, hasGain: false), addedLinear(rows: 20, inputs: 9, outputs: 3),
            blend(rows: 3, columns: 11, weight: 0.3), blend(rows: 300, columns: 400, weight: 1e-3),
        ]

    static let differentiable = all.filter { $0.backward != nil && !$0.skipsDifferences }

    static func linear(rows: Int, inputs: Int, outputs: Int) -> OperationCase {
        OperationCase(
            name: "linear [\(rows), \(inputs)] by [\(outputs), \(inputs)]",
            inputs: [
                Input(name: "x", rows: rows, columns: inputs, isOperand: true),
                Input(name: "weight", rows: outputs, columns: inputs, isOperand: true),
                Input(name: "bias", rows: 1, columns: outputs),
            ], outputCount: rows * outputs
        ) { engine, inputs, _ in
            let out = engine.make(rows, outputs)
            engine.linearForward(
                out: out, x: inputs[0], weight: .plain(inputs[1]), bias: inputs[2], activation: .identity)
            return out
        } backward: { engine, inputs, dOut, precision in
            let operand = engine.operands(dOut, precision)
            // Once overwritten and once added to, so that both are right.
            let dx = engine.make(rows, inputs[0].columns)
            engine.linearBackwardInput(dx: dx, dOut: operand, weight: inputs[1], accumulate: false)
            let dWeight = engine.zeros(outputs, inputs[0].columns), dBias = engine.zeros(1, outputs)
            engine.linearBackwardWeight(dWeight: dWeight, dBias: dBias, dOut: operand, x: inputs[0])
            return [dx, dWeight, dBias]
        }
    }

    static func frozenLinear(rows: Int, inputs: Int, outputs: Int) -> OperationCase {
        OperationCase(
            name: "frozen linear with gelu [\(rows), \(inputs)] by [\(outputs), \(inputs)]",
            inputs: [
                Input(name: "x", rows: rows, columns: inputs, isOperand: true),
                Input(name: "weight", rows: outputs, columns: inputs, scale: 0.3),
                Input(name: "bias", rows: 1, columns: outputs),
            ], outputCount: rows * outputs,
            forward: { engine, inputs, precision in
                let out = engine.make(rows, outputs)
                let weight = engine.freeze(inputs[1], precision: precision)
                engine.linearForward(
                    out: out, x: inputs[0], weight: .frozen(weight), bias: inputs[2], activation: .gelu)
                return out
            }, backward: nil)
    }

    static func layerNorm(rows: Int, columns: Int, dropout probability: Float) -> OperationCase {
        let dropout = Dropout(probability: probability, key: 77)
        return OperationCase(
            name: "layer norm [\(rows), \(columns)] of a sum, dropout \(probability)",
            inputs: [
                Input(name: "x", rows: rows, columns: columns, mean: 0.5),
                Input(name: "addend", rows: rows, columns: columns, isOperand: true),
                Input(name: "gamma", rows: 1, columns: columns, mean: 1),
                Input(name: "beta", rows: 1, columns: columns),
            ], outputCount: rows * columns
        ) { engine, inputs, _ in
            let out = engine.make(rows, columns)
            engine.layerNormForward(
                NormOutputs(out: out), x: inputs[0], addend: inputs[1], dropout: dropout,
                parameters: NormParameters(gamma: inputs[2], beta: inputs[3], epsilon: 1e-5))
            return out
        } backward: { engine, inputs, dOut, _ in
            let parameters = NormParameters(gamma: inputs[2], beta: inputs[3], epsilon: 1e-5)
            let sum = engine.make(rows, columns), statistics = engine.make(rows, 2)
            engine.layerNormForward(
                NormOutputs(out: engine.make(rows, columns), sum: sum, statistics: statistics), x: inputs[0],
                addend: inputs[1], dropout: dropout, parameters: parameters)
            let dx = engine.make(rows, columns), dAddend = engine.make(rows, columns, inputs[1].precision)
            let dGamma = engine.zeros(1, columns), dBeta = engine.zeros(1, columns)
            engine.layerNormBackward(
                dx: dx, accumulate: false, dAddend: dAddend, dGamma: dGamma, dBeta: dBeta, dOut: dOut, sum: sum,
                statistics: statistics, dropout: dropout, parameters: parameters)
            return [dx, dAddend, dGamma, dBeta]
        }
    }

    /// As pre-norm layers use it: `out = x + LN(x)`, only operands written forward, the residual's gradient added to backward,
    /// γ and β frozen.
    static func preNorm(rows: Int, columns: Int) -> OperationCase {
        OperationCase(
            name: "x + layer norm of x [\(rows), \(columns)], frozen",
            inputs: [Input(name: "x", rows: rows, columns: columns, mean: 0.5)], outputCount: rows * columns
        ) { engine, inputs, precision in
            let normed = engine.make(rows, columns, precision), out = engine.make(rows, columns)
            let isWide = precision == .float32
            engine.layerNormForward(
                NormOutputs(out: isWide ? normed : nil, operand: isWide ? nil : normed), x: inputs[0], addend: nil,
                dropout: .none, parameters: wavyNorm(columns, engine))
            engine.addForward(out: out, x: inputs[0], addend: normed, dropout: .none)
            return out
        } backward: { engine, inputs, dOut, _ in
            let statistics = engine.make(rows, 2), dx = engine.operands(dOut, .float32)
            engine.layerNormForward(
                NormOutputs(out: engine.make(rows, columns), statistics: statistics), x: inputs[0], addend: nil,
                dropout: .none, parameters: wavyNorm(columns, engine))
            engine.layerNormBackward(
                dx: dx, accumulate: true, dAddend: nil, dGamma: nil, dBeta: nil, dOut: dOut, sum: inputs[0],
                statistics: statistics, dropout: .none, parameters: wavyNorm(columns, engine))
            return [dx]
        }
    }

    private static func wavyNorm(_ columns: Int, _ engine: any Engine) -> NormParameters {
        NormParameters(
            gamma: engine.makeRow((0..<columns).map { 1 + 0.1 * Float($0 % 5) }),
            beta: engine.makeRow((0..<columns).map { 0.1 * Float($0 % 3) }), epsilon: 1e-5)
    }

    static func layerNormGelu(rows: Int, columns: Int) -> OperationCase {
        OperationCase(
            name: "gelu of layer norm [\(rows), \(columns)]",
            inputs: [Input(name: "x", rows: rows, columns: columns, mean: 0.5, isOperand: true)],
            outputCount: rows * columns,
            forward: { engine, inputs, precision in
                let out = engine.operands(inputs[0], precision)
                engine.layerNormGeluForward(out: out, x: out, parameters: wavyNorm(columns, engine))
                return out
            }, backward: nil)
    }

    static func add(rows: Int, columns: Int, dropout probability: Float) -> OperationCase {
        let dropout = Dropout(probability: probability, key: 12)
        return OperationCase(
            name: "add [\(rows), \(columns)], dropout \(probability)",
            inputs: [
                Input(name: "x", rows: rows, columns: columns),
                Input(name: "addend", rows: rows, columns: columns, isOperand: true),
            ], outputCount: rows * columns
        ) { engine, inputs, _ in
            let out = engine.make(rows, columns)
            engine.addForward(out: out, x: inputs[0], addend: inputs[1], dropout: dropout)
            return out
        } backward: { engine, inputs, dOut, precision in
            let dAddend = engine.make(rows, columns, precision)
            engine.dropoutForward(out: dAddend, x: dOut, dropout: dropout)
            return [dOut, dAddend]
        }
    }

    static func blend(rows: Int, columns: Int, weight: Float) -> OperationCase {
        OperationCase(
            name: "blend [\(rows), \(columns)] by \(weight)",
            inputs: [
                Input(name: "average", rows: rows, columns: columns), Input(name: "x", rows: rows, columns: columns),
            ], outputCount: rows * columns,
            forward: { engine, inputs, _ in
                let out = engine.operands(inputs[0], .float32)
                engine.blend(out: out, x: inputs[1], weight: weight)
                return out
            }, backward: nil)
    }

    static func gelu(rows: Int, columns: Int, dropout probability: Float) -> OperationCase {
        let dropout = Dropout(probability: probability, key: 5)
        return OperationCase(
            name: "gelu [\(rows), \(columns)], dropout \(probability)",
            inputs: [Input(name: "x", rows: rows, columns: columns, scale: 2, isOperand: true)],
            outputCount: rows * columns
        ) { engine, inputs, _ in
            let out = engine.make(rows, columns, inputs[0].precision)
            engine.geluForward(out: out, x: inputs[0], dropout: dropout)
            return out
        } backward: { engine, inputs, dOut, precision in
            let dx = engine.operands(dOut, precision)
            engine.geluBackward(dx: dx, dOut: dx, x: inputs[0], dropout: dropout)
            return [dx]
        }
    }

    static func tanh(rows: Int, columns: Int, dropout probability: Float) -> OperationCase {
        let dropout = Dropout(probability: probability, key: 6)
        return OperationCase(
            name: "tanh [\(rows), \(columns)], dropout \(probability)",
            inputs: [Input(name: "x", rows: rows, columns: columns)], outputCount: rows * columns
        ) { engine, inputs, _ in
            let out = engine.make(rows, columns)
            engine.tanhForward(out: out, x: inputs[0], dropout: dropout)
            return out
        } backward: { engine, inputs, dOut, _ in
            let dx = engine.make(rows, columns)
            engine.tanhBackward(dx: dx, dOut: dOut, x: inputs[0], dropout: dropout)
            return [dx]
        }
    }

    static func standardise(rows: Int, columns: Int) -> OperationCase {
        OperationCase(
            name: "standardise [\(rows), \(columns)]",
            inputs: [
                Input(name: "x", rows: rows, columns: columns), Input(name: "shift", rows: 1, columns: columns),
                Input(name: "scale", rows: 1, columns: columns, mean: 2),
            ], outputCount: rows * columns
        ) { engine, inputs, _ in
            let out = engine.make(rows, columns)
            engine.standardise(out: out, x: inputs[0], shift: inputs[1], scale: inputs[2])
            return out
        } backward: { engine, inputs, dOut, _ in
            let dx = engine.make(rows, columns)
            engine.standardise(out: dx, x: dOut, shift: nil, scale: inputs[2])
            return [dx]
        }
    }

    static func attention(lengths: [Int], heads: Int, width: Int, dropout probability: Float) -> OperationCase {
        let offsets = try! PackedOffsets(lengths: lengths), rows = offsets.rowCount, size = heads * width
        let shape = AttentionShape(offsets: offsets, heads: heads, width: width)
        let dropout = Dropout(probability: probability, key: 9)
        return OperationCase(
            name: "attention \(lengths), \(heads) heads of \(width), dropout \(probability)",
            inputs: [Input(name: "qkv", rows: rows, columns: 3 * size, isOperand: true)], outputCount: rows * size,
            skipsDifferences: rows > 100
        ) { engine, inputs, precision in
            let out = engine.make(rows, size, precision)
            engine.attentionForward(
                out: out, logSumExp: nil, qkv: inputs[0], shape: shape, positions: nil, dropout: dropout)
            return out
        } backward: { engine, inputs, dOut, precision in
            let logSumExp = engine.make(heads, rows)
            engine.attentionForward(
                out: engine.make(rows, size, precision), logSumExp: logSumExp, qkv: inputs[0], shape: shape,
                positions: nil, dropout: dropout)
            let dQKV = engine.make(rows, 3 * size, precision)
            engine.attentionBackward(
                dQKV: dQKV, dPositions: nil, dOut: engine.operands(dOut, precision), logSumExp: logSumExp,
                qkv: inputs[0], shape: shape, positions: nil, dropout: dropout)
            return [dQKV]
        }
    }

    static func gatedAttention(lengths: [Int], heads: Int, width: Int, dropout probability: Float) -> OperationCase {
        let offsets = try! PackedOffsets(lengths: lengths), rows = offsets.rowCount, size = heads * width
        let shape = AttentionShape(offsets: offsets, heads: heads, width: width)
        let dropout = Dropout(probability: probability, key: 19), reach = lengths.max()! + 2
        return OperationCase(
            name: "attention with gated positions \(lengths), \(heads) heads of \(width), dropout \(probability)",
            inputs: [
                Input(name: "qkv", rows: rows, columns: 3 * size, isOperand: true),
                Input(name: "gate", rows: rows, columns: heads, mean: 1),
                Input(name: "bias", rows: heads, columns: 2 * reach - 1),
            ], outputCount: rows * size, skipsDifferences: rows > 100
        ) { engine, inputs, precision in
            let out = engine.make(rows, size, precision)
            engine.attentionForward(
                out: out, logSumExp: nil, qkv: inputs[0], shape: shape,
                positions: AttentionPositions(gate: inputs[1], bias: inputs[2]), dropout: dropout)
            return out
        } backward: { engine, inputs, dOut, precision in
            let logSumExp = engine.make(heads, rows), dQKV = engine.make(rows, 3 * size, precision)
            let positions = AttentionPositions(gate: inputs[1], bias: inputs[2])
            let gradients = AttentionPositionGradients(
                gate: engine.make(rows, heads), bias: engine.zeros(heads, 2 * reach - 1))
            engine.attentionForward(
                out: engine.make(rows, size, precision), logSumExp: logSumExp, qkv: inputs[0], shape: shape,
                positions: positions, dropout: dropout)
            engine.attentionBackward(
                dQKV: dQKV, dPositions: gradients, dOut: engine.operands(dOut, precision), logSumExp: logSumExp,
                qkv: inputs[0], shape: shape, positions: positions, dropout: dropout)
            return [dQKV, gradients.gate, gradients.bias!]
        }
    }

    static func positionGates(rows: Int, heads: Int) -> OperationCase {
        OperationCase(
            name: "position gates [\(rows), \(heads)]",
            inputs: [
                Input(name: "x", rows: rows * heads, columns: 8, scale: 0.5, isOperand: true),
                Input(name: "constant", rows: 1, columns: heads, mean: 1),
            ], outputCount: rows * heads
        ) { engine, inputs, _ in
            let out = engine.make(rows, heads)
            engine.positionGatesForward(out: out, x: inputs[0], constant: inputs[1])
            return out
        } backward: { engine, inputs, dOut, precision in
            let dx = engine.make(rows * heads, 8, precision), dConstant = engine.zeros(1, heads)
            engine.positionGatesBackward(
                dx: dx, dConstant: dConstant, dOut: dOut, x: inputs[0], constant: inputs[1])
            return [dx, dConstant]
        }
    }

    /// The folded weight, then the folded bias, as one row.
    static func foldedGroupNorm(samples: Int, channels: Int) -> OperationCase {
        OperationCase(
            name: "group norm over \(samples) samples folded into \(channels) channels",
            inputs: [
                Input(name: "waveform", rows: samples, columns: 1, mean: 0.2),
                Input(name: "taps", rows: channels, columns: 10),
                Input(name: "gamma", rows: 1, columns: channels, mean: 1),
                Input(name: "beta", rows: 1, columns: channels),
            ], outputCount: channels * 11,
            forward: { engine, inputs, _ in
                let both = engine.make(1, channels * 11)
                let weight = engine.make(channels, 10), bias = both.columns(channels * 10..<channels * 11)
                engine.foldGroupNorm(
                    weight: weight, bias: bias, waveform: inputs[0], taps: inputs[1], stride: 5,
                    norm: NormParameters(gamma: inputs[2], beta: inputs[3], epsilon: 1e-5))
                engine.convert(weight.reshaped(columns: channels * 10), to: both.columns(0..<channels * 10))
                return both
            }, backward: nil)
    }

    static func stridedConvolution(rows: Int, channels: Int, outputs: Int, kernel: Int, stride: Int) -> OperationCase {
        let frames = (rows - kernel) / stride + 1
        return OperationCase(
            name: "convolution [\(rows), \(channels)] into \(outputs), kernel \(kernel), stride \(stride)",
            inputs: [
                Input(name: "x", rows: rows, columns: channels, isOperand: true),
                Input(name: "weight", rows: outputs, columns: kernel * channels, scale: 0.3),
                Input(name: "bias", rows: 1, columns: outputs),
            ], outputCount: frames * outputs,
            forward: { engine, inputs, precision in
                let out = engine.make(frames, outputs)
                let weight = engine.freeze(inputs[1], precision: precision)
                engine.stridedConvolutionForward(
                    out: out, x: inputs[0], weight: .frozen(weight), bias: inputs[2], kernel: kernel, stride: stride,
                    activation: .gelu)
                return out
            }, backward: nil)
    }

    static func waveformConvolution(samples: Int, channels: Int, hasBias: Bool) -> OperationCase {
        let frames = (samples - 10) / 5 + 1
        return OperationCase(
            name: "convolution of a waveform of \(samples) samples into \(channels)\(hasBias ? ", gelu" : "")",
            inputs: [
                Input(name: "x", rows: samples, columns: 1), Input(name: "weight", rows: channels, columns: 10),
                Input(name: "bias", rows: 1, columns: channels),
            ], outputCount: frames * channels,
            forward: { engine, inputs, precision in
                let out = engine.make(frames, channels, precision)
                engine.stridedConvolutionForward(
                    out: out, x: inputs[0], weight: .plain(inputs[1]), bias: hasBias ? inputs[2] : nil, kernel: 10,
                    stride: 5, activation: hasBias ? .gelu : .identity)
                return out
            }, backward: nil)
    }

    static func positionalConvolution(lengths: [Int], channels: Int, kernel: Int, groups: Int) -> OperationCase {
        let width = channels / groups, offsets = try! PackedOffsets(lengths: lengths), rows = offsets.rowCount
        return OperationCase(
            name: "positional convolution \(lengths) of \(channels), kernel \(kernel), \(groups) groups",
            inputs: [
                Input(name: "x", rows: rows, columns: channels, isOperand: true),
                Input(name: "weight", rows: channels, columns: kernel * width, scale: 0.2, isOperand: true),
                Input(name: "bias", rows: 1, columns: channels),
            ], outputCount: rows * channels
        ) { engine, inputs, _ in
            let out = engine.make(rows, channels)
            engine.positionalConvolutionForward(
                out: out, x: inputs[0], offsets: offsets, weight: .plain(inputs[1]), bias: inputs[2], kernel: kernel,
                groups: groups, activation: .identity)
            return out
        } backward: { engine, inputs, dOut, precision in
            let dx = engine.zeros(rows, channels), dWeight = engine.zeros(channels, kernel * width)
            let dBias = engine.zeros(1, channels)
            engine.positionalConvolutionBackward(
                dx: dx, dWeight: dWeight, dBias: dBias, dOut: engine.operands(dOut, precision), x: inputs[0],
                offsets: offsets, weight: inputs[1], kernel: kernel, groups: groups)
            return [dx, dWeight, dBias]
        }
    }

    static func positionalConvolutionWithGelu(rows: Int, channels: Int) -> OperationCase {
        OperationCase(
            name: "positional convolution with gelu [\(rows), \(channels)]",
            inputs: [
                Input(name: "x", rows: rows, columns: channels, isOperand: true),
                Input(name: "weight", rows: channels, columns: 8 * channels, scale: 0.2, isOperand: true),
                Input(name: "bias", rows: 1, columns: channels),
            ], outputCount: rows * channels,
            forward: { engine, inputs, precision in
                let out = engine.make(rows, channels)
                engine.positionalConvolutionForward(
                    out: out, x: inputs[0], offsets: try! PackedOffsets(lengths: [rows]),
                    weight: .frozen(engine.freeze(inputs[1], precision: precision)), bias: inputs[2], kernel: 8,
                    groups: 1, activation: .gelu)
                return out
            }, backward: nil)
    }

    static func tapMajor(outputs: Int, inputs: Int, taps: Int, hasGain: Bool) -> OperationCase {
        OperationCase(
            name: "convolution weight [\(outputs), \(inputs), \(taps)]\(hasGain ? " under weight norm" : "")",
            inputs: [Input(name: "direction", rows: outputs, columns: inputs * taps)]
                + (hasGain ? [Input(name: "gain", rows: 1, columns: taps, mean: 2)] : []),
            outputCount: outputs * inputs * taps
        ) { engine, values, _ in
            let out = engine.make(outputs, inputs * taps)
            engine.tapMajorForward(out: out, direction: values[0], gain: hasGain ? values[1] : nil, taps: taps)
            return out
        } backward: { engine, values, dOut, _ in
            let dDirection = engine.zeros(outputs, inputs * taps), dGain = hasGain ? engine.zeros(1, taps) : nil
            engine.tapMajorBackward(
                dDirection: dDirection, dGain: dGain, dOut: dOut, direction: values[0],
                gain: hasGain ? values[1] : nil, taps: taps)
            return [dDirection] + (dGain.map { [$0] } ?? [])
        }
    }

    /// As a low-rank adapter adds to what is there.
    static func addedLinear(rows: Int, inputs: Int, outputs: Int) -> OperationCase {
        OperationCase(
            name: "linear [\(rows), \(inputs)] by [\(outputs), \(inputs)] added",
            inputs: [
                Input(name: "x", rows: rows, columns: inputs, isOperand: true),
                Input(name: "weight", rows: outputs, columns: inputs, isOperand: true),
                Input(name: "base", rows: rows, columns: outputs),
            ], outputCount: rows * outputs
        ) { engine, values, _ in
            // Columns of a wider matrix, as an adapter of one of three stacked maps has them.
            let out = engine.zeros(rows, 3 * outputs).columns(outputs..<2 * outputs)
            engine.convert(values[2], to: out)
            engine.linearForward(
                out: out, x: values[0], weight: .plain(values[1]), bias: nil, activation: .identity, accumulate: true)
            return out
        } backward: { engine, values, dOut, precision in
            let operand = engine.operands(dOut, precision), dx = engine.zeros(rows, inputs)
            engine.linearBackwardInput(dx: dx, dOut: operand, weight: values[1], accumulate: true)
            let dWeight = engine.zeros(outputs, inputs)
            engine.linearBackwardWeight(dWeight: dWeight, dBias: nil, dOut: operand, x: values[0])
            return [dx, dWeight, dOut]
        }
    }
}
