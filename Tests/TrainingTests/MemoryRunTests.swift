import Faults
import Foundation
import Runs
import Testing

@testable import Training

/// Whole runs under a limit of memory: the batches go through in pieces, and nothing else changes.
@Suite struct MemoryRunTests {
    struct Choice: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var cnn = false
        var overrides: [String] = []
    }

    /// The least limit that the program itself advises.
    private func leastLimit(_ cache: SyntheticCache, _ overrides: [String]) throws -> ByteCount {
        let configuration = try SyntheticCache.configuration(overrides + ["memory=1MB"])
        let error = try #require(
            #expect(throws: TrainingError.self) { try cache.stage("run", configuration).run() })
        guard case .memory(_, _, _, let needed) = error else { throw error }
        #expect(error.kind == .usage && "\(error)".contains("give \(needed) or more"))
        return needed
    }

    @Test(arguments: [
        Choice(testDescription: "top layers"),
        Choice(
            testDescription: "averages, masks, LayerDrop, attention",
            overrides: [
                "ema=0.9", "mask.time.probability=0.3", "mask.time.length=4", "dropout.layer=0.3", "pooling=attentive",
                "head.form=audeering",
            ]),
        Choice(testDescription: "full finetuning", cnn: true, overrides: ["layers=all"]),
        Choice(testDescription: "adapters", cnn: true, overrides: ["layers=all", "tuning=lora", "lora.dropout=0.1"]),
    ])
    func piecesChangeNothingButRounding(_ choice: Choice) throws {
        let cache = try SyntheticCache(cut: choice.cnn ? .cnn : nil, utterances: 48, longest: 120)
        let overrides = ["epochs=2", "batch.utterances=24", "scores.resamples=100"] + choice.overrides
        let least = try leastLimit(cache, overrides)
        let limited = try SyntheticCache.configuration(overrides + ["memory=\(least)"])
        var pieces = 0
        let stage = try cache.stage(
            "run", limited, report: { if case .splitting(let count, least) = $0 { pieces = count } })
        _ = try stage.run()
        #expect(pieces > 1)
        #expect(stage.settings.engine.peakBytes <= MemoryPlan.engineBytes(of: least), "what was planned is kept")
        _ = try cache.stage("whole", try SyntheticCache.configuration(overrides)).run()
        let whole = try RunDirectory(path: cache.run("whole")).metrics().epochs
        let split = try RunDirectory(path: cache.run("run")).metrics().epochs
        for (a, b) in zip(whole, split) {
            #expect(abs(a.trainLoss - b.trainLoss) < 1e-4, "\(a.trainLoss), in pieces \(b.trainLoss)")
            #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-3 * a.gradientNorm)
        }

        // Stopped between two pieces, it goes on to the same bits.
        var asked = 0
        #expect(throws: TrainingError.self) {
            try cache.stage(
                "parts", limited,
                isInterrupted: {
                    asked += 1
                    return asked == 2 * pieces + 4
                }
            ).run()
        }
        _ = try cache.stage("parts", limited, resume: true).run()
        #expect(try cache.bytes("parts", "best.safetensors") == cache.bytes("run", "best.safetensors"))
    }
}
