import Buffers
import CNumerics

/// Attention on products in tiles: packing, products and softmax of a head are one native call, with nothing to compile for a new length.
extension AttentionHead {
    /// Bytes that a head of an utterance takes beside its operands and results.
    static func scratchBytes(rows: Int, width: Int, operand: Precision, dropout: Dropout, backward: Bool) -> Int {
        var head = ut_attention_head()
        (head.rows, head.width, head.query.is16) = (rows, width, operand == .bfloat16)
        head.dropout = dropout.native()
        return backward ? ut_attention_backward_scratch_bytes(&head) : ut_attention_forward_scratch_bytes(&head)
    }

    private func native(_ dropout: Dropout) -> ut_attention_head {
        ut_attention_head(
            query: query.native, key: key.native, value: value.native, rows: rows.count, width: width, scale: scale,
            positions: nativePositions(0..<rows.count) ?? ut_positions(),
            dropout: dropout.native(firstRow: maskRow(0)))
    }

    func forwardInTiles(out: Matrix, logSumExp: Matrix?, dropout: Dropout, pool: BufferPool) {
        var head = native(dropout)
        let scratch = pool.buffer(byteCount: ut_attention_forward_scratch_bytes(&head))
        ut_attention_forward(
            out.rows(rows).columns(columns).native,
            logSumExp.map { $0.floats + index * $0.rowStride + rows.lowerBound }, &head, scratch.bytes.baseAddress!)
    }

    func backwardInTiles(
        gradient: AttentionHead, dOut: Matrix, dGate: Matrix?, dBias: Matrix?, logSumExp: Matrix, dropout: Dropout,
        pool: BufferPool
    ) {
        var head = native(dropout)
        var gradients = ut_attention_gradients(
            query: gradient.query.native, key: gradient.key.native, value: gradient.value.native,
            gate: dGate.map { $0.floats + rows.lowerBound * $0.rowStride + index },
            bias: dBias.map { $0.floats + $0.columns / 2 })
        precondition(
            dGate == nil || dGate!.rowStride == head.positions.gate_stride, "gates and their gradients lie alike")
        let scratch = pool.buffer(byteCount: ut_attention_backward_scratch_bytes(&head))
        ut_attention_backward(
            &gradients, dOut.rows(rows).columns(columns).native,
            logSumExp.floats + index * logSumExp.rowStride + rows.lowerBound, &head, scratch.bytes.baseAddress!)
    }
}
