import ArgumentParser
import Buffers
import Foundation
import Kernels
import SpeechEncoder
import Synchronization

/// Measures the engine against the machine: `make bench` runs it beside the programs and their peers.
struct UndertoneBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undertone-bench",
        abstract: "Measure the machine's product rate, and both stages against it, operation by operation.")

    @Option(help: "The model.")
    var model = "random:wav2vec2-base?seed=0"

    @Option(help: "The cut of stage one; stage two trains the layers above it.")
    var cut = 9

    @Option(help: "Utterances of the published lengths, 1.9 to 12 s.")
    var utterances = 32

    @Option(help: "Repetitions, of which the fastest counts.")
    var repetitions = 3

    @Option(help: "Which stages: one, two or both.")
    var stages = "both"

    @Option(help: "float32, bfloat16 or both.")
    var compute = "both"

    @Option(help: "Workers of stage one, threads of stage two.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    func run() throws {
        // The quantiles of a Beta(1.313, 2.185) on 1.90 to 11.95 s are MSP-Podcast's lengths; evenly spread ones of the same mean
        // and range serve here, the same on every machine.
        let lengths = (0..<utterances).map { 1.9 + 7.6 * Double($0 * 7 % utterances) / Double(max(1, utterances - 1)) }
        let configuration = try EncoderConfiguration(ModelSpecification(model).open().configuration)
        try report(StorageProfile(lengths: lengths, hiddenSize: configuration.hiddenSize))
        for precision in [Precision.float32, .bfloat16] where compute == "both" || compute == precision.rawValue {
            if stages != "two" {
                let profile = StageOneProfile(
                    model: model, cut: .layer(cut), precision: precision, workers: threads, lengths: lengths)
                try report("stage one, cut \(cut), \(precision)", precision) { try profile.run() }
            }
            if stages != "one" {
                let layers = configuration.layerCount - cut
                let profile = StageTwoProfile(
                    model: model, layers: layers, precision: precision, threads: threads, lengths: lengths, steps: 3)
                try report("stage two, \(layers) layers, \(precision)", precision) { try profile.run() }
            }
        }
    }

    private func report(_ profile: StorageProfile) throws {
        let audioSeconds = profile.lengths.reduce(0, +)
        var best = try profile.run()
        for _ in 1..<max(2, repetitions) {
            best = zip(best, try profile.run()).map { $0.seconds < $1.seconds ? $0 : $1 }
        }
        print("around the engine, one thread")
        for entry in best {
            print(
                "  \(entry.name.padding(toLength: 42, withPad: " ", startingAt: 0))"
                    + " \(pad(String(format: "%.2f", 1e3 * entry.seconds / audioSeconds), 6)) ms per audio s"
                    + " \(pad(String(format: "%.2f", Double(entry.byteCount) / entry.seconds / 1e9), 6)) GB/s")
        }
    }

    private func report(
        _ title: String, _ precision: Precision, _ measure: () throws -> StageOneProfile.Outcome
    ) throws {
        // The roofline before and after each run: a neighbour who comes and goes disturbs both alike.
        var roofline = Roofline.measure(precision, threads: threads), outcomes: [StageOneProfile.Outcome] = []
        for _ in 0..<repetitions {
            outcomes.append(try measure())
            roofline = max(roofline, Roofline.measure(precision, threads: threads))
        }
        print("roofline \(precision): \(Int((roofline / 1e9).rounded())) GFLOP/s with \(threads) threads")
        let best = outcomes.min { $0.elapsedSeconds < $1.elapsedSeconds }!
        let busy = best.times.values.reduce(0) { $0 + $1.seconds }
        let operations = best.times.values.reduce(0) { $0 + $1.operations }
        let rate = operations / best.elapsedSeconds
        print(
            "\(title): \(number(best.audioSeconds / best.elapsedSeconds)) audio s/s; "
                + "\(number(operations / best.audioSeconds / 1e9)) GFLOP per audio second; "
                + "\(number(100 * rate / roofline)) % of the roofline")
        let rows = best.times.sorted { $0.value.seconds > $1.value.seconds }
        for (name, entry) in rows where entry.seconds > 0.001 * busy {
            // Of all threads' time; a product's share of the roofline is that of the threads that it had.
            let share = number(100 * entry.seconds / busy)
            let wall = entry.seconds / busy * best.elapsedSeconds
            let own = entry.operations > 0 ? number(100 * entry.operations / wall / roofline) + " %" : ""
            print(
                "  \(name.padding(toLength: 34, withPad: " ", startingAt: 0)) \(pad(share)) % \(pad(own, 9))"
                    + " \(pad(number(1e3 * entry.seconds / best.audioSeconds), 9)) ms per audio s")
        }
    }

    private func number(_ value: Double) -> String { String(format: value < 100 ? "%.1f" : "%.0f", value) }
    private func pad(_ text: String, _ width: Int = 6) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// Hands out consecutive numbers.
final class Counter: Sendable {
    private let next = Mutex(0)
    func take(below limit: Int) -> Int? {
        next.withLock { next in
            guard next < limit else { return nil }
            defer { next += 1 }
            return next
        }
    }
}

UndertoneBench.main()
