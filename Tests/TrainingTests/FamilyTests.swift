import Buffers
import Foundation
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// Every family's every set-up, end to end from a cache.
@Suite struct FamilyTests {
    struct Scheme: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let overrides: [String]
        let cut: Cut

        static let all = [
            Scheme(testDescription: "heads alone", overrides: ["layers=0"], cut: .layer(4)),
            Scheme(testDescription: "heads over frozen layers", overrides: ["layers=0"], cut: .layer(2)),
            Scheme(testDescription: "top layer", overrides: ["layers=1"], cut: .layer(3)),
            Scheme(testDescription: "full finetuning", overrides: ["layers=all"], cut: .cnn),
            Scheme(
                testDescription: "LoRA of all maps",
                overrides: [
                    "layers=2", "tuning=lora", "lora.rank=2", "lora.dropout=0.1", "lora.rank_stabilised=true",
                    "lora.targets=[q_proj, k_proj, v_proj, out_proj, intermediate_dense, output_dense]",
                    "optimiser.learning_rate.adapters=1e-2",
                ], cut: .layer(2)),
            Scheme(
                testDescription: "biases of all layers from the CNN's output",
                overrides: ["layers=all", "tuning=biases"],
                cut: .cnn),
            Scheme(testDescription: "norms", overrides: ["layers=3", "tuning=norms"], cut: .layer(0)),
        ]
    }

    static let presets = [
        "wav2vec2-tiny", "wav2vec2-large-tiny", "hubert-tiny", "wavlm-tiny", "wavlm-large-tiny", "data2vec-audio-tiny",
    ]

    /// The loss falls; and a run that recomputes what it does not keep, is stopped and goes on, gives the same bits, dropout and
    /// all.
    @Test(arguments: presets, Scheme.all) func trains(_ preset: String, _ scheme: Scheme) throws {
        let cache = try SyntheticCache(
            model: .random(preset: preset, seed: 4), cut: scheme.cut, utterances: 16)
        let overrides = scheme.overrides + ["epochs=6", "dropout.layer=0.2", "scores.resamples=100"]
        _ = try cache.stage("whole", try SyntheticCache.configuration(overrides)).run()
        let epochs = try RunDirectory(path: cache.run("whole")).metrics().epochs
        let losses = epochs.map(\.trainLoss)
        #expect(losses.suffix(2).reduce(0, +) < losses.prefix(2).reduce(0, +), "\(losses)")

        let frugal = try SyntheticCache.configuration(overrides + ["recompute=true"])
        var asked = 0
        #expect(throws: TrainingError.self) {
            try cache.stage(
                "parts", frugal,
                isInterrupted: {
                    asked += 1
                    return asked > 5
                }
            ).run()
        }
        _ = try cache.stage("parts", frugal, resume: true).run()
        #expect(try cache.bytes("whole", "best.safetensors") == cache.bytes("parts", "best.safetensors"))
        #expect(try cache.bytes("whole", "predictions-test1.csv") == cache.bytes("parts", "predictions-test1.csv"))
    }

    @Test(arguments: [Precision.float32, .bfloat16]) func recomputingTakesLessMemory(_ precision: Precision) throws {
        let cache = try SyntheticCache(cut: .layer(0), utterances: 32)
        func peak(_ recomputes: Bool) throws -> Int {
            let configuration = try SyntheticCache.configuration([
                "layers=all", "epochs=1", "batch.utterances=32", "recompute=\(recomputes)",
            ])
            let stage = try cache.stage("\(precision)-\(recomputes)", configuration, precision: precision)
            _ = try stage.run()
            return stage.settings.engine.peakBytes
        }
        #expect(try Double(peak(true)) < 0.8 * Double(peak(false)))
        #expect(
            try cache.bytes("\(precision)-true", "best.safetensors")
                == cache.bytes("\(precision)-false", "best.safetensors"))
    }
}
