import Buffers
import Checkpoints
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// Parameter groups, layer-wise decay, averages, masks: alone and in whole runs.
@Suite struct OptimisationTests {
    private let engine = CPUEngine(threads: 1)

    private func encoder(_ parts: TrainedParts, cut: Cut, precision: Precision = .float32) throws -> UpperEncoder {
        let source = try SyntheticCache.model.open()
        return try UpperEncoder(
            try EncoderConfiguration(source.configuration), weights: source, cut: cut, trained: parts,
            precision: precision, seed: 0, engine: engine)
    }

    private func heads() -> [Parameter] {
        let tensor = TrainedTensor([1, 2, 3], rows: 1, columns: 3, operand: .float32, engine: engine)
        return [tensor.parameter("heads.0.weight", shape: [1, 3], role: .weight)]
    }

    /// The first AdamW step moves every element by its learning rate, whatever the gradient.
    @Test func ratesFallFromLayerToLayer() throws {
        let configuration = try SyntheticCache.configuration([
            "layers=all", "optimiser.layer_decay=0.5", "optimiser.learning_rate.layers=1e-3",
            "optimiser.learning_rate.embedding=8e-3", "optimiser.learning_rate.heads=1e-2",
        ])
        let encoder = try encoder(TrainedParts(layers: 4), cut: .cnn)
        let groups = AdamW.Group.groups(encoder, heads: heads(), configuration)
        #expect(groups.map(\.name) == ["embedding", "layers", "heads"])
        var options = AdamW.Options()
        options.weightDecay = 0
        let optimiser = AdamW(groups: groups, options: options, engine: engine)
        #expect(optimiser.parameters.map(\.name) == encoder.parameters.map(\.name) + ["heads.0.weight"])
        let before = optimiser.parameters.map { engine.download($0.value) }
        for parameter in optimiser.parameters {
            engine.upload([Float](repeating: 0.5, count: parameter.count), to: parameter.gradient)
        }
        _ = optimiser.step(1, factor: 1)
        for (parameter, values) in zip(optimiser.parameters, before) {
            let rate: Float =
                switch parameter.name.split(separator: ".").prefix(3).joined(separator: ".") {
                case "encoder.layers.3": 1e-3
                case "encoder.layers.2": 5e-4
                case "encoder.layers.1": 2.5e-4
                case "encoder.layers.0": 1.25e-4
                case "heads.0.weight": 1e-2
                default: 5e-4
                }
            let moved = zip(values, engine.download(parameter.value)).map { $0 - $1 }
            #expect(moved.allSatisfy { abs($0 - rate) < 1e-3 * rate + 3e-7 }, "\(parameter.name): \(moved[0])")
        }
    }

    @Test func adaptersAreAGroupWithARateOfTheirOwn() throws {
        let configuration = try SyntheticCache.configuration(["layers=2", "tuning=lora", "optimiser.layer_decay=0.9"])
        let encoder = try encoder(TrainedParts(layers: 2, tuning: Tuning(configuration)), cut: .layer(2))
        let groups = AdamW.Group.groups(encoder, heads: heads(), configuration)
        #expect(groups.map(\.name) == ["adapters", "heads"])
        #expect(groups[0].learningRate == configuration.optimiser.adaptersLearningRate)
        #expect(groups[0].parts.map(\.rateFactor) == [0.9, 1])
        #expect(groups[0].parameters.allSatisfy { $0.name.contains(".lora_") })
    }

    /// Without a gradient, weights shrink and nothing else moves.
    @Test func onlyWeightsDecay() throws {
        let encoder = try encoder(TrainedParts(layers: 1), cut: .layer(3))
        var options = AdamW.Options()
        options.weightDecay = 0.5
        let optimiser = AdamW(
            groups: [AdamW.Group(name: "layers", parameters: encoder.parameters, learningRate: 0.1)], options: options,
            engine: engine)
        let before = encoder.parameters.map { engine.download($0.value) }
        for parameter in encoder.parameters { engine.clear(parameter.gradient) }
        _ = optimiser.step(1, factor: 1)
        for (parameter, values) in zip(encoder.parameters, before) {
            let factor: Float = parameter.role == .weight ? 0.95 : 1
            #expect(deviation(engine.download(parameter.value), from: values.map { $0 * factor }) < 1e-6)
            #expect((parameter.role == .weight) == (parameter.shape.count == 2), "\(parameter.name)")
        }
    }

    /// `Σ βᵗ⁻ˢ w_s / Σ βᵗ⁻ˢ`, and in and out of the model without a trace.
    @Test(arguments: [0, 0.5, 0.99]) func averagesFollowTheirFormula(_ decay: Double) throws {
        let parameters = try encoder(TrainedParts(layers: 1), cut: .layer(3), precision: .bfloat16).parameters
        let average = WeightAverage(of: parameters, decay: decay, engine: engine)
        var sums = parameters.map { [Double](repeating: 0, count: $0.count) }, weight = 0.0
        for step in 1...4 {
            weight = weight * decay + 1
            for (index, parameter) in parameters.enumerated() {
                var stream = RandomStream(seed: 1, parameter.name, UInt64(step))
                let values = (0..<parameter.count).map { _ in stream.normal() }
                TrainingState.load(parameter, value: values, engine: engine)
                sums[index] = zip(sums[index], values).map { $0 * decay + Double($1) }
            }
            average.update(step: step)
        }
        func stored() -> [[Float]] {
            parameters.flatMap { [engine.download($0.value), $0.operand.map(engine.download) ?? []] }
        }
        let weights = stored()
        average.exchange()
        for (parameter, sum) in zip(parameters, sums) {
            let value = engine.download(parameter.value)
            #expect(deviation(value, from: sum.map { Float($0 / weight) }) < 1e-6)
            if let operand = parameter.operand { #expect(deviation(engine.download(operand), from: value) < 5e-3) }
        }
        average.exchange()
        #expect(stored() == weights)
    }

    /// Averages are what is scored and kept, and training does not notice them.
    @Test func averagesAreEvaluatedAndKept() throws {
        let cache = try SyntheticCache()
        let plain = try cache.stage("plain", try SyntheticCache.configuration(["epochs=3"])).run()
        let averaged = try cache.stage("averaged", try SyntheticCache.configuration(["epochs=3", "ema=0.9"])).run()
        let epochs = try ["plain", "averaged"].map { try RunDirectory(path: cache.run($0)).metrics().epochs }
        #expect(epochs[0].map(\.trainLoss) == epochs[1].map(\.trainLoss))
        #expect(epochs[0].map { $0.development["valence"]?.ccc } != epochs[1].map { $0.development["valence"]?.ccc })
        #expect(plain.scores != averaged.scores)
        let best = epochs[1][averaged.bestEpoch - 1]
        #expect(best.development["valence"]?.ccc == averaged.scores["development"]?["valence"]?.ccc)
    }

    private static let everything = [
        "epochs=3", "scores.resamples=100", "ema=0.9", "optimiser.layer_decay=0.7", "optimiser.schedule=cosine",
        "dropout.layer=0.3",
        "mask.time.probability=0.3", "mask.time.length=4", "mask.channels.probability=0.2", "mask.channels.length=5",
    ]

    @Test(arguments: [1, 3, 5, 8], [Precision.float32, .bfloat16])
    func everythingResumesToTheSameBits(_ step: Int, _ precision: Precision) throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(Self.everything)
        _ = try cache.stage("whole", configuration, precision: precision).run()
        var asked = 0
        #expect(throws: TrainingError.self) {
            try cache.stage(
                "parts", configuration, precision: precision,
                isInterrupted: {
                    asked += 1
                    return asked > step
                }
            ).run()
        }
        _ = try cache.stage("parts", configuration, threads: 2, precision: precision, resume: true).run()
        for file in ["best.safetensors", "predictions-test1.csv"] {
            #expect(try cache.bytes("whole", file) == cache.bytes("parts", file), "\(file)")
        }
    }

    /// Each option does something; training alone is masked.
    @Test(arguments: everything.dropFirst(2)) func everyOptionMatters(_ option: String) throws {
        let cache = try SyntheticCache()
        let needed = option.hasSuffix("length=4") || option.hasSuffix("length=5")
        let base = ["epochs=1", "scores.resamples=100", "mask.time.probability=0.3", "mask.channels.probability=0.2"]
        let plain = needed ? base : Array(base.prefix(2))
        _ = try cache.stage("plain", try SyntheticCache.configuration(plain)).run()
        _ = try cache.stage("other", try SyntheticCache.configuration(plain + [option])).run()
        #expect(try cache.bytes("plain", "best.safetensors") != cache.bytes("other", "best.safetensors"))
    }

    /// What is trained and nothing else, with how it goes together with the checkpoint.
    @Test(arguments: [
        (["layers=0"], ["tuning": "full", "layers": "0", "cut": "1"], 0),
        (["layers=1"], ["tuning": "full", "layers": "1", "embedding": "false"], 16),
        (
            ["layers=2", "tuning=lora", "lora.rank=2", "lora.alpha=4"],
            [
                "tuning": "lora",
                "lora":
                    "{\"rank\": 2, \"alpha\": 4.0, \"rank_stabilised\": false, \"targets\": [\"q_proj\", \"v_proj\"], \"layers\": null}",
            ], 8
        ),
        (["layers=2", "tuning=biases"], ["tuning": "biases"], 16),
        (["layers=2", "tuning=norms"], ["tuning": "norms"], 8),
    ])
    func bestWeightsHoldWhatDiffers(_ overrides: [String], _ metadata: [String: String], _ count: Int) throws {
        let cache = try SyntheticCache(utterances: 8)
        let result = try cache.stage("run", try SyntheticCache.configuration(["epochs=1"] + overrides)).run()
        let file = try SafetensorsFile.open("\(cache.run("run"))/best.safetensors")
        for (key, value) in metadata { #expect(file.metadata[key] == value) }
        let names = file.names.filter { $0.hasPrefix("encoder.") }
        #expect(names.count == count)
        let heads = file.names.filter { $0.hasPrefix("heads.") }
        let elements = (names + heads).reduce(0) { $0 + (file.shape(of: $1)?.reduce(1, *) ?? 0) }
        #expect(result.trainableParameters == elements)
        let adapters = overrides.contains("tuning=lora") ? 2 * 2 * 2 * (2 * 48) : 0
        let headElements = heads.reduce(0) { $0 + (file.shape(of: $1)?.reduce(1, *) ?? 0) }
        let whole = TensorNames.parameterCount(
            TensorNames(try EncoderConfiguration(SyntheticCache.model.open().configuration)).all)
        #expect(result.totalParameters == whole + adapters + headElements)
        #expect(result.setUp != nil)
    }

    private func deviation(_ a: [Float], from b: [Float]) -> Float {
        guard a.count == b.count else { return .infinity }
        let scale = max(b.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
        let worst = zip(a, b).map { abs($0 - $1) / scale }.reduce(0) { $1 <= $0 ? $0 : $1 }
        return worst.isFinite ? worst : .infinity
    }
}
