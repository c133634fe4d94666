import Buffers
import Foundation
import Kernels
import SpeechEncoder

extension StageTwo {
    /// Mean and reciprocal standard deviation of the training split's pooled rows before any training, from a sample of it.
    func standardise(
        _ examples: [TrainingCorpus.Example], encoder: UpperEncoder, pooling: Pooling, reader: BatchReader
    ) throws -> RegressionModel.Standardisation {
        let columns = pooling.outputs
        guard settings.configuration.standardise else { return .identity(columns: columns) }
        var stream = RandomStream(seed: settings.configuration.seed, "standardisation")
        let order = examples.shuffled(using: &stream)
        let chosen = order.prefix(StandardisationSample.utteranceLimit)
        let rowLimit = StandardisationSample.rowLimit(of: chosen.map(\.frameCount))
        let sample = chosen.map { $0.first(rowLimit) }
        report(.standardising(utterances: sample.count))
        var sum = [Double](repeating: 0, count: columns), squares = sum
        for indices in Batches.inOrder(sample.map(\.frameCount), settings.configuration.batch) {
            let batch = try reader.batch(indices.map { sample[$0] })
            for piece in batch.pieces {
                if isInterrupted() { throw StopRequest() }
                let hidden = encoder(try batch.rows(piece), offsets: piece.offsets)
                let (pooled, _) = pooling.forward(hidden, offsets: piece.offsets)
                for (index, value) in settings.engine.download(pooled).enumerated() {
                    sum[index % columns] += Double(value)
                    squares[index % columns] += Double(value) * Double(value)
                }
            }
        }
        let count = Double(sample.count)
        let mean = sum.map { $0 / count }
        let scale = zip(squares, mean).map { square, mean in
            1 / (max(0, square / count - mean * mean) + 1e-10).squareRoot()
        }
        return RegressionModel.Standardisation(shift: mean.map { Float($0) }, scale: scale.map { Float($0) })
    }
}

/// How much the standardisation of pooled rows is taken from.
///
/// It gives the heads inputs of about unit size to begin with, and any affine map of them is as good to a linear layer: with 32 utterances
/// a mean is known to 0.18 and a deviation to 13 % of a standard deviation. Of two or three, however long, a deviation may come out so
/// small that the heads begin saturated, so that long ones are shortened and none is left out. What more would cost stands between launch
/// and first step, in every trial of a sweep: 2,048 utterances took a second on a corpus of ten minutes, and would take most of a minute on
/// a large one.
package enum StandardisationSample {
    package static let utteranceLimit = 32
    /// Of the cache's rows: 120 s of speech where it keeps every frame, 3.75 s of each where all are longer.
    static let rowTotal = 6000

    /// The fair share of the sample's rows: the largest `c` for which `Σ min(length, c)` is within the limit.
    ///
    /// - Parameter lengths: of the utterances sampled.
    /// - Returns: how many rows each gives at most, its first ones; `Int.max` where all of theirs are within the limit.
    package static func rowLimit(of lengths: [Int]) -> Int {
        var left = rowTotal
        for (index, length) in lengths.sorted().enumerated() {
            let share = left / (lengths.count - index)
            // What shorter ones leave over is shared by the longer ones.
            if length > share { return share }
            left -= length
        }
        return .max
    }
}
