import Reports
import Runs
import Training

/// Writes a run's scalars, histograms and settings for TensorBoard as the run goes on. A run does not fail for want of them.
final class TensorBoardLog {
    private let parent: RunDirectory
    private var directory: RunDirectory
    private let warn: (String) -> Void
    private var file: EventFile?
    /// Of the last epoch.
    private var step = 0

    init(_ directory: RunDirectory, warn: @escaping (String) -> Void) {
        parent = directory
        self.directory = directory
        self.warn = warn
    }

    func report(_ event: TrainingEvent) {
        trying {
            switch event {
            case .seed(let seed, _, _):
                directory = parent.seedRun(seed)
                file = nil
            case .began:
                let epochs = try directory.metrics().epochs
                step = epochs.last?.step ?? 0
                file = try EventFile(directory, configuration: try directory.configuration(), epochs: epochs)
            case .epoch(let metrics):
                step = metrics.step
                try file?.append(metrics)
            case .finished(let result): try file?.append(result, step: step)
            case .setUp, .missing, .standardising, .resumed, .hygiene, .stoppedEarly, .splitting, .step,
                .scoredAgain:
                break
            }
        }
    }

    /// Training ended with an error.
    func report(_ error: any Error) {
        if case TrainingError.notFinite = error { trying { try file?.appendFailure() } }
    }

    private func trying(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            warn("warning: \(error); TensorBoard will not see all of this run")
            file = nil
        }
    }
}
