import Console
import Foundation
import Runs
import Training

/// Tells on standard error how a run goes: a bar over the whole run, and a line for each epoch. `--progress none` says
/// nothing but what is at fault with the corpus.
final class Narrator {
    private let mode: ProgressReporter.Mode
    private let epochs: Int
    private var reporter: ProgressReporter
    /// Said when there turns out to be something to do, so that an error stands alone.
    private var opening: String?
    /// Likewise, of a run of several.
    private var seedLine: String?
    private var isTraining = false
    /// Whether there was nothing to do.
    private(set) var heardNothing = true

    init(mode: ProgressReporter.Mode, epochs: Int, opening: String) {
        self.mode = mode
        self.epochs = epochs
        self.opening = opening
        reporter = ProgressReporter(mode: mode, label: "training", total: 0, unit: "frames")
    }

    func report(_ event: TrainingEvent) {
        if case .seed(let seed, let number, let count) = event {
            leaveBar()
            isTraining = false
            seedLine = "seed \(seed), \(number) of \(count)"
            return
        }
        heardNothing = false
        if case .scoredAgain = event {
            // Nothing is computed, so that nothing is told of how.
            say((seedLine.map { "\($0): " } ?? "") + "this run was finished before; its predictions are scored again")
            seedLine = nil
            return
        }
        if let opening { say(opening) }
        if let seedLine { say(seedLine) }
        (opening, seedLine) = (nil, nil)
        switch event {
        case .seed, .scoredAgain, .finished: break
        case .missing(let line): warn("warning: \(line)")
        case .setUp(let text, let parameters):
            say(
                "training \(text): \(Summary.rounded(parameters.trainable)) of \(Summary.rounded(parameters.total)) "
                    + "parameters")
        case .splitting(let pieces, let limit):
            say("the largest batch goes through the encoder in \(pieces) pieces, to fit \(limit)")
        case .standardising(let utterances):
            say("standardising pooled features over \(utterances) training utterances")
        case .resumed(let epoch, let step):
            say("resumed after epoch \(epoch), step \(step)")
        case .hygiene(let hygiene):
            for problem in hygiene.problems {
                say("warning: \(problem); scores may flatter the model (strict: true refuses this)")
            }
            for note in hygiene.notes { say("note: \(note)") }
        case .stoppedEarly(let bestEpoch):
            say("stopped early: no epoch since epoch \(bestEpoch) was better")
        case .began(let steps):
            // The rate and the time left count from here.
            reporter = ProgressReporter(mode: mode, label: "training", total: steps, unit: "frames")
            isTraining = true
        case .step(_, _, _, let frames, _):
            reporter.advance(work: Double(frames))
        case .epoch(let metrics):
            let scores = metrics.development.sorted { $0.key < $1.key }
                .map { "\($0.key) \(String(format: "%.3f", $0.value.ccc))" }.joined(separator: ", ")
            say(
                "epoch \(metrics.epoch)/\(epochs)  loss \(String(format: "%.3f", metrics.trainLoss))  development CCC: "
                    + "\(scores)  \(String(format: "%.1f", metrics.secondsTraining + metrics.secondsEvaluating)) s"
                    + (metrics.isBest ? "  best so far" : ""))
        }
    }

    /// Leaves the bar's line, so that what comes next, an error too, begins on its own.
    func leaveBar() {
        if isTraining { reporter.finish() }
    }

    func say(_ line: String) {
        if mode != .none { warn(line) }
    }

    /// In every mode.
    func warn(_ line: String) { reporter.message(line) }
}
