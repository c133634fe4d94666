import Buffers

#if canImport(Glibc)
    import Glibc
#endif

/// The reference's operations along time: attention and convolutions.
extension ReferenceEngine {
    /// Softmax probabilities of one head of one utterance before and after dropout, `[T, T]` each.
    private func probabilities(
        _ qkv: [Double], _ shape: AttentionShape, _ positions: AttentionPositions?, rows: Range<Int>, head: Int,
        dropout: Dropout
    ) -> (plain: [Double], dropped: [Double], logSumExp: [Double]) {
        let size = shape.heads * shape.width, count = rows.count
        var plain: [Double] = [], logs: [Double] = []
        let gates = positions.map { read($0.gate) }, biases = positions.map { read($0.bias.rows(head..<head + 1)) }
        for i in rows {
            let scores = rows.map { j in
                let product = (0..<shape.width).reduce(0.0) { sum, d in
                    let column = head * shape.width + d
                    return sum + qkv[i * 3 * size + column] * qkv[j * 3 * size + size + column]
                }
                guard let gates, let biases else { return product * Double(shape.scale) }
                return product * Double(shape.scale)
                    + gates[i * shape.heads + head] * biases[biases.count / 2 + j - i]
            }
            let maximum = scores.max()!
            let normaliser = scores.reduce(0) { $0 + exp($1 - maximum) }
            plain += scores.map { exp($0 - maximum) / normaliser }
            logs.append(maximum + log(normaliser))
        }
        let kept = mask(
            dropout, rows: count, columns: count,
            firstRow: AttentionShape.maskRow(head: head, row: rows.lowerBound))
        return (plain, zip(plain, kept).map(*), logs)
    }

    public func attentionForward(
        out: Matrix, logSumExp: Matrix?, qkv: Matrix, shape: AttentionShape, positions: AttentionPositions?,
        dropout: Dropout
    ) {
        let input = read(qkv), size = shape.heads * shape.width
        var result = [Double](repeating: 0, count: qkv.rows * size)
        var logs = [Double](repeating: 0, count: shape.heads * qkv.rows)
        for utterance in 0..<shape.offsets.utteranceCount {
            let rows = shape.offsets[utterance]
            for head in 0..<shape.heads {
                let p = probabilities(input, shape, positions, rows: rows, head: head, dropout: dropout)
                for (i, n) in rows.enumerated() {
                    logs[head * qkv.rows + n] = p.logSumExp[i]
                    for d in 0..<shape.width {
                        let column = head * shape.width + d
                        for (j, m) in rows.enumerated() {
                            result[n * size + column] +=
                                p.dropped[i * rows.count + j] * input[m * 3 * size + 2 * size + column]
                        }
                    }
                }
            }
        }
        write(result, to: out)
        if let logSumExp { write(logs, to: logSumExp) }
    }

    public func attentionBackward(
        dQKV: Matrix, dPositions: AttentionPositionGradients?, dOut: Matrix, logSumExp: Matrix, qkv: Matrix,
        shape: AttentionShape, positions: AttentionPositions?, dropout: Dropout
    ) {
        let gates = positions.map { read($0.gate) } ?? [], biases = positions.map { read($0.bias) } ?? []
        let distances = positions?.bias.columns ?? 0
        var dGate = [Double](repeating: 0, count: gates.count), dBias = [Double](repeating: 0, count: biases.count)
        let input = read(qkv), g = read(dOut), size = shape.heads * shape.width, scale = Double(shape.scale)
        var result = [Double](repeating: 0, count: input.count)
        for utterance in 0..<shape.offsets.utteranceCount {
            let rows = shape.offsets[utterance], count = rows.count
            for head in 0..<shape.heads {
                let p = probabilities(input, shape, positions, rows: rows, head: head, dropout: dropout)
                let kept = mask(
                    dropout, rows: count, columns: count,
                    firstRow: AttentionShape.maskRow(head: head, row: rows.lowerBound))
                for (i, n) in rows.enumerated() {
                    var dP = [Double](repeating: 0, count: count)
                    for (j, m) in rows.enumerated() {
                        for d in 0..<shape.width {
                            let column = head * shape.width + d
                            let v = m * 3 * size + 2 * size + column
                            dP[j] += g[n * size + column] * input[v] * kept[i * count + j]
                            result[v] += p.dropped[i * count + j] * g[n * size + column]
                        }
                    }
                    let dot = (0..<count).reduce(0) { $0 + dP[$1] * p.plain[i * count + $1] }
                    for (j, m) in rows.enumerated() {
                        let slope = p.plain[i * count + j] * (dP[j] - dot), dScore = scale * slope
                        if positions != nil {
                            let gate = n * shape.heads + head, bias = head * distances + distances / 2 + j - i
                            dGate[gate] += slope * biases[bias]
                            dBias[bias] += slope * gates[gate]
                        }
                        for d in 0..<shape.width {
                            let column = head * shape.width + d
                            let q = n * 3 * size + column, k = m * 3 * size + size + column
                            result[q] += dScore * input[k]
                            result[k] += dScore * input[q]
                        }
                    }
                }
            }
        }
        write(result, to: dQKV)
        guard let dPositions else { return }
        write(dGate, to: dPositions.gate)
        if let bias = dPositions.bias { add(dBias, to: bias) }
    }

    /// `a = σ(Σ x[0 …< 4])`, `b = σ(Σ x[4 …< 8])` and the constant of each frame's each head.
    private func gateFactors(_ x: Matrix, _ constant: Matrix) -> [(a: Double, b: Double, c: Double)] {
        let values = read(x), constants = read(constant)
        func sigmoid(_ range: Range<Int>) -> Double { 1 / (1 + exp(-values[range].reduce(0, +))) }
        return (0..<x.rows).map {
            (sigmoid(8 * $0..<8 * $0 + 4), sigmoid(8 * $0 + 4..<8 * $0 + 8), constants[$0 % constants.count])
        }
    }

    public func positionGatesForward(out: Matrix, x: Matrix, constant: Matrix) {
        write(gateFactors(x, constant).map { $0.a * ($0.b * $0.c - 1) + 2 }, to: out)
    }

    public func positionGatesBackward(dx: Matrix, dConstant: Matrix?, dOut: Matrix, x: Matrix, constant: Matrix) {
        var slopes: [Double] = [], constants = [Double](repeating: 0, count: constant.columns)
        for (index, (g, (a, b, c))) in zip(read(dOut), gateFactors(x, constant)).enumerated() {
            slopes += [Double](repeating: g * (b * c - 1) * a * (1 - a), count: 4)
            slopes += [Double](repeating: g * a * c * b * (1 - b), count: 4)
            constants[index % constants.count] += g * a * b
        }
        write(slopes, to: dx)
        if let dConstant { add(constants, to: dConstant) }
    }

    // MARK: Convolutions

    /// `out[t, o] = b[o] + Σ_k Σ_i x[t·stride + k − padding, i] · w[o, k·inputs + i]`, in groups of channels.
    private func convolution(
        _ x: [Double], rows: Int, channels: Int, weight: [Double], outputs: Int, bias: [Double]?, frames: Int,
        kernel: Int, stride: Int, padding: Int, groups: Int
    ) -> [Double] {
        let inputs = channels / groups, outputsOfGroup = outputs / groups
        var result: [Double] = []
        for t in 0..<frames {
            for o in 0..<outputs {
                var sum = bias?[o] ?? 0
                for k in 0..<kernel {
                    let row = t * stride + k - padding
                    guard row >= 0, row < rows else { continue }
                    for i in 0..<inputs {
                        let column = o / outputsOfGroup * inputs + i
                        sum += x[row * channels + column] * weight[(o * kernel + k) * inputs + i]
                    }
                }
                result.append(sum)
            }
        }
        return result
    }

    public func foldGroupNorm(
        weight: Matrix, bias: Matrix, waveform: Matrix, taps: Matrix, stride: Int, norm: NormParameters
    ) {
        let gamma = read(norm.gamma), beta = read(norm.beta), channels = taps.rows, kernel = taps.columns
        let frames = (waveform.rows - kernel) / stride + 1
        let rows = convolution(
            read(waveform), rows: waveform.rows, channels: 1, weight: read(taps), outputs: channels, bias: nil,
            frames: frames, kernel: kernel, stride: stride, padding: 0, groups: 1)
        var gains: [Double] = [], offsets: [Double] = []
        for c in 0..<channels {
            let column = Swift.stride(from: c, to: rows.count, by: channels).map { rows[$0] }
            let mean = column.reduce(0, +) / Double(frames)
            let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(frames)
            gains.append(gamma[c] / (variance + Double(norm.epsilon)).squareRoot())
            offsets.append(beta[c] - mean * gains[c])
        }
        write(read(taps).enumerated().map { $1 * gains[$0 / kernel] }, to: weight)
        write(offsets, to: bias)
    }

    public func stridedConvolutionForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, kernel: Int, stride: Int, activation: Activation
    ) {
        let result = convolution(
            read(x), rows: x.rows, channels: x.columns, weight: read(matrix(of: weight)), outputs: out.columns,
            bias: bias.map(read), frames: out.rows, kernel: kernel, stride: stride, padding: 0, groups: 1)
        write(activation == .gelu ? result.map(gelu) : result, to: out)
    }

    public func positionalConvolutionForward(
        out: Matrix, x: Matrix, offsets: PackedOffsets, weight: LinearWeight, bias: Matrix, kernel: Int, groups: Int,
        activation: Activation
    ) {
        for utterance in 0..<offsets.utteranceCount {
            let rows = offsets[utterance]
            let result = convolution(
                read(x.rows(rows)), rows: rows.count, channels: x.columns, weight: read(matrix(of: weight)),
                outputs: x.columns, bias: read(bias), frames: rows.count, kernel: kernel, stride: 1,
                padding: kernel / 2,
                groups: groups)
            write(activation == .gelu ? result.map(gelu) : result, to: out.rows(rows))
        }
    }

    public func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, offsets: PackedOffsets, weight: Matrix,
        kernel: Int, groups: Int
    ) {
        for utterance in 0..<offsets.utteranceCount {
            let rows = offsets[utterance]
            positionalConvolutionBackward(
                dx: dx?.rows(rows), dWeight: dWeight, dBias: dBias, dOut: dOut.rows(rows), x: x.rows(rows),
                weight: weight, kernel: kernel, groups: groups)
        }
    }

    /// One utterance.
    private func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, weight: Matrix, kernel: Int, groups: Int
    ) {
        let input = read(x), w = read(weight), g = read(dOut), width = x.columns / groups, channels = x.columns
        var inputs = [Double](repeating: 0, count: input.count), weights = [Double](repeating: 0, count: w.count)
        var biases = [Double](repeating: 0, count: channels)
        for t in 0..<x.rows {
            for o in 0..<channels {
                let slope = g[t * channels + o]
                biases[o] += slope
                for k in 0..<kernel {
                    let row = t + k - kernel / 2
                    guard row >= 0, row < x.rows else { continue }
                    for i in 0..<width {
                        let column = row * channels + o / width * width + i, tap = (o * kernel + k) * width + i
                        inputs[column] += slope * w[tap]
                        weights[tap] += slope * input[column]
                    }
                }
            }
        }
        if let dx { add(inputs, to: dx) }
        add(weights, to: dWeight)
        add(biases, to: dBias)
    }

    /// The squares of the norms per tap.
    private func tapSquares(_ v: [Double], taps: Int) -> [Double] {
        var squares = [Double](repeating: 0, count: taps)
        for (index, value) in v.enumerated() { squares[index % taps] += value * value }
        return squares
    }

    /// Where element `index` of a weight in the checkpoint's order lies in the order of channels-last rows.
    private func tapMajorIndex(_ index: Int, columns: Int, taps: Int) -> Int {
        let row = index / columns, input = index % columns / taps, tap = index % taps
        return row * columns + tap * (columns / taps) + input
    }

    public func tapMajorForward(out: Matrix, direction: Matrix, gain: Matrix?, taps: Int) {
        let v = read(direction), g = gain.map(read), squares = tapSquares(v, taps: taps)
        var result = v
        for (index, value) in v.enumerated() {
            let factor = g.map { $0[index % taps] / squares[index % taps].squareRoot() } ?? 1
            result[tapMajorIndex(index, columns: direction.columns, taps: taps)] = factor * value
        }
        write(result, to: out)
    }

    public func tapMajorBackward(
        dDirection: Matrix, dGain: Matrix?, dOut: Matrix, direction: Matrix, gain: Matrix?, taps: Int
    ) {
        let v = read(direction), d = read(dOut), squares = tapSquares(v, taps: taps)
        let slopes = v.indices.map { d[tapMajorIndex($0, columns: direction.columns, taps: taps)] }
        guard let gain, let dGain else { return add(slopes, to: dDirection) }
        let g = read(gain)
        var dots = [Double](repeating: 0, count: taps)
        for (index, value) in v.enumerated() { dots[index % taps] += slopes[index] * value }
        add((0..<taps).map { dots[$0] / squares[$0].squareRoot() }, to: dGain)
        add(
            v.enumerated().map { index, value in
                let k = index % taps
                return g[k] / squares[k].squareRoot() * (slopes[index] - value * dots[k] / squares[k])
            }, to: dDirection)
    }
}
