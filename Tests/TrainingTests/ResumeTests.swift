import Foundation
import Runs
import Testing

@testable import Training

/// A run that was stopped, anywhere, and went on gives the bits of one that nobody disturbed.
@Suite struct ResumeTests {
    private static let everything = [
        "epochs=3", "scores.resamples=100", "ema=0.9", "optimiser.layer_decay=0.7", "dropout.layer=0.3",
        "mask.time.probability=0.3", "mask.time.length=4", "pooling=attentive", "attention.hidden=8",
        "head.form=audeering", "batch={utterances: 8, bucketed: true}",
    ]
    static let plain = ["epochs=3", "scores.resamples=100"]

    /// Of nine; the state is saved after each.
    @Test(arguments: [plain, everything], 1...9) func fromEveryStep(_ overrides: [String], step: Int) throws {
        try expectSameBits(overrides) { cache, configuration in
            var steps = 0
            #expect(throws: TrainingError.self) {
                try cache.stage(
                    "parts", configuration, secondsBetweenStates: 0,
                    report: { if case .step = $0 { steps += 1 } }, isInterrupted: { steps >= step }
                ).run()
            }
        }
    }

    /// Between pieces while pooled rows are standardised, between steps, inside one, in evaluation, in prediction at the end.
    @Test(arguments: [3, 4, 5, 6, 9, 10, 11, 18, 23, 24]) func fromEveryMoment(_ moment: Int) throws {
        var resumed: [Int] = []
        try expectSameBits(Self.plain, resumed: { resumed.append($0) }) { cache, configuration in
            var asked = 0
            let fault = #expect(throws: TrainingError.self) {
                try cache.stage(
                    "parts", configuration,
                    isInterrupted: {
                        asked += 1
                        return asked == moment
                    }
                ).run()
            }
            #expect(fault?.kind == .interrupted)
        }
        // Three questions while pooled rows are standardised, after which there is a state, and then a few for each step.
        if moment > 3 { #expect(resumed.count == 1 && resumed[0] <= (moment - 4) / 2, "\(resumed)") }
    }

    private func expectSameBits(
        _ overrides: [String], resumed: @escaping (_ step: Int) -> Void = { _ in },
        stopping: (SyntheticCache, TrainConfiguration) throws -> Void
    ) throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(overrides)
        let undisturbed = try cache.stage("whole", configuration).run()
        try stopping(cache, configuration)
        let result = try cache.stage(
            "parts", configuration, resume: true,
            report: { if case .resumed(_, let step) = $0 { resumed(step) } }
        ).run()
        for file in ["best.safetensors", "predictions-test1.csv", "predictions-development.csv", "scores.csv"] {
            #expect(try cache.bytes("whole", file) == cache.bytes("parts", file), "\(file)")
        }
        let whole = try RunDirectory(path: cache.run("whole")).metrics().epochs
        let parts = try RunDirectory(path: cache.run("parts")).metrics().epochs
        #expect(parts.map(\.trainLoss) == whole.map(\.trainLoss))
        #expect(parts.map(\.gradientNorm) == whole.map(\.gradientNorm))
        #expect(parts.map(\.gradientNorms) == whole.map(\.gradientNorms))
        #expect(whole.allSatisfy { $0.gradientNorms != nil })
        #expect(parts.map(\.step) == whole.map(\.step) && parts.map(\.isBest) == whole.map(\.isBest))
        #expect(result.bestEpoch == undisturbed.bestEpoch && result.scores == undisturbed.scores)
    }
}
