import Checkpoints
import Foundation
import Runs
import Testing

@testable import Training

/// Whole runs with every pooling under every form of head, and with every loss.
@Suite struct HeadTrainingTests {
    static let heads = [
        "head.form=mlp", "head={layers: 2, shared: true}", "head={layers: 0}", "head={form: hf, hidden: 16}",
        "head.form=audeering",
    ]

    private func configuration(_ overrides: [String]) throws -> TrainConfiguration {
        try SyntheticCache.configuration(["layers=1", "epochs=8", "optimiser.learning_rate.heads=2e-2"] + overrides)
    }

    @Test(arguments: TrainConfiguration.Pooling.allCases, heads)
    func everyPoolingLearnsUnderEveryHead(_ pooling: TrainConfiguration.Pooling, head: String) throws {
        let cache = try SyntheticCache()
        let configuration = try configuration(["pooling=\(pooling.rawValue)", head])
        let result = try cache.stage("a", configuration).run()
        let losses = try RunDirectory(path: cache.run("a")).metrics().epochs.map(\.trainLoss)
        #expect(losses.last! < 0.6 * losses.first!, "\(losses)")
        #expect(try RunDirectory(path: cache.run("a")).configuration() == configuration)
        _ = try cache.stage("b", configuration, threads: 2).run()
        #expect(try cache.bytes("a", "best.safetensors") == cache.bytes("b", "best.safetensors"))

        // All that rebuilds it is there, and what is counted is what is there.
        let weights = try SafetensorsFile.open("\(cache.run("a"))/best.safetensors")
        #expect(weights.metadata["pooling"] == pooling.rawValue)
        #expect(weights.metadata["head"] == configuration.head.form.rawValue)
        let trained = weights.names.filter { !$0.hasPrefix("pooled.") }
        let count = trained.reduce(0) { $0 + (weights.shape(of: $1) ?? []).reduce(1, *) }
        #expect(result.trainableParameters == count)
        #expect(trained.contains("pooling.score.weight") == (pooling == .attentive))
        switch configuration.head.form {
        case .mlp: #expect(trained.contains("heads.\(configuration.head.shared ? "shared" : "valence").0.weight"))
        case .huggingFace:
            #expect(weights.shape(of: "projector.weight")?[0] == 16)
            #expect(weights.shape(of: "classifier.weight") == [2, 16])
            #expect(weights.shape(of: "classifier.bias") == [2])
        case .audEERING:
            let width = try #require(weights.shape(of: "pooled.shift"))[0]
            #expect(weights.shape(of: "classifier.dense.weight") == [width, width])
            #expect(weights.shape(of: "classifier.out_proj.weight") == [2, width])
        }
    }

    /// The published forms take the pooled features as they are.
    @Test func publishedFormsAreNotStandardised() throws {
        let cache = try SyntheticCache()
        for (head, isPlain) in [("head.form=hf", true), ("head.form=mlp", false)] {
            _ = try cache.stage("run", try configuration(["epochs=1", head]), replace: true).run()
            let weights = try SafetensorsFile.open("\(cache.run("run"))/best.safetensors")
            let scale = try weights.floats("pooled.scale", shape: try #require(weights.shape(of: "pooled.scale")))
            #expect(scale.allSatisfy { $0 == 1 } == isPlain)
        }
    }

    @Test(arguments: [
        "loss=mse", "loss=mae", "loss=ccc_unbiased", "loss={ccc: 1, mse: 0.5, weights: {valence: 2}}",
    ])
    func everyLossLearns(_ loss: String) throws {
        let cache = try SyntheticCache()
        _ = try cache.stage("run", try configuration([loss])).run()
        let losses = try RunDirectory(path: cache.run("run")).metrics().epochs.map(\.trainLoss)
        #expect(losses.last! < 0.7 * losses.first!, "\(losses)")
    }

    /// Batches in which a dimension has one label or none go on.
    @Test(arguments: ["loss=ccc", "loss=ccc_unbiased", "loss={mse: 1, mae: 1}"])
    func sparseLabelsStayFinite(_ loss: String) throws {
        let cache = try SyntheticCache(cell: { row, column, value in
            column == "valence" && row % 9 != 0 ? "" : "\(value)"
        })
        _ = try cache.stage("run", try configuration(["epochs=2", "batch.utterances=4", loss])).run()
        let epochs = try RunDirectory(path: cache.run("run")).metrics().epochs
        #expect(epochs.allSatisfy { $0.trainLoss.isFinite && $0.gradientNorm.isFinite })
    }

    /// Twice as many pooled columns, and an attention's parameters, are in the state too.
    @Test(arguments: ["head.form=mlp", "head.form=audeering"]) func attentivePoolingResumes(_ head: String) throws {
        let cache = try SyntheticCache()
        let configuration = try configuration(["epochs=3", "pooling=attentive", "attention.hidden=8", head])
        _ = try cache.stage("whole", configuration).run()
        var asked = 0
        #expect(throws: TrainingError.self) {
            try cache.stage(
                "parts", configuration,
                isInterrupted: {
                    asked += 1
                    return asked > 4
                }
            ).run()
        }
        _ = try cache.stage("parts", configuration, resume: true).run()
        #expect(try cache.bytes("whole", "best.safetensors") == cache.bytes("parts", "best.safetensors"))
    }
}
