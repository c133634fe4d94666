import Buffers
import CNumerics

/// Attention as two products per head and utterance with a softmax between them, in blocks of queries.
///
/// One head of one utterance is one piece of work, and its block of scores stays in the second-level cache, so memory is
/// linear in an utterance's length. Where the processor has no tiles (`CPUTiledAttention`), the products are oneDNN's and OpenBLAS's, and
/// keys come whole: a row of scores is there when the softmax needs it.
extension CPUEngine {
    public func attentionForward(
        out: Matrix, logSumExp: Matrix?, qkv: Matrix, shape: AttentionShape, positions: AttentionPositions?,
        dropout: Dropout
    ) {
        let width = shape.heads * shape.width
        precondition(
            qkv.shape == [shape.offsets.rowCount, 3 * width] && out.shape == [qkv.rows, width]
                && (logSumExp == nil || logSumExp!.shape == [shape.heads, qkv.rows]),
            "attention of \(qkv.shape) into \(out.shape), \(shape.heads) heads of \(shape.width)")
        let order = Self.longestFirst(shape)
        team.forEach(order.count) { index in
            guard !self.shouldAbandon() else { return }
            let head = AttentionHead(
                qkv: qkv, shape: shape, utterance: order[index].utterance, head: order[index].head, positions: positions
            )
            if self.hasTiles(qkv.precision) {
                head.forwardInTiles(out: out, logSumExp: logSumExp, dropout: dropout, pool: self.pool)
            } else {
                self.headForward(head, out: out, logSumExp: logSumExp, dropout: dropout)
            }
        }
    }

    public func attentionBackward(
        dQKV: Matrix, dPositions: AttentionPositionGradients?, dOut: Matrix, logSumExp: Matrix, qkv: Matrix,
        shape: AttentionShape, positions: AttentionPositions?, dropout: Dropout
    ) {
        let width = shape.heads * shape.width
        precondition(
            qkv.shape == [shape.offsets.rowCount, 3 * width] && dQKV.shape == qkv.shape
                && dOut.shape == [qkv.rows, width] && logSumExp.shape == [shape.heads, qkv.rows]
                && (positions == nil) == (dPositions == nil),
            "attention gradient \(dQKV.shape) of \(dOut.shape)")
        let order = Self.longestFirst(shape)
        // Every utterance has sums of its own, added in order: the number of threads does not show.
        let partial = dPositions?.bias.map { bias in
            let sums = makeMatrix(
                rows: shape.offsets.utteranceCount * shape.heads, columns: bias.columns, precision: .float32)
            clear(sums)
            return sums
        }
        team.forEach(order.count) { index in
            let (utterance, number) = order[index], row = utterance * shape.heads + number
            let head = AttentionHead(
                qkv: qkv, shape: shape, utterance: utterance, head: number, positions: positions)
            let gradient = AttentionHead(
                qkv: dQKV, shape: shape, utterance: utterance, head: number, positions: nil)
            let dBias = partial?.rows(row..<row + 1)
            if self.hasTiles(qkv.precision) {
                head.backwardInTiles(
                    gradient: gradient, dOut: dOut, dGate: dPositions?.gate, dBias: dBias, logSumExp: logSumExp,
                    dropout: dropout, pool: self.pool)
            } else {
                self.headBackward(
                    head, gradient: gradient, dOut: dOut, dGate: dPositions?.gate, dBias: dBias, logSumExp: logSumExp,
                    dropout: dropout)
            }
        }
        guard let partial, let total = dPositions?.bias else { return }
        for utterance in 0..<shape.offsets.utteranceCount {
            let own = partial.rows(utterance * shape.heads..<(utterance + 1) * shape.heads)
            ut_rows_add(total.native, own.native, shape.heads, total.columns)
        }
    }

    /// Heads of long utterances first, so that no thread is left alone with one at the end.
    private static func longestFirst(_ shape: AttentionShape) -> [(utterance: Int, head: Int)] {
        let utterances = (0..<shape.offsets.utteranceCount).sorted {
            (shape.offsets[$0].count, $1) > (shape.offsets[$1].count, $0)
        }
        return utterances.flatMap { utterance in (0..<shape.heads).map { (utterance, $0) } }
    }

    private func headForward(_ head: AttentionHead, out: Matrix, logSumExp: Matrix?, dropout: Dropout) {
        let operand = head.query.precision, keys = head.rows.count
        let stride = AttentionShape.scoreStride(keys)
        let target = out.rows(head.rows).columns(head.columns)
        for block in AttentionShape.queryBlocks(keys) where !shouldAbandon() {
            let count = block.count
            let scores = makeMatrix(rows: count, columns: stride, precision: .float32).columns(0..<keys)
            // In float32 the probabilities take the scores' place.
            let probabilities =
                operand == .float32
                ? scores : makeMatrix(rows: count, columns: stride, precision: operand).columns(0..<keys)
            multiply(
                Target(scores), Factor(head.query.rows(block)), Factor(head.key).transposed, m: count, n: keys,
                k: head.width, operand: operand)
            head.addPositions(to: scores, block: block)
            ut_softmax_forward(
                probabilities.native,
                logSumExp.map { $0.floats + head.index * $0.rowStride + head.rows.lowerBound + block.lowerBound },
                scores.native, head.scale, count, keys, dropout.native(firstRow: head.maskRow(block.lowerBound)))
            multiply(
                Target(target.rows(block)), Factor(probabilities), Factor(head.value), m: count, n: head.width,
                k: keys, operand: operand)
        }
    }

    private func headBackward(
        _ head: AttentionHead, gradient: AttentionHead, dOut: Matrix, dGate: Matrix?, dBias: Matrix?,
        logSumExp: Matrix, dropout: Dropout
    ) {
        let operand = head.query.precision, keys = head.rows.count
        let stride = AttentionShape.scoreStride(keys)
        let dHead = dOut.rows(head.rows).columns(head.columns)
        let blocks = AttentionShape.queryBlocks(keys)
        // Gradients of keys and values are sums over blocks of queries: in float32, then converted. One block needs no sum.
        let dKey = blocks.count == 1 ? gradient.key : makeMatrix(rows: keys, columns: head.width, precision: .float32)
        let dValue =
            blocks.count == 1 ? gradient.value : makeMatrix(rows: keys, columns: head.width, precision: .float32)
        for (number, block) in blocks.enumerated() {
            let count = block.count
            func scratch(_ precision: Precision) -> Matrix {
                makeMatrix(rows: count, columns: stride, precision: precision).columns(0..<keys)
            }
            let probabilities = scratch(.float32), dProbabilities = scratch(.float32)
            let dropped = scratch(operand), dScores = scratch(operand)
            let mask = dropout.native(firstRow: head.maskRow(block.lowerBound))
            let query = head.query.rows(block), dRows = dHead.rows(block)
            multiply(
                Target(probabilities), Factor(query), Factor(head.key).transposed, m: count, n: keys, k: head.width,
                operand: operand)
            head.addPositions(to: probabilities, block: block)
            ut_softmax_recompute(
                probabilities.native, dropped.native,
                logSumExp.floats + head.index * logSumExp.rowStride + head.rows.lowerBound + block.lowerBound,
                head.scale, count, keys, mask)
            multiply(
                Target(dValue), Factor(dropped).transposed, Factor(dRows), m: keys, n: head.width, k: count,
                operand: operand, accumulate: number > 0)
            multiply(
                Target(dProbabilities), Factor(dRows), Factor(head.value).transposed, m: count, n: keys,
                k: head.width, operand: operand)
            ut_softmax_backward(
                dScores.native, probabilities.native, dProbabilities.native, head.scale, count, keys, mask)
            if let dGate {
                head.positionsBackward(
                    dGate: dGate, dBias: dBias, probabilities: probabilities, dProbabilities: dProbabilities,
                    block: block)
            }
            multiply(
                Target(gradient.query.rows(block)), Factor(dScores), Factor(head.key), m: count, n: head.width,
                k: keys, operand: operand)
            multiply(
                Target(dKey), Factor(dScores).transposed, Factor(query), m: keys, n: head.width, k: count,
                operand: operand, accumulate: number > 0)
        }
        guard blocks.count > 1 else { return }
        ut_rows_convert(gradient.key.native, dKey.native, keys, head.width)
        ut_rows_convert(gradient.value.native, dValue.native, keys, head.width)
    }
}

/// The part of `qkv` that belongs to one head of one utterance.
struct AttentionHead {
    let query: Matrix
    let key: Matrix
    let value: Matrix
    /// Rows of the packed batch.
    let rows: Range<Int>
    /// Columns of the head in the attention's output.
    let columns: Range<Int>
    let index: Int
    let width: Int
    let scale: Float
    private let positions: AttentionPositions?

    init(qkv: Matrix, shape: AttentionShape, utterance: Int, head: Int, positions: AttentionPositions?) {
        precondition(
            positions == nil
                || (positions!.gate.shape == [qkv.rows, shape.heads] && positions!.bias.rows == shape.heads
                    && positions!.bias.columns >= 2 * shape.offsets[utterance].count - 1),
            "positions for \(qkv.rows) rows and \(shape.heads) heads")
        self.positions = positions
        rows = shape.offsets[utterance]
        index = head
        width = shape.width
        scale = shape.scale
        let own = qkv.rows(rows), size = shape.heads * shape.width, begin = head * shape.width
        columns = begin..<begin + shape.width
        query = own.columns(begin..<begin + width)
        key = own.columns(size + begin..<size + begin + width)
        value = own.columns(2 * size + begin..<2 * size + begin + width)
    }

    /// What a block of queries adds to its scores, if anything.
    func nativePositions(_ block: Range<Int>) -> ut_positions? {
        guard let positions else { return nil }
        let gate = positions.gate, bias = positions.bias
        return ut_positions(
            gate: gate.floats + (rows.lowerBound + block.lowerBound) * gate.rowStride + index,
            gate_stride: gate.rowStride, bias: bias.floats + index * bias.rowStride + bias.columns / 2,
            first: block.lowerBound)
    }

    /// The softmax multiplies by the scale, so what is added is divided by it.
    func addPositions(to scores: Matrix, block: Range<Int>) {
        guard let native = nativePositions(block) else { return }
        ut_positions_add(scores.native, native, 1 / scale, block.count, rows.count)
    }

    func positionsBackward(
        dGate: Matrix, dBias: Matrix?, probabilities: Matrix, dProbabilities: Matrix, block: Range<Int>
    ) {
        guard let native = nativePositions(block) else { return }
        precondition(dGate.rowStride == native.gate_stride, "gates and their gradients lie alike")
        ut_positions_backward(
            dGate.floats + (rows.lowerBound + block.lowerBound) * dGate.rowStride + index,
            dBias.map { $0.floats + $0.columns / 2 }, probabilities.native, dProbabilities.native, native, block.count,
            rows.count)
    }

    func maskRow(_ row: Int) -> Int { AttentionShape.maskRow(head: index, row: rows.lowerBound + row) }
}

extension CPUEngine {
    public func positionGatesForward(out: Matrix, x: Matrix, constant: Matrix) {
        precondition(
            x.shape == [out.elementCount, 8] && out.isContiguous && constant.shape == [1, out.columns],
            "gates \(out.shape) of \(x.shape)")
        ut_position_gates(out.floats, x.native, constant.floats, out.columns, out.elementCount)
    }

    public func positionGatesBackward(dx: Matrix, dConstant: Matrix?, dOut: Matrix, x: Matrix, constant: Matrix) {
        precondition(
            x.shape == [dOut.elementCount, 8] && dx.shape == x.shape && dOut.isContiguous
                && (dConstant == nil || dConstant!.shape == [1, dOut.columns]),
            "gradient of gates \(dOut.shape) of \(x.shape)")
        ut_position_gates_backward(
            dx.native, dConstant?.floats, dOut.floats, x.native, constant.floats, dOut.columns, dOut.elementCount)
    }
}
