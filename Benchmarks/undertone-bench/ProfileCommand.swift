import ArgumentParser
import Buffers
import Foundation
import Kernels
import SpeechEncoder

/// Both stages in the engine alone, operation by operation, and what lies around it.
struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Measure both stages against the machine, operation by operation.")

    @Option(help: "The model.")
    var model = "random:wav2vec2-base?seed=0"

    @Option(help: "The cut of stage one; stage two trains the layers above it.")
    var cut = 9

    @Option(help: "Utterances, from 1.9 to 9.5 s long.")
    var utterances = 32

    @Option(help: "Repetitions, of which the fastest counts.")
    var repetitions = 3

    @Option(help: "Which stages: one, two or both.")
    var stages = "both"

    @Option(help: "float32, bfloat16 or both.")
    var compute = "both"

    @Option(help: "Workers of stage one, threads of stage two.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard utterances > 1, repetitions > 0, threads > 0 else {
            throw ValidationError("expected --utterances 2 or more, --repetitions and --threads 1 or more")
        }
        guard ["one", "two", "both"].contains(stages), ["float32", "bfloat16", "both"].contains(compute) else {
            throw ValidationError("expected --stages one, two or both, and --compute float32, bfloat16 or both")
        }
    }

    func run() throws {
        // The quantiles of a Beta(1.313, 2.185) on 1.90 to 11.95 s are MSP-Podcast's lengths; evenly spread ones of the same mean
        // and range serve here, the same on every machine.
        let lengths = (0..<utterances).map { 1.9 + 7.6 * Double($0 * 7 % utterances) / Double(utterances - 1) }
        let configuration = try EncoderConfiguration(ModelSpecification(model).open().configuration)
        let storage = try around(StorageProfile(lengths: lengths, hiddenSize: configuration.hiddenSize))
        if !json { print(text(storage, audioSeconds: lengths.reduce(0, +))) }
        let copying = MemoryBandwidth.measure(threads: threads).copyBytesPerSecond
        var reports: [ProfileReport] = []
        for precision in [Precision.float32, .bfloat16] where compute == "both" || compute == precision.rawValue {
            if stages != "two" {
                let profile = StageOneProfile(
                    model: model, cut: .layer(cut), precision: precision, workers: threads, lengths: lengths)
                reports.append(try report("stage one, cut \(cut)", precision, copying) { try profile.run() })
            }
            if stages != "one" {
                let layers = configuration.layerCount - cut
                let profile = StageTwoProfile(
                    model: model, layers: layers, precision: precision, threads: threads, lengths: lengths, steps: 3)
                reports.append(try report("stage two, \(layers) layers", precision, copying) { try profile.run() })
            }
        }
        if json {
            struct Outcome: Encodable {
                var storage: [StorageProfile.Entry]
                var stages: [ProfileReport]
                var audioSeconds: Double
                enum CodingKeys: String, CodingKey {
                    case storage, stages
                    case audioSeconds = "audio_seconds"
                }
            }
            print(try jsonLine(Outcome(storage: storage, stages: reports, audioSeconds: lengths.reduce(0, +))))
        }
    }

    /// The fastest of several runs, each part for itself.
    private func around(_ profile: StorageProfile) throws -> [StorageProfile.Entry] {
        var best = try profile.run()
        for _ in 1..<max(2, repetitions) {
            best = zip(best, try profile.run()).map { $0.seconds < $1.seconds ? $0 : $1 }
        }
        return best
    }

    private func text(_ entries: [StorageProfile.Entry], audioSeconds: Double) -> String {
        let lines = entries.map { entry in
            "  \(filled(entry.name, 42))"
                + " \(padded(String(format: "%.2f", 1e3 * entry.seconds / audioSeconds), 6)) ms per audio s"
                + " \(padded(String(format: "%.2f", Double(entry.byteCount) / entry.seconds / 1e9), 6)) GB/s"
        }
        return (["around the engine, one thread"] + lines).joined(separator: "\n")
    }

    private func report(
        _ title: String, _ precision: Precision, _ copyBytesPerSecond: Double,
        _ measure: () throws -> StageOneProfile.Outcome
    ) throws -> ProfileReport {
        // The roofline before and after each run: a neighbour who comes and goes disturbs both alike.
        var roofline = Roofline.measure(precision, threads: threads), outcomes: [StageOneProfile.Outcome] = []
        for _ in 0..<repetitions {
            outcomes.append(try measure())
            roofline = max(roofline, Roofline.measure(precision, threads: threads))
        }
        let report = ProfileReport(
            stage: title, precision: precision.rawValue, outcomes: outcomes, productsPerSecond: roofline,
            copyBytesPerSecond: copyBytesPerSecond)
        if !json { print(report.text) }
        return report
    }
}
