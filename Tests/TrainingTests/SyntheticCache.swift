import Buffers
import Checkpoints
import Corpus
import FeatureStore
import Foundation
import Kernels
import Runs
import SpeechEncoder

@testable import Training

/// A small cache in a folder of its own, whose rows follow from the labels: something to learn in a second.
final class SyntheticCache {
    let root: URL
    var directory: String { root.appending(path: "cache").path }
    func run(_ name: String) -> String { root.appending(path: name).path }

    static let model = ModelSpecification.random(preset: "wav2vec2-tiny", seed: 4)

    /// - Parameters:
    ///   - cut: by default below the top three layers.
    ///   - cell: an utterance's label cells by row; the default follows the rows.
    ///   - utterances: of the training split; the others have a third of it each.
    ///   - longest: frames that an utterance may have; the least is 3.
    ///   - audio: an utterance's audio hash by row, and `speaker` its speaker; by default each audio is its own, and each split
    ///     has three speakers of its own.
    init(
        model: ModelSpecification = SyntheticCache.model, cut: Cut? = nil, utterances: Int = 24,
        longest: Int = 22,
        withUpperWeights: Bool = true, storage: StorageFormat = .float32, pool: Int = 1,
        audio: (_ row: Int) -> String = { "\($0)" },
        speaker: (_ row: Int, _ split: Int) -> String = { "s\($1)\($0 % 3)" },
        cell: (_ row: Int, _ column: String, _ value: Double) -> String = { "\($2)" }
    ) throws {
        root = FileManager.default.temporaryDirectory.appending(path: "undertone-training-\(UUID())")
        try FileManager.default.createDirectory(atPath: root.path + "/cache", withIntermediateDirectories: true)
        let source = try model.open()
        let configuration = try EncoderConfiguration(source.configuration)
        let cut = cut ?? .layer(configuration.layerCount - 3), columns = configuration.width(at: cut)
        let key = CacheKey(components: ["test": "synthetic"])
        let layout = ShardLayout(
            key: key, storage: storage, cuts: [CutLayout(name: "\(cut)", hiddenSize: columns)],
            hopSamples: 320 * pool, pool: pool)
        let writer = try ShardWriter(
            path: "\(directory)/\(ShardLayout.fileName(shard: 0))", layout: layout, shard: 0)
        var rows = ["id,path,split,speaker,activation,valence,gender"]
        let splits = ["train", "development", "test1"]
        var number = 0, frames = 0
        for (index, split) in splits.enumerated() {
            for _ in 0..<(index == 0 ? utterances : max(4, utterances / 3)) {
                var stream = RandomStream(seed: 9, "utterance", UInt64(number))
                let activation = Double(stream.uniform()), valence = Double(stream.uniform())
                let length = 3 + Int(stream.next() % UInt64(longest - 2))
                let values = (0..<length * columns).map { element -> Float in
                    let signal = element % columns < columns / 2 ? activation : valence
                    return (element % 3 == 0 ? 1 : -1) * Float(signal) + 0.3 * stream.normal()
                }
                let id = "u\(number)"
                try writer.append(
                    UtteranceEntry(
                        id: id, frameCount: length, sampleCount: length * 320 + 80, audioSHA256: audio(number),
                        fileByteCount: 1, fileModifiedNanoseconds: 1), rows: [values])
                rows.append(
                    "\(id),\(id).wav,\(split),\(speaker(number, index)),\(cell(number, "activation", activation)),"
                        + "\(cell(number, "valence", valence)),\(["f", "m", ""][number % 3])")
                number += 1
                frames += length
            }
        }
        try writer.finish()
        try CacheDescription(
            key: key, cuts: layout.cuts, frozenWeightsSHA256: "none",
            model: try JSONDecoder().decode(JSONValue.self, from: source.configuration.data),
            modelSource: "\(model)",
            preprocessing: .init(sampleRateHz: 16000, hopSamples: 320 * pool, minimumSamples: 400, normalise: true),
            storage: storage, pool: pool, compute: "float32",
            shards: [.init(file: ShardLayout.fileName(shard: 0), utterances: number, frames: frames, bytes: 1)],
            totals: .init(utterances: number, frames: frames, seconds: Double(frames) / 50, bytes: 1), fidelity: nil,
            versions: [:]
        ).write(directory: directory)
        try (rows.joined(separator: "\n") + "\n")
            .write(toFile: "\(directory)/corpus.csv", atomically: true, encoding: .utf8)
        guard withUpperWeights else { return }
        let names = TensorNames(configuration).upper(above: cut)
        try SafetensorsFile.write(
            to: "\(directory)/upper.safetensors",
            tensors: names.map { ($0.name, $0.shape, try source.floats($0.name)) })
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    static func configuration(_ overrides: [String] = []) throws -> TrainConfiguration {
        try TrainConfiguration(
            path: nil,
            overrides: [
                "labels=[activation, valence]", "epochs=6", "batch.utterances=8", "head.hidden=16",
                "optimiser.learning_rate.layers=1e-3", "optimiser.learning_rate.heads=1e-2",
            ] + overrides)
    }

    func stage(
        _ run: String, _ configuration: TrainConfiguration, threads: Int = 1, precision: Precision = .float32,
        resume: Bool = false, replace: Bool = false, manifest: String? = nil,
        secondsBetweenStates: Double = 30, untilEpoch: Int? = nil,
        report: @escaping (TrainingEvent) -> Void = { _ in }, isInterrupted: @escaping () -> Bool = { false }
    ) throws -> StageTwo {
        StageTwo(
            StageTwo.Settings(
                features: try CachedFeatures(directories: [directory]), runDirectory: self.run(run),
                configuration: configuration,
                manifest: manifest, resume: resume, replace: replace,
                engine: CPUEngine(
                    threads: threads, memoryLimit: configuration.memory.map(MemoryPlan.engineBytes) ?? .max),
                precision: precision, threads: threads, device: "test", versions: [:],
                secondsBetweenStates: secondsBetweenStates, untilEpoch: untilEpoch), report: report,
            isInterrupted: isInterrupted)
    }

    func bytes(_ run: String, _ file: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(self.run(run))/\(file)"))
    }
}
