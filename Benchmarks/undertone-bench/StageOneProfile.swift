import Buffers
import Checkpoints
import Foundation
import Kernels
import SpeechEncoder

/// Where stage one's time goes: the frozen layers over a set of utterances, operation by operation.
struct StageOneProfile {
    var model: String
    var cut: Cut
    var precision: Precision
    var workers: Int
    /// Of the utterances, in seconds.
    var lengths: [Double]

    struct Outcome {
        var audioSeconds: Double
        var elapsedSeconds: Double
        var times: [String: TimedEngine.Entry]
    }

    /// Every worker takes the next utterance, as `undertone-cache` has it: one thread each.
    func run() throws -> Outcome {
        let source = try ModelSpecification(model).open()
        let configuration = try EncoderConfiguration(source.configuration)
        let engine = TimedEngine(CPUEngine(threads: 1))
        let encoder = try LowerEncoder(
            configuration, weights: source, cuts: [cut], precision: precision, engine: engine)
        var stream = RandomStream(seed: 1, "waveform")
        // The longest first, so that no worker is left with one of them at the end, which in a corpus is no time at all.
        let waveforms = lengths.sorted(by: >).map { length in (0..<Int(length * 16000)).map { _ in stream.normal() } }
        // Products are compiled and weights laid out before the clock starts.
        for waveform in waveforms { _ = encoder.downloadedHiddenStates(of: waveform) }
        engine.reset()
        let begin = ContinuousClock.now
        let next = Counter()
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            while let index = next.take(below: waveforms.count) {
                _ = encoder.downloadedHiddenStates(of: waveforms[index])
            }
        }
        return Outcome(
            audioSeconds: lengths.reduce(0, +), elapsedSeconds: begin.duration(to: .now) / .seconds(1),
            times: engine.times)
    }
}
