import Runs

extension Rates {
    /// Takes the rates of training steps and of the optimiser from runs that were trained on such a machine, which know them better than
    /// a measurement of some seconds does.
    ///
    /// - Parameters:
    ///   - runs: their directories, finished or not there at all, with what an epoch of theirs takes.
    /// - Returns: how many of them were taken: those of this processor and as many threads.
    public mutating func adopt(_ runs: [(directory: RunDirectory, work: RunWork)]) -> Int {
        var training: [String: [Double]] = [:], optimising: [Double] = [], count = 0
        for (directory, work) in runs where work.frozenOperations == 0 {
            guard let result = try? directory.result(), result.device == processor, result.threads == threads,
                result.compute == work.precision, let epochs = try? directory.metrics().epochs, !epochs.isEmpty
            else { continue }
            count += 1
            var step = 0
            for epoch in epochs {
                defer { step = epoch.step }
                guard let reading = epoch.secondsReading, let optimiser = epoch.secondsOptimising, optimiser > 0,
                    case let multiplying = epoch.secondsTraining - reading - optimiser, multiplying > 0
                else { continue }
                // Of the speech that was trained on then: the corpus may have grown.
                let frames = epoch.framesPerSecond * epoch.secondsTraining
                training[work.precision, default: []].append(
                    work.trainingOperations / work.trainingFrames * frames / multiplying)
                optimising.append(Double(epoch.step - step) * work.trainableParameters / optimiser)
            }
        }
        for (precision, rates) in training { self.training[precision] = rates.median }
        if !optimising.isEmpty { optimiser = optimising.median }
        return count
    }
}

extension [Double] {
    /// The upper one of two in the middle.
    var median: Double { sorted()[count / 2] }
}
