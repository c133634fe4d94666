import Buffers
import Kernels

extension OperationCase {
    static let all: [OperationCase] =
        [
            linear(rows: 7, inputs: 10, outputs: 6), linear(rows: 70, inputs: 48, outputs: 33),
            linear(rows: 1, inputs: 5, outputs: 1), frozenLinear(rows: 37, inputs: 24, outputs: 20),
            layerNorm(rows: 5, columns: 12, dropout: 0), layerNorm(rows: 300, columns: 40, dropout: 0.3),
            gelu(rows: 6, columns: 9, dropout: 0), gelu(rows: 50, columns: 33, dropout: 0.25),
            tanh(rows: 4, columns: 7, dropout: 0), tanh(rows: 9, columns: 5, dropout: 0.5),
            standardise(rows: 5, columns: 6), pool(lengths: [1, 4, 3], columns: 5),
            pool(lengths: [130, 2], columns: 70),
            attention(lengths: [5], heads: 1, width: 4, dropout: 0),
            attention(lengths: [3, 1, 6], heads: 2, width: 4, dropout: 0),
            attention(lengths: [4, 7], heads: 3, width: 8, dropout: 0.3),
            // Long enough for several blocks of queries.
            attention(lengths: [30, 700], heads: 1, width: 8, dropout: 0.1),
            waveformConvolution(samples: 100, channels: 6), waveformConvolution(samples: 400, channels: 3),
            stridedConvolution(rows: 11, channels: 4, outputs: 6, kernel: 3, stride: 2),
            stridedConvolution(rows: 300, channels: 16, outputs: 24, kernel: 3, stride: 2),
            stridedConvolution(rows: 9, channels: 4, outputs: 6, kernel: 2, stride: 2),
            stridedConvolution(rows: 9, channels: 4, outputs: 5, kernel: 5, stride: 2),
            stridedConvolution(rows: 6, channels: 3, outputs: 4, kernel: 1, stride: 1),
            positionalConvolution(rows: 7, channels: 8, kernel: 4, groups: 2),
            positionalConvolution(rows: 3, channels: 6, kernel: 36, groups: 3),
            positionalConvolution(rows: 40, channels: 12, kernel: 5, groups: 1),
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
                out: out, x: inputs[0], weight: .trained(inputs[1]), bias: inputs[2], activation: .identity)
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
                dx: dx, dAddend: dAddend, dGamma: dGamma, dBeta: dBeta, dOut: dOut, sum: sum, statistics: statistics,
                dropout: dropout, parameters: parameters)
            return [dx, dAddend, dGamma, dBeta]
        }
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

    static func pool(lengths: [Int], columns: Int) -> OperationCase {
        let offsets = try! PackedOffsets(lengths: lengths)
        return OperationCase(
            name: "mean pooling of \(lengths) by \(columns)",
            inputs: [Input(name: "x", rows: offsets.rowCount, columns: columns)],
            outputCount: lengths.count * columns
        ) { engine, inputs, _ in
            let out = engine.make(lengths.count, columns)
            engine.meanPoolForward(out: out, x: inputs[0], offsets: offsets)
            return out
        } backward: { engine, inputs, dOut, _ in
            let dx = engine.make(offsets.rowCount, columns)
            engine.meanPoolBackward(dx: dx, dOut: dOut, offsets: offsets)
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
            engine.attentionForward(out: out, logSumExp: nil, qkv: inputs[0], shape: shape, dropout: dropout)
            return out
        } backward: { engine, inputs, dOut, precision in
            let logSumExp = engine.make(heads, rows)
            engine.attentionForward(
                out: engine.make(rows, size, precision), logSumExp: logSumExp, qkv: inputs[0], shape: shape,
                dropout: dropout)
            let dQKV = engine.make(rows, 3 * size, precision)
            engine.attentionBackward(
                dQKV: dQKV, dOut: engine.operands(dOut, precision), logSumExp: logSumExp, qkv: inputs[0], shape: shape,
                dropout: dropout)
            return [dQKV]
        }
    }

    static func waveformConvolution(samples: Int, channels: Int) -> OperationCase {
        let frames = (samples - 10) / 5 + 1
        return OperationCase(
            name: "waveform convolution of \(samples) samples into \(channels) channels",
            inputs: [
                Input(name: "waveform", rows: samples, columns: 1, mean: 0.2),
                Input(name: "weight", rows: channels, columns: 10),
                Input(name: "gamma", rows: 1, columns: channels, mean: 1),
                Input(name: "beta", rows: 1, columns: channels),
            ], outputCount: frames * channels,
            forward: { engine, inputs, precision in
                let out = engine.make(frames, channels, precision)
                engine.waveformConvolutionForward(
                    out: out, waveform: inputs[0], weight: inputs[1], kernel: 10, stride: 5,
                    norm: NormParameters(gamma: inputs[2], beta: inputs[3], epsilon: 1e-5))
                return out
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
                    out: out, x: inputs[0], weight: weight, bias: inputs[2], kernel: kernel, stride: stride,
                    activation: .gelu)
                return out
            }, backward: nil)
    }

    static func positionalConvolution(rows: Int, channels: Int, kernel: Int, groups: Int) -> OperationCase {
        OperationCase(
            name: "positional convolution [\(rows), \(channels)], kernel \(kernel), \(groups) groups",
            inputs: [
                Input(name: "x", rows: rows, columns: channels, isOperand: true),
                Input(
                    name: "weight", rows: channels, columns: kernel * channels / groups, scale: 0.2, isOperand: true),
                Input(name: "bias", rows: 1, columns: channels),
            ], outputCount: rows * channels,
            forward: { engine, inputs, _ in
                let out = engine.make(rows, channels)
                engine.positionalConvolutionForward(
                    out: out, x: inputs[0], weight: inputs[1], bias: inputs[2], kernel: kernel, groups: groups)
                return out
            }, backward: nil)
    }
}
