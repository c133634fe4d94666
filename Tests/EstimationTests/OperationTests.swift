import Estimation
import Kernels
import Runs
import SpeechEncoder
import Testing
import Training

func encoder(_ preset: String) throws -> EncoderConfiguration {
    try EncoderConfiguration(ModelSpecification("random:\(preset)?seed=0").open().configuration)
}

func training(layers: TrainConfiguration.Layers = 3) -> TrainConfiguration {
    var configuration = TrainConfiguration(labels: [.init(name: "activation"), .init(name: "valence")])
    configuration.layers = layers
    configuration.compute = .float32
    // Random models leave a layer out now and then.
    configuration.dropout.layer = 0
    return configuration
}

@Suite struct OperationTests {
    /// The formula, against what the encoder asks of its engine.
    @Test(
        arguments: ["wav2vec2-tiny", "wav2vec2-large-tiny", "hubert-tiny", "wavlm-tiny", "data2vec-audio-tiny"],
        ["cnn", "0", "3"])
    func theFormulaIsWhatTheFrozenLayersMultiply(preset: String, cut: String) throws {
        let configuration = try encoder(preset), cut = try #require(Cut(cut)), engine = CountingEngine(threads: 1)
        let lower = try LowerEncoder(
            configuration, weights: BlankWeights(configuration), cuts: [cut], precision: .float32, engine: engine)
        let before = engine.operations
        _ = lower.hiddenStates(of: [Float](repeating: 0, count: 48_000))
        let counted = Double(engine.operations - before)
        let ratio = configuration.operationCount(samples: 48_000, upTo: cut) / counted
        // Biases and norms, and WavLM's gates, count as parameters of the formula; of a tiny model they are more than of a real one.
        #expect(ratio > 0.99 && ratio < 1.06, "\(preset) to cut \(cut): \(ratio)")
    }

    /// What `undertone-bench` counts of the real model, call by call (Benchmarks/results): 12.2 and 6.7 GFLOP for each second of
    /// speech.
    @Test func baseTakesWhatItIsKnownToTake() throws {
        // The benchmark's utterances have a mean of 5.7 s; attention's share grows with their length.
        let configuration = try encoder("wav2vec2-base"), seconds = 5.7, samples = Int(16_000 * seconds)
        let lower = configuration.operationCount(samples: samples, upTo: .layer(9)) / seconds / 1e9
        #expect(lower > 12 && lower < 12.5, "\(lower)")
        let cost = try TrainingCost(
            training(), encoder: configuration, cuts: [.layer(9)], precision: .float32, threads: 2)
        let frames = configuration.frameCount(samples: samples)
        let upper = cost.step.of([frames]) / seconds / 1e9
        #expect(upper > 6.55 && upper < 6.75, "\(upper)")
        // A forward pass is less than a third: there are two products more on the way back for each on the way up.
        #expect(cost.scoring.of([frames]) * 2.9 < cost.step.of([frames]) * 1.05)
    }

    /// Two lengths tell what all lengths and batches take.
    @Test(arguments: ["wav2vec2-tiny", "wavlm-tiny"])
    func operationsOfABatchAreThoseOfItsUtterances(preset: String) throws {
        let configuration = try encoder(preset)
        var full = training(layers: .all)
        full.tuning = .lora
        for set in [training(layers: 2), training(layers: .all), full] {
            let cost = try TrainingCost(
                set, encoder: configuration, cuts: configuration.cuts, precision: .float32, threads: 1)
            let apart = cost.step.of([50]) + cost.step.of([200]) + cost.step.of([200])
            #expect(abs(apart / cost.step.of([50, 200, 200]) - 1) < 1e-9)
            // The heads' share is per utterance, and so not quite linear in frames.
            #expect(cost.step.of([800]) > 4 * cost.step.of([200]))
            #expect(cost.memoryBytes(batch: [200, 200]) > cost.memoryBytes(batch: [200]))
        }
    }

    @Test func moreLayersTakeMoreAndRecomputingTakesMoreForLessMemory() throws {
        let configuration = try encoder("wav2vec2-tiny")
        func cost(_ set: TrainConfiguration) throws -> TrainingCost {
            try TrainingCost(set, encoder: configuration, cuts: configuration.cuts, precision: .float32, threads: 1)
        }
        let one = try cost(training(layers: 1)), two = try cost(training(layers: 2)),
            three = try cost(training(layers: 3))
        #expect(three.step.of([200]) > 2 * one.step.of([200]))
        let layer = two.trainableParameters - one.trainableParameters
        #expect(layer > 0 && three.trainableParameters - two.trainableParameters == layer)
        var recomputing = training(layers: 3)
        recomputing.recomputes = true
        let again = try cost(recomputing)
        #expect(again.step.of([200]) > 1.1 * three.step.of([200]))
        #expect(again.memoryBytes(batch: [400, 400]) < three.memoryBytes(batch: [400, 400]))
    }
}
