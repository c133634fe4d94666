import Buffers

#if canImport(Glibc)
    import Glibc
#endif

/// The reference's pooling over the rows of utterances.
extension ReferenceEngine {
    public func meanPoolForward(out: Matrix, x: Matrix, offsets: PackedOffsets) {
        let input = read(x)
        var result: [Double] = []
        for utterance in 0..<offsets.utteranceCount {
            let range = offsets[utterance]
            for c in 0..<x.columns {
                result.append(range.reduce(0) { $0 + input[$1 * x.columns + c] } / Double(range.count))
            }
        }
        write(result, to: out)
    }

    public func meanPoolBackward(dx: Matrix, dOut: Matrix, offsets: PackedOffsets) {
        let g = read(dOut)
        var result: [Double] = []
        for utterance in 0..<offsets.utteranceCount {
            for _ in offsets[utterance] {
                for c in 0..<dx.columns {
                    result.append(g[utterance * dx.columns + c] / Double(offsets[utterance].count))
                }
            }
        }
        write(result, to: dx)
    }

    /// The softmax of the scores within each utterance, or `1/T` for each of its rows.
    private func poolingWeights(_ scores: Matrix?, offsets: PackedOffsets) -> [Double] {
        let values = scores.map(read)
        return (0..<offsets.utteranceCount).flatMap { utterance in
            let range = offsets[utterance]
            guard let values else { return range.map { _ in 1 / Double(range.count) } }
            let peak = range.map { values[$0] }.max() ?? 0
            let exponentials = range.map { exp(values[$0] - peak) }, total = exponentials.reduce(0, +)
            return exponentials.map { $0 / total }
        }
    }

    public func statisticsPoolForward(
        out: Matrix, weights: Matrix?, x: Matrix, scores: Matrix?, offsets: PackedOffsets, epsilon: Float
    ) {
        let input = read(x), alpha = poolingWeights(scores, offsets: offsets), columns = x.columns
        var result: [Double] = []
        for utterance in 0..<offsets.utteranceCount {
            let range = offsets[utterance]
            let means = (0..<columns).map { c in range.reduce(0) { $0 + alpha[$1] * input[$1 * columns + c] } }
            let deviations = (0..<columns).map { c in
                let variance = range.reduce(0.0) { sum, n in
                    let distance = input[n * columns + c] - means[c]
                    return sum + alpha[n] * distance * distance
                }
                return (variance + Double(epsilon)).squareRoot()
            }
            result += means + deviations
        }
        write(result, to: out)
        if let weights { write(alpha, to: weights) }
    }

    public func statisticsPoolBackward(
        dx: Matrix, dScores: Matrix?, dOut: Matrix, out: Matrix, weights: Matrix?, x: Matrix, offsets: PackedOffsets
    ) {
        let input = read(x), g = read(dOut), pooled = read(out), columns = x.columns
        let alpha = weights.map(read) ?? poolingWeights(nil, offsets: offsets)
        var result = input, slopes = [Double](repeating: 0, count: x.rows)
        for utterance in 0..<offsets.utteranceCount {
            let begin = utterance * 2 * columns
            for n in offsets[utterance] {
                for c in 0..<columns {
                    let distance = input[n * columns + c] - pooled[begin + c]
                    let dMean = g[begin + c], rate = g[begin + columns + c] / pooled[begin + columns + c]
                    result[n * columns + c] = alpha[n] * (dMean + rate * distance)
                    slopes[n] += distance * (dMean + rate * distance / 2)
                }
            }
            let mean = offsets[utterance].reduce(0) { $0 + alpha[$1] * slopes[$1] }
            for n in offsets[utterance] { slopes[n] = alpha[n] * (slopes[n] - mean) }
        }
        write(result, to: dx)
        if let dScores { write(slopes, to: dScores) }
    }
}
