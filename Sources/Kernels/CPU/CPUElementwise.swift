import CNumerics

#if canImport(Glibc)
    import Glibc
#endif

extension CPUEngine {
    public func layerNormForward(
        _ outputs: NormOutputs, x: Matrix, addend: Matrix?, dropout: Dropout, parameters: NormParameters
    ) {
        precondition(
            (outputs.out ?? outputs.operand!).shape == x.shape && parameters.gamma.columns == x.columns
                && (addend == nil || (addend!.shape == x.shape && (outputs.out ?? outputs.sum) != nil)),
            "layer norm of \(x.shape)")
        team.forEachRange(x.rows, minimum: 16) { range in
            ut_layer_norm_forward(
                outputs.out?.rows(range).native ?? .none, outputs.operand?.rows(range).native ?? .none,
                outputs.sum?.rows(range).native ?? .none, outputs.statistics?.rows(range).floats,
                x.rows(range).native, addend?.rows(range).native ?? .none, dropout.native(firstRow: range.lowerBound),
                parameters.gamma.floats, parameters.beta.floats, parameters.epsilon, range.count, x.columns)
        }
    }

    private static let layerNormBlockHeight = 128
    static func layerNormBlocks(_ rows: Int) -> Int { (rows + layerNormBlockHeight - 1) / layerNormBlockHeight }

    public func layerNormBackward(
        dx: Matrix, accumulate: Bool, dAddend: Matrix?, dGamma: Matrix?, dBeta: Matrix?, dOut: Matrix, sum: Matrix,
        statistics: Matrix, dropout: Dropout, parameters: NormParameters
    ) {
        precondition(
            dx.shape == dOut.shape && sum.shape == dOut.shape && statistics.rows == dOut.rows,
            "layer norm gradient \(dx.shape) of \(dOut.shape)")
        // Partial sums over blocks of a fixed height, added in order: the number of threads does not show.
        let height = Self.layerNormBlockHeight, blocks = Self.layerNormBlocks(dOut.rows)
        let isTrained = dGamma != nil || dBeta != nil
        let partial = makeMatrix(rows: isTrained ? 2 * blocks : 0, columns: dOut.columns, precision: .float32)
        clear(partial)
        team.forEach(blocks) { block in
            let range = block * height..<min(dOut.rows, (block + 1) * height)
            ut_layer_norm_backward(
                dx.rows(range).native, accumulate, dAddend?.rows(range).native ?? .none,
                isTrained ? partial.rows(2 * block..<2 * block + 1).floats : nil,
                isTrained ? partial.rows(2 * block + 1..<2 * block + 2).floats : nil,
                dOut.rows(range).native, sum.rows(range).native, statistics.rows(range).floats,
                dropout.native(firstRow: range.lowerBound), parameters.gamma.floats, range.count, dOut.columns)
        }
        guard isTrained else { return }
        for block in 0..<blocks {
            if let dGamma {
                ut_rows_add(dGamma.native, partial.rows(2 * block..<2 * block + 1).native, 1, dOut.columns)
            }
            if let dBeta {
                ut_rows_add(dBeta.native, partial.rows(2 * block + 1..<2 * block + 2).native, 1, dOut.columns)
            }
        }
    }

    public func layerNormGeluForward(out: Matrix, x: Matrix, parameters: NormParameters) {
        precondition(
            out.shape == x.shape && parameters.gamma.columns == x.columns && x.columns <= 4096,
            "layer norm and gelu of \(x.shape) into \(out.shape)")
        team.forEachRange(x.rows, minimum: 16) { range in
            ut_layer_norm_gelu(
                out.rows(range).native, x.rows(range).native, parameters.gamma.floats, parameters.beta.floats,
                parameters.epsilon, range.count, x.columns)
        }
    }

    public func addForward(out: Matrix, x: Matrix, addend: Matrix, dropout: Dropout) {
        precondition(
            out.shape == x.shape && addend.shape == x.shape && out.precision == .float32 && x.precision == .float32,
            "adding \(addend.shape) to \(x.shape) into \(out.shape)")
        team.forEachRange(x.rows, minimum: 16) { range in
            ut_rows_sum(
                out.rows(range).native, x.rows(range).native, addend.rows(range).native, range.count, x.columns,
                dropout.native(firstRow: range.lowerBound))
        }
    }

    public func dropoutForward(out: Matrix, x: Matrix, dropout: Dropout) {
        precondition(out.shape == x.shape, "dropout of \(x.shape) into \(out.shape)")
        team.forEachRange(x.rows, minimum: 16) { range in
            ut_dropout_apply(
                out.rows(range).native, x.rows(range).native, range.count, x.columns,
                dropout.native(firstRow: range.lowerBound))
        }
    }

    public func geluForward(out: Matrix, x: Matrix, dropout: Dropout) {
        precondition(out.shape == x.shape, "gelu of \(x.shape) into \(out.shape)")
        team.forEachRange(x.rows, minimum: 16) { range in
            ut_gelu_forward(
                out.rows(range).native, x.rows(range).native, range.count, x.columns,
                dropout.native(firstRow: range.lowerBound))
        }
    }

    public func geluBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {
        precondition(dx.shape == x.shape && dOut.shape == x.shape, "gelu gradient \(dx.shape) of \(dOut.shape)")
        precondition(dx.precision == dOut.precision, "gelu gradient \(dx.precision) of \(dOut.precision)")
        team.forEachRange(x.rows, minimum: 16) { range in
            ut_gelu_backward(
                dx.rows(range).native, dOut.rows(range).native, x.rows(range).native, range.count, x.columns,
                dropout.native(firstRow: range.lowerBound))
        }
    }

    public func tanhForward(out: Matrix, x: Matrix, dropout: Dropout) {
        precondition(out.shape == x.shape, "tanh of \(x.shape) into \(out.shape)")
        team.forEachRange(x.rows, minimum: 64) { range in
            ut_tanh_forward(
                out.rows(range).native, x.rows(range).native, range.count, x.columns,
                dropout.native(firstRow: range.lowerBound))
        }
    }

    public func tanhBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {
        precondition(dx.shape == x.shape && dOut.shape == x.shape, "tanh gradient \(dx.shape) of \(dOut.shape)")
        team.forEachRange(x.rows, minimum: 64) { range in
            ut_tanh_backward(
                dx.rows(range).native, dOut.rows(range).native, x.rows(range).native, range.count, x.columns,
                dropout.native(firstRow: range.lowerBound))
        }
    }

    public func standardise(out: Matrix, x: Matrix, shift: Matrix?, scale: Matrix) {
        precondition(
            out.shape == x.shape && scale.columns == x.columns, "standardising \(x.shape) into \(out.shape)")
        ut_standardise(out.native, x.native, shift?.floats, scale.floats, x.rows, x.columns)
    }

    // MARK: Optimisation

    public func sumOfSquares(_ x: Matrix) -> Double {
        var total = 0.0
        for row in 0..<x.rows { total += ut_sum_of_squares(x.rows(row..<row + 1).floats, x.columns) }
        return total
    }

    public func adamWStep(
        value: Matrix, firstMoment: Matrix, secondMoment: Matrix, gradient: Matrix, operand: Matrix?, step: AdamWStep
    ) {
        precondition(
            value.shape == gradient.shape && value.isContiguous && gradient.isContiguous,
            "AdamW of \(value.shape) with a gradient of \(gradient.shape)")
        let native = ut_adamw(
            rate: step.learningRate, beta1: step.beta1, beta2: step.beta2, epsilon: step.epsilon,
            decay: step.weightDecay, correction1: Float(1 - pow(Double(step.beta1), Double(step.step))),
            correction2: Float(1 - pow(Double(step.beta2), Double(step.step))), gradient_scale: step.gradientScale)
        team.forEachRange(value.elementCount, multiple: 1024, minimum: 1 << 15) { range in
            let begin = range.lowerBound
            ut_adamw_step(
                value.floats + begin, firstMoment.floats + begin, secondMoment.floats + begin,
                gradient.floats + begin, operand.map { $0.address.assumingMemoryBound(to: UInt16.self) + begin },
                range.count, native)
        }
    }

    public func blend(out: Matrix, x: Matrix, weight: Float) {
        precondition(
            out.shape == x.shape && out.isContiguous && x.isContiguous && out.precision == .float32
                && x.precision == .float32, "blending \(x.shape) into \(out.shape)")
        team.forEachRange(out.elementCount, multiple: 1024, minimum: 1 << 15) { range in
            ut_blend(out.floats + range.lowerBound, x.floats + range.lowerBound, weight, range.count)
        }
    }
}
