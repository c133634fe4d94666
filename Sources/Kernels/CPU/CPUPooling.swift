import Buffers
import CNumerics

/// Pooling over the rows of utterances, each by one thread.
extension CPUEngine {
    public func meanPoolForward(out: Matrix, x: Matrix, offsets: PackedOffsets) {
        precondition(
            x.rows == offsets.rowCount && out.shape == [offsets.utteranceCount, x.columns],
            "pooling \(x.shape) into \(out.shape)")
        team.forEach(offsets.utteranceCount) { utterance in
            let range = offsets[utterance]
            ut_rows_mean(
                out.rows(utterance..<utterance + 1).floats, x.rows(range).native, range.count, x.columns)
        }
    }

    public func meanPoolBackward(dx: Matrix, dOut: Matrix, offsets: PackedOffsets) {
        precondition(
            dx.rows == offsets.rowCount && dOut.shape == [offsets.utteranceCount, dx.columns],
            "pooling gradient \(dx.shape) of \(dOut.shape)")
        team.forEach(offsets.utteranceCount) { utterance in
            let range = offsets[utterance]
            ut_rows_broadcast(
                dx.rows(range).native, dOut.rows(utterance..<utterance + 1).floats, 1 / Float(range.count),
                range.count, dx.columns)
        }
    }

    public func statisticsPoolForward(
        out: Matrix, weights: Matrix?, x: Matrix, scores: Matrix?, offsets: PackedOffsets, epsilon: Float
    ) {
        precondition(
            x.rows == offsets.rowCount && out.shape == [offsets.utteranceCount, 2 * x.columns]
                && (weights == nil) == (scores == nil),
            "pooling statistics of \(x.shape) into \(out.shape)")
        if let weights, let scores {
            precondition(
                scores.shape == [x.rows, 1] && weights.shape == scores.shape && weights.isContiguous,
                "pooling \(x.shape) with scores \(scores.shape)")
            convert(scores, to: weights)
        }
        team.forEach(offsets.utteranceCount) { utterance in
            let range = offsets[utterance], row = out.rows(utterance..<utterance + 1).floats
            let alpha = weights?.rows(range).floats
            if let alpha {
                let frames = ut_rows(data: alpha, stride: range.count, is16: false)
                ut_softmax_forward(frames, nil, frames, 1, 1, range.count, Dropout.none.native())
            }
            ut_pool_statistics(
                row, row + x.columns, x.rows(range).native, alpha, epsilon, range.count, x.columns)
        }
    }

    public func statisticsPoolBackward(
        dx: Matrix, dScores: Matrix?, dOut: Matrix, out: Matrix, weights: Matrix?, x: Matrix, offsets: PackedOffsets
    ) {
        precondition(
            x.rows == offsets.rowCount && dx.shape == x.shape && out.shape == dOut.shape
                && out.shape == [offsets.utteranceCount, 2 * x.columns] && (weights == nil) == (dScores == nil),
            "gradient \(dOut.shape) of pooling statistics of \(x.shape)")
        team.forEach(offsets.utteranceCount) { utterance in
            let range = offsets[utterance], columns = x.columns
            let row = out.rows(utterance..<utterance + 1).floats, slope = dOut.rows(utterance..<utterance + 1).floats
            let alpha = weights?.rows(range).floats, dAlpha = dScores?.rows(range).floats
            ut_pool_statistics_backward(
                dx.rows(range).native, dAlpha, slope, slope + columns, row, row + columns, x.rows(range).native, alpha,
                range.count, columns)
            if let alpha, let dAlpha {
                let frames = ut_rows(data: dAlpha, stride: range.count, is16: false)
                let probabilities = ut_rows(data: alpha, stride: range.count, is16: false)
                ut_softmax_backward(frames, probabilities, frames, 1, 1, range.count, Dropout.none.native())
            }
        }
    }
}
