import Reports
import Runs
import Training

/// Writes a run's scalars for TensorBoard as the run goes on. A run does not fail for want of them.
final class TensorBoardLog {
    private let parent: RunDirectory
    private var directory: RunDirectory
    private let warn: (String) -> Void
    private var file: EventFile?

    init(_ directory: RunDirectory, warn: @escaping (String) -> Void) {
        parent = directory
        self.directory = directory
        self.warn = warn
    }

    func report(_ event: TrainingEvent) {
        do {
            switch event {
            case .seed(let seed, _, _):
                directory = parent.seedRun(seed)
                file = nil
            case .began: file = try EventFile(directory, epochs: try directory.metrics().epochs)
            case .epoch(let metrics): try file?.append(metrics)
            case .setUp, .standardising, .resumed, .hygiene, .stoppedEarly, .splitting, .step: break
            }
        } catch {
            warn("warning: \(error); TensorBoard will not see all of this run")
            file = nil
        }
    }
}
