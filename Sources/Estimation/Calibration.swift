import Buffers
import Caching
import Corpus
import Dispatch
import FeatureStore
import Foundation
import FrozenModels
import Kernels
import Runs
import SpeechEncoder
import Synchronization
import Training

/// Measures, in some seconds, how fast this machine does what a pipeline is made of: with the pipeline's own model and lengths, on a few
/// seconds of speech.
public struct Calibration {
    private let model: FrozenModel
    private let text: String
    private let cut: Cut
    private let configuration: TrainConfiguration
    private let lengthsSeconds: [Double]
    private let threads: Int
    private let folder: String
    private let openSeconds: Double

    /// Audio of a batch that is measured with: as many utterances as come to it.
    private static let batchSeconds = 40.0
    /// For each of stage one's threads.
    private static let workerSeconds = 8.0
    /// Utterances longer than this would take the time of all others.
    private static let longestSeconds = 15.0
    private static let writtenBytes = 64 << 20

    /// - Parameters:
    ///   - model: as the user named it.
    ///   - cut: up to which the frozen layers are measured.
    ///   - configuration: of the runs. Of the layers that it trains at most three are measured, and always one.
    ///   - lengthsSeconds: of utterances as the corpus has them.
    ///   - threads: stage one's workers, of one thread each, and the threads of the engine that trains.
    ///   - folder: where what the pipeline makes will lie; some megabytes are written there, and removed.
    /// - Throws: what opening the model throws.
    public init(
        model: String, cut: Cut, configuration: TrainConfiguration, lengthsSeconds: [Double], threads: Int,
        folder: String
    ) throws {
        text = model
        self.cut = cut
        self.configuration = configuration
        self.threads = threads
        self.folder = folder
        let usable = lengthsSeconds.map { min($0, Self.longestSeconds) }.filter { $0 > 0.1 }
        // Spread over all there are.
        self.lengthsSeconds =
            usable.isEmpty ? [5] : (0..<min(64, usable.count)).map { usable[$0 * usable.count / min(64, usable.count)] }
        let begin = ContinuousClock.now
        self.model = try FrozenModel(model, cuts: [cut], compute: .float32)
        openSeconds = begin.duration(to: .now) / .seconds(1)
    }

    /// - Parameters:
    ///   - stageOne: precisions that frozen layers are computed in.
    ///   - training: precisions that are trained in.
    ///   - recordings: some of the corpus, to find out how fast they are decoded.
    public func measure(stageOne: [Precision], training: [Precision], recordings: [AudioSpan]) throws -> Rates {
        let clock = ContinuousClock()
        var rates = Rates(
            processor: CPUEngine.processorName, threads: threads, model: text, openSeconds: openSeconds, loadSeconds: 0,
            stageOne: [:], training: [:], scoring: [:], optimiser: .infinity, decoding: decodingRate(recordings),
            writing: try writingRate())
        for precision in stageOne {
            var lower: LowerEncoder?
            let load = try clock.measure {
                lower = try model.lowerEncoder(precision: precision, engine: CPUEngine(threads: 1))
            }
            rates.loadSeconds = max(rates.loadSeconds, load / .seconds(1))
            if let lower { rates.stageOne[precision.rawValue] = stageOneRate(lower) }
        }
        for precision in training { try measureTraining(precision, &rates) }
        return rates
    }

    private func batch(_ seconds: Double) -> [Double] {
        var lengths: [Double] = [], sum = 0.0
        while sum < seconds || lengths.count < 2 {
            let length = lengthsSeconds[lengths.count % lengthsSeconds.count]
            lengths.append(length)
            sum += length
        }
        return lengths
    }

    private func samples(_ seconds: Double) -> Int {
        max(model.preprocessing.minimumSamples, Int(seconds * Double(model.preprocessing.sampleRateHz)))
    }

    /// Operations per second of the frozen layers: every worker takes the next utterance, on one thread each.
    private func stageOneRate(_ lower: LowerEncoder) -> Double {
        // The longest first, so that no worker is left with one at the end, which in a corpus is no time at all.
        let lengths = batch(Self.workerSeconds * Double(threads)).sorted(by: >).map(samples)
        var stream = RandomStream(seed: 0, "calibration")
        let noise = (0..<(lengths.max() ?? 0)).map { _ in stream.uniform() - 0.5 }
        let operations = lengths.reduce(0) { $0 + model.operationCount(samples: $1) }
        func round() -> Double {
            let next = Mutex(0)
            let begin = ContinuousClock.now
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                while let index = next.withLock({ taken -> Int? in
                    guard taken < lengths.count else { return nil }
                    defer { taken += 1 }
                    return taken
                }) {
                    _ = lower.downloadedHiddenStates(of: Array(noise[..<lengths[index]]))
                }
            }
            return begin.duration(to: .now) / .seconds(1)
        }
        _ = round()
        return operations / Self.repeated { round() }.median
    }

    private func measureTraining(_ precision: Precision, _ rates: inout Rates) throws {
        let encoder = model.configuration
        // A few layers do for the rate, and are as many as partial finetuning has.
        var configuration = configuration
        let layers = min(3, max(1, configuration.layers.count(of: encoder.layerCount)))
        configuration.layers = .top(layers)
        configuration.lora.layers = nil
        if configuration.embedding == .train { configuration.embedding = .auto }
        let frames = batch(Self.batchSeconds).map { encoder.frameCount(samples: samples($0)) }
        let cuts = [Cut.layer(encoder.layerCount - layers)]
        let probe = try TrainingProbe(
            configuration, encoder: encoder, weights: model.weights, cuts: cuts, lengths: frames, precision: precision,
            engine: CPUEngine(threads: threads))
        let cost = try TrainingCost(configuration, encoder: encoder, cuts: cuts, precision: precision, threads: threads)
        let all = 1 - Double(encoder.dropouts.overridden(by: configuration.dropout).layer)
        _ = probe.step(0)
        var number = 0
        let steps = Self.repeated {
            number += 1
            return probe.step(number)
        }
        // The probe leaves no layer out.
        rates.training[precision.rawValue] = cost.step.of(frames) / all / steps.map(\.gradients).median
        rates.optimiser = min(rates.optimiser, Double(probe.parameterCount) / steps.map(\.optimiser).median)
        _ = probe.score()
        rates.scoring[precision.rawValue] = cost.scoring.of(frames) / Self.repeated { probe.score() }.median
    }

    /// Seconds of speech per second, on all threads.
    private func decodingRate(_ recordings: [AudioSpan]) -> Double {
        var rates: [Double] = []
        for span in recordings {
            let begin = ContinuousClock.now
            guard let decoded = try? model.recordings.decode(span) else { continue }
            let seconds = Double(decoded.samples.count) / Double(model.preprocessing.sampleRateHz)
            rates.append(seconds / (begin.duration(to: .now) / .seconds(1)))
        }
        // The first also sets the libraries up.
        return Double(threads) * (rates.count > 1 ? Array(rates.dropFirst()).median : Self.assumedDecodingRate)
    }

    /// Of 16-bit WAV files at the model's rate, on one thread (Benchmarks/results): less than a hundredth of stage one.
    private static let assumedDecodingRate = 10_000.0

    /// Bytes per second, flushed.
    private func writingRate() throws -> Double {
        var ancestor = URL(filePath: folder)
        while !FileManager.default.fileExists(atPath: ancestor.path), ancestor.pathComponents.count > 1 {
            ancestor.deleteLastPathComponent()
        }
        let path = "\(ancestor.path)/.undertone-calibration-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bytes = Data(repeating: 0x5a, count: Self.writtenBytes)
        let begin = ContinuousClock.now
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { return Self.assumedWritingRate }
        do {
            try file.write(contentsOf: bytes)
            try file.synchronize()
            try file.close()
        } catch {
            return Self.assumedWritingRate
        }
        return Double(bytes.count) / (begin.duration(to: .now) / .seconds(1))
    }

    /// Of a solid-state disk, where the folder cannot be written.
    private static let assumedWritingRate = 5e8

    /// Three times or more, for some seconds at most.
    private static func repeated<Value>(_ measure: () -> Value) -> [Value] {
        let begin = ContinuousClock.now
        var values: [Value] = []
        while values.count < 3 || (values.count < 15 && begin.duration(to: .now) < .milliseconds(700)) {
            if values.count > 0, begin.duration(to: .now) > .seconds(3) { break }
            values.append(measure())
        }
        return values
    }
}
