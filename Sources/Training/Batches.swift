import Buffers
import Runs

/// Which utterances make which batch: a function of their lengths, the configuration, the seed and the epoch alone, so that a
/// resumed run lands in the same place.
struct Batches: Sendable {
    /// Frames of each utterance of the training split.
    let lengths: [Int]
    let form: TrainConfiguration.Batch
    let seed: UInt64

    /// How many batches' worth of utterances are sorted by length together.
    static let bucketPool = 16

    /// The batches of an epoch, counted from 0: indices into `lengths`.
    ///
    /// Utterances are shuffled anew for every epoch. Packing makes the order free of cost, so bucketing by length is for
    /// comparison with programs that pad.
    func epoch(_ epoch: Int) -> [[Int]] {
        var stream = RandomStream(seed: seed, "shuffle", UInt64(epoch))
        let order = Array(lengths.indices).shuffled(using: &stream)
        guard form.isBucketed else { return cut(order) }
        return cut(bucketed(order)).shuffled(using: &stream)
    }

    /// Optimiser steps of a run.
    func stepCount(epochs: Int) -> Int {
        // Only batches by frames differ in number from epoch to epoch.
        guard case .frames = form.size else { return epochs * (epochs > 0 ? epoch(0).count : 0) }
        return (0..<epochs).reduce(0) { $0 + epoch($1).count }
    }

    /// In order, for evaluation, where an utterance's batch does not show in what comes of it.
    static func inOrder(_ lengths: [Int], _ form: TrainConfiguration.Batch) -> [[Int]] {
        var form = form
        form.dropsLast = false
        return Batches(lengths: lengths, form: form, seed: 0).cut(Array(lengths.indices))
    }

    private func bucketed(_ order: [Int]) -> [Int] {
        let size: Int
        switch form.size {
        case .utterances(let count): size = count
        case .frames(let frames): size = max(1, frames * lengths.count / max(1, lengths.reduce(0, +)))
        }
        let pool = Self.bucketPool * size
        return stride(from: 0, to: order.count, by: pool).flatMap { begin in
            order[begin..<min(order.count, begin + pool)].enumerated().sorted {
                (lengths[$0.element], $0.offset) < (lengths[$1.element], $1.offset)
            }.map(\.element)
        }
    }

    private func cut(_ order: [Int]) -> [[Int]] {
        switch form.size {
        case .utterances(let size): form.dropsLast && order.count >= size ? whole(order, size) : even(order, size)
        case .frames(let limit): byFrames(order, limit)
        }
    }

    /// Batches whose sizes differ by at most one: a small last batch would have a CCC of its own that is mostly noise.
    private func even(_ order: [Int], _ size: Int) -> [[Int]] {
        let count = (order.count + size - 1) / size
        return (0..<count).map { Array(order[$0 * order.count / count..<($0 + 1) * order.count / count]) }
    }

    private func whole(_ order: [Int], _ size: Int) -> [[Int]] {
        stride(from: 0, through: order.count - size, by: size).map { Array(order[$0..<$0 + size]) }
    }

    /// As many utterances as have at most `limit` frames together, but at least two, without which there is no CCC.
    private func byFrames(_ order: [Int], _ limit: Int) -> [[Int]] {
        var batches: [[Int]] = [], batch: [Int] = [], frames = 0
        for index in order {
            if batch.count >= 2, frames + lengths[index] > limit {
                batches.append(batch)
                (batch, frames) = ([], 0)
            }
            batch.append(index)
            frames += lengths[index]
        }
        let isComplete = frames + (lengths.min() ?? 0) > limit
        if batch.isEmpty || (form.dropsLast && !isComplete && !batches.isEmpty) { return batches }
        // One that is left alone goes with those before it.
        if batch.count == 1, !batches.isEmpty {
            batches[batches.count - 1] += batch
        } else {
            batches.append(batch)
        }
        return batches
    }
}
