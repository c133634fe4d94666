import Buffers
import Kernels
import SpeechEncoder

extension RegressionModel {
    public struct StepResult: Sendable {
        public let loss: RegressionLoss.Result
        public let predictions: [[Float]]
        /// `[N, C]`, when it was asked for.
        public let inputGradient: Matrix?
    }

    /// What a piece's forward pass leaves.
    private struct Pass {
        let pooled: Matrix
        let encoder: UpperEncoder.Tape
        let pooling: Pooling.Tape
    }

    /// One forward and backward pass over a whole batch at once: adds to every parameter's gradient.
    ///
    /// - Parameters:
    ///   - rows: hidden states at the cut, `[N, C]` float32.
    ///   - offsets: `[B + 1]`, where each utterance begins in them.
    ///   - labels: `[dimension][utterance]`, standardised as the predictions are; nil where unlabelled.
    ///   - step: decides the masks of dropout, and which layers LayerDrop leaves out.
    ///   - needsInput: whether the gradient with respect to `rows` is wanted, which only a check does.
    public func accumulateGradients(
        _ rows: Matrix, offsets: PackedOffsets, labels: [[Double?]], step: TrainingStep, needsInput: Bool = false
    ) -> StepResult {
        accumulateGradients([BatchPiece(whole: offsets)], labels: labels, step: step, needsInput: needsInput) { _ in
            rows
        }
    }

    /// The same over a batch in pieces: loss and gradients are those of the whole batch, but for the order in which float32
    /// sums are taken.
    ///
    /// Pooled rows of all pieces come first, then the heads, the loss over all predictions and its gradient, then for each piece
    /// its forward pass again, with the same dropout masks, and its backward pass. One piece is computed once.
    /// - Parameters:
    ///   - pieces: of the batch, in its order; together all of it.
    ///   - labels: `[dimension][utterance]` of the whole batch, standardised as the predictions are; nil where unlabelled.
    ///   - step: of the whole batch; each piece draws the masks of its place.
    ///   - needsInput: whether the gradient with respect to the rows is wanted; of several pieces, it is that of the last.
    ///   - rows: of a piece, `[N, C]` float32; asked for twice where there are several pieces.
    /// - Throws: what `rows` throws; gradients are then incomplete.
    public func accumulateGradients<Failure>(
        _ pieces: [BatchPiece], labels: [[Double?]], step: TrainingStep, needsInput: Bool = false,
        rows: (BatchPiece) throws(Failure) -> Matrix
    ) throws(Failure) -> StepResult {
        func forward(_ piece: BatchPiece, keepsTape: Bool) throws(Failure) -> Pass {
            let (hidden, tape) = encoder.forward(
                try rows(piece), offsets: piece.offsets, step: step.piece(firstRow: piece.firstRow),
                keepsTape: keepsTape)
            let (pooled, poolingTape) = top.pooling.forward(hidden, offsets: piece.offsets)
            return Pass(pooled: pooled, encoder: tape, pooling: poolingTape)
        }
        let pooled = top.makePooled(pieces.last?.utterances.upperBound ?? 0)
        var kept: Pass?
        for piece in pieces {
            let pass = try forward(piece, keepsTape: pieces.count == 1)
            engine.convert(pass.pooled, to: pooled.rows(piece.utterances))
            if pieces.count == 1 { kept = pass }
        }
        let (loss, predictions, dPooled) = accumulateHeadGradients(pooled, labels: labels, step: step)
        var inputGradient: Matrix?
        for piece in pieces {
            let pass = if let pass = kept.take() { pass } else { try forward(piece, keepsTape: true) }
            let dHidden = top.pooling.backward(dOut: dPooled.rows(piece.utterances), tape: pass.pooling)
            inputGradient = encoder.backward(
                dOut: dHidden, tape: pass.encoder, step: step.piece(firstRow: piece.firstRow), needsInput: needsInput)
        }
        return StepResult(loss: loss, predictions: predictions, inputGradient: needsInput ? inputGradient : nil)
    }

    /// The heads forward, the loss, and the heads backward, over all pooled rows of a batch.
    /// - Returns: the gradient with respect to the pooled rows beside the loss and the predictions.
    func accumulateHeadGradients(
        _ pooled: Matrix, labels: [[Double?]], step: TrainingStep
    ) -> (loss: RegressionLoss.Result, predictions: [[Float]], dPooled: Matrix) {
        let (predictions, tapes) = top.predictions(pooled, step: step)
        let loss = loss(predictions: predictions, labels: labels)
        return (loss, predictions, top.backward(dPredictions: loss.gradient, heads: tapes, step: step))
    }
}
