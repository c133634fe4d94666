import Buffers
import Kernels
import SpeechEncoder

extension RegressionModel {
    public struct StepResult: Sendable {
        public let loss: ConcordanceLoss
        public let predictions: [[Float]]
        /// `[N, C]`, when it was asked for.
        public let inputGradient: Matrix?
    }

    /// One forward and backward pass over a whole batch at once: adds to every parameter's gradient.
    ///
    /// - Parameters:
    ///   - rows: hidden states at the cut, `[N, C]` float32.
    ///   - labels: `[dimension][utterance]`, nil where unlabelled.
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
    /// Pooled rows of all pieces come first, then the loss over all predictions and its gradient, then for each piece its
    /// forward pass again, with the same dropout masks, and its backward pass. One piece is computed once.
    /// - Parameter rows: of a piece, `[N, C]` float32; asked for twice where there are several pieces.
    /// - Throws: what `rows` throws; gradients are then incomplete.
    public func accumulateGradients<Failure>(
        _ pieces: [BatchPiece], labels: [[Double?]], step: TrainingStep, needsInput: Bool = false,
        rows: (BatchPiece) throws(Failure) -> Matrix
    ) throws(Failure) -> StepResult {
        let pooled = makePooled(pieces.last?.utterances.upperBound ?? 0)
        func forward(_ piece: BatchPiece, keepsTape: Bool) throws(Failure) -> (Matrix, UpperEncoder.Tape) {
            encoder.forward(
                try rows(piece), offsets: piece.offsets, step: step.piece(firstRow: piece.firstRow),
                keepsTape: keepsTape)
        }
        var kept: (Matrix, UpperEncoder.Tape)?
        for piece in pieces {
            let pass = try forward(piece, keepsTape: pieces.count == 1)
            engine.meanPoolForward(out: pooled.rows(piece.utterances), x: pass.0, offsets: piece.offsets)
            if pieces.count == 1 { kept = pass }
        }
        let (loss, predictions, dPooled) = accumulateHeadGradients(pooled, labels: labels, step: step)
        var inputGradient: Matrix?
        for piece in pieces {
            let (hidden, tape) = if let pass = kept.take() { pass } else { try forward(piece, keepsTape: true) }
            // The last hidden rows are not needed any more: their gradient takes their place.
            engine.meanPoolBackward(dx: hidden, dOut: dPooled.rows(piece.utterances), offsets: piece.offsets)
            inputGradient = encoder.backward(
                dOut: hidden, tape: tape, step: step.piece(firstRow: piece.firstRow), needsInput: needsInput)
        }
        return StepResult(loss: loss, predictions: predictions, inputGradient: needsInput ? inputGradient : nil)
    }

    /// The heads forward, the loss, and the heads backward, over all pooled rows of a batch.
    /// - Parameter pooled: `[B, C]`, before standardisation; overwritten.
    /// - Returns: the gradient with respect to the pooled rows beside the loss and the predictions.
    func accumulateHeadGradients(
        _ pooled: Matrix, labels: [[Double?]], step: TrainingStep
    ) -> (loss: ConcordanceLoss, predictions: [[Float]], dPooled: Matrix) {
        engine.standardise(out: pooled, x: pooled, shift: shift, scale: scale)
        let passes = heads.map { $0.forward(pooled, dropout: headDropout, step: step) }
        let predictions = passes.map { engine.download($0.0) }
        let loss = ConcordanceLoss(predictions: predictions, labels: labels)
        let dPooled = makePooled(pooled.rows)
        engine.clear(dPooled)
        for (index, head) in heads.enumerated() {
            let dOut = engine.makeMatrix(loss.gradient[index], rows: pooled.rows, columns: 1)
            head.backward(dOut: dOut, tape: passes[index].1, dPooled: dPooled, dropout: headDropout, step: step)
        }
        engine.standardise(out: dPooled, x: dPooled, shift: nil, scale: scale)
        return (loss, predictions, dPooled)
    }

    func makePooled(_ utterances: Int) -> Matrix {
        engine.makeMatrix(rows: utterances, columns: encoder.configuration.hiddenSize, precision: .float32)
    }
}
