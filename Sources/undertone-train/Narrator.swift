import Console
import Foundation
import Runs
import Training

/// Tells on standard error how a run goes: a bar over the whole run, and a line for each epoch.
final class Narrator {
    private let mode: ProgressReporter.Mode
    private let epochs: Int
    private var reporter: ProgressReporter?

    init(mode: ProgressReporter.Mode, epochs: Int) {
        self.mode = mode
        self.epochs = epochs
    }

    func say(_ line: String) {
        if let reporter {
            reporter.message(line)
        } else if mode == .json {
            FileHandle.standardError.write(Data((ProgressFormat.json(message: line) + "\n").utf8))
        } else if mode != .none {
            FileHandle.standardError.write(Data((line + "\n").utf8))
        }
    }

    func report(_ event: TrainingEvent) {
        switch event {
        case .standardising(let utterances):
            say("standardising pooled features over \(utterances) training utterances")
        case .resumed(let epoch, let step):
            say("resumed after epoch \(epoch), step \(step)")
        case .began(let steps):
            reporter = ProgressReporter(mode: mode, label: "training", total: steps, unit: "frames")
        case .step(_, _, _, let frames, _):
            reporter?.advance(work: Double(frames))
        case .epoch(let metrics):
            let scores = metrics.development.sorted { $0.key < $1.key }
                .map { "\($0.key) \(String(format: "%.3f", $0.value.ccc))" }.joined(separator: ", ")
            say(
                "epoch \(metrics.epoch)/\(epochs)  loss \(String(format: "%.3f", metrics.trainLoss))  development CCC: "
                    + "\(scores)  \(String(format: "%.1f", metrics.secondsTraining + metrics.secondsEvaluating)) s"
                    + (metrics.isBest ? "  best so far" : ""))
        }
    }

    func finish() { reporter?.finish() }
}
