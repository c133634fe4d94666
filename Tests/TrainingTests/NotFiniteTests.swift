import Buffers
import Checkpoints
import Faults
import FeatureStore
import Foundation
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// What comes of numbers that are not finite.
@Suite struct NotFiniteTests {
    /// Makes the rows of one utterance what no cache writer would store, on the disk.
    private func spoil(_ cache: SyntheticCache, _ id: String, with value: Float) throws {
        let path = "\(cache.directory)/\(ShardLayout.fileName(shard: 0))"
        let opened = try FeatureCache.open(directory: cache.directory)
        let cut = try #require(opened.description.cuts.first)
        let rows = try opened.rows(id: id, cut: cut.name)
        var file = try Data(contentsOf: URL(filePath: path))
        let first = rows.prefix(cut.hiddenSize).withUnsafeBytes { Data($0) }
        let place = try #require(file.range(of: first))
        let spoilt = [Float](repeating: value, count: cut.hiddenSize)
        file.replaceSubrange(place, with: spoilt.withUnsafeBytes { Data($0) })
        try file.write(to: URL(filePath: path))
    }

    private func failure(_ cache: SyntheticCache, _ overrides: [String] = [], resume: Bool = false) throws -> (
        step: Int, found: NotFinite, error: TrainingError
    ) {
        let configuration = try SyntheticCache.configuration(["epochs=2", "standardise=false"] + overrides)
        let error = try #require(
            #expect(throws: TrainingError.self) { try cache.stage("run", configuration, resume: resume).run() })
        guard case .notFinite(let step, let found, let state) = error else {
            throw error
        }
        #expect(state == "\(cache.run("run"))/state" && error.kind == .badInput)
        return (step, found, error)
    }

    @Test func rowsOfTheCacheAreNamed() throws {
        let cache = try SyntheticCache()
        try spoil(cache, "u7", with: .nan)
        let (step, found, error) = try failure(cache)
        #expect(found.place == .rows(cut: "1") && found.utterances == ["u7"])
        #expect("\(error)".contains("training stopped at step \(step): the loss is nan and the gradient's norm nan; "))
        #expect("\(error)".contains("first not finite: the rows at cut 1 of utterance 'u7'"))
        #expect("\(error)".contains("cache these recordings again"))
    }

    @Test(arguments: [
        (Cut?.none, [String](), "encoder.layers.1"), (nil, ["layers=2"], "encoder.layers.1"),
        (nil, ["tuning=lora", "ema=0.9", "dropout.layer=0.2"], "encoder.layers."),
        (nil, ["tuning=norms", "pooling=attentive", "head.form=audeering"], "encoder.layers.1"),
        (.cnn, ["layers=all", "recompute=true", "mask.channels.probability=0.1"], "encoder.pos_conv_embed"),
        (.layer(4), ["layers=0", "pooling=mean_std"], "pooling"),
    ])
    func activationsAreNamed(_ cut: Cut?, _ overrides: [String], _ part: String) throws {
        let cache = try SyntheticCache(cut: cut)
        try spoil(cache, "u3", with: 3e38)
        let found = try failure(cache, overrides).found
        guard case .activation(let named) = found.place else {
            Issue.record("found \(found)")
            return
        }
        #expect(named.hasPrefix(part) && found.utterances == ["u3"], "\(found)")
        #expect("\(found.advice)".contains("--resume --set optimiser.learning_rate"))
    }

    /// In every set-up, whatever lies between: a head that is not finite shows first in its predictions.
    @Test(arguments: SmallModel.all) func predictionsAreNamed(_ small: SmallModel) throws {
        let engine = CPUEngine(threads: 1), model = try small.make(on: engine)
        let offsets = try PackedOffsets(lengths: [7, 5])
        func find() throws -> RegressionModel.Finding? {
            let (rows, _) = try small.batch([7, 5], on: engine)
            return model.firstNotFinite(rows, offsets: offsets, step: small.step, headStep: small.step)
        }
        #expect(try find() == nil)
        let weight = try #require(model.headParameters.last { $0.role == .weight })
        TrainingState.load(weight, value: [Float](repeating: .infinity, count: weight.count), engine: engine)
        let place = try #require(try find()).place
        #expect(place == .prediction(of: "activation") || place == .prediction(of: "valence"), "\(place)")
    }

    /// What is kept is what there was before the step: parameters that are finite, and the progress up to there.
    @Test func theLastGoodStateIsKeptAndGoesOn() throws {
        let cache = try SyntheticCache()
        let path = "\(cache.directory)/\(ShardLayout.fileName(shard: 0))"
        let sound = try Data(contentsOf: URL(filePath: path))
        try spoil(cache, "u7", with: .nan)
        let step = try failure(cache, ["seed=3"]).step
        let state = try SafetensorsFile.open("\(cache.run("run"))/state/training.safetensors")
        for name in state.names { #expect(try state.floats(name).allSatisfy { $0.isFinite }, "\(name)") }
        #expect(try failure(cache, ["seed=3"], resume: true).step == step, "the same comes of the same")

        // Another model is refused, another learning rate goes on from there.
        let other = try SyntheticCache.configuration(["epochs=2", "standardise=false", "seed=3", "layers=2"])
        #expect(
            throws: TrainingError.otherRun(path: cache.run("run"), difference: "configuration (layers: 3 there)")
        ) {
            try cache.stage("run", other, resume: true).run()
        }
        try sound.write(to: URL(filePath: path))
        // A copy to be replaced: that begins anew, so that the run is its configuration's.
        try FileManager.default.copyItem(atPath: cache.run("run"), toPath: cache.run("replaced"))
        var resumed: [Int] = []
        let lower = try SyntheticCache.configuration([
            "epochs=2", "standardise=false", "seed=3", "optimiser.learning_rate.layers=1e-4",
        ])
        func record(_ event: TrainingEvent) {
            if case .resumed(_, let step) = event { resumed.append(step) }
        }
        let result = try cache.stage("run", lower, resume: true, report: record).run()
        #expect(resumed == [step - 1] && result.epochs == 2)
        _ = try cache.stage("replaced", lower, resume: true, replace: true, report: record).run()
        _ = try cache.stage("alone", lower).run()
        #expect(resumed.count == 1)
        #expect(try cache.bytes("replaced", "best.safetensors") == cache.bytes("alone", "best.safetensors"))
    }

    /// Parameters that are not finite are seen before anything is made of them, and replace neither a state nor the best weights.
    @Test func spoiltParametersAreNeverKept() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["epochs=2"])
        #expect(throws: EpochReached.self) { try cache.stage("run", configuration, untilEpoch: 1).run() }
        let path = "\(cache.run("run"))/state/training.safetensors", best = try cache.bytes("run", "best.safetensors")
        let file = try SafetensorsFile.open(path)
        let spoilt = "heads.valence.0.weight"
        try #require(file.names.contains(spoilt))
        try SafetensorsFile.write(
            to: path,
            tensors: file.names.map { name in
                let floats = try file.floats(name)
                return (name, file.shape(of: name) ?? [], name == spoilt ? floats.map { _ in .infinity } : floats)
            }, metadata: file.metadata)
        let before = try SafetensorsFile.open(path).floats("heads.valence.0.bias")
        let error = #expect(throws: TrainingError.self) {
            try cache.stage("run", configuration, resume: true, secondsBetweenStates: 0).run()
        }
        guard case .notFinite(_, let found, let state) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.place == .parameter(spoilt) && state == "\(cache.run("run"))/state")
        #expect(try cache.bytes("run", "best.safetensors") == best)
        #expect(try SafetensorsFile.open(path).floats("heads.valence.0.bias") == before, "no step was taken")
    }

    /// A state that is there is kept as it is, but for word of what came of it: it may then be gone on with at another rate.
    @Test func aStateOfBeforeIsKeptAndGoesOn() throws {
        let cache = try SyntheticCache()
        let configuration = try SyntheticCache.configuration(["epochs=2"])
        #expect(throws: EpochReached.self) { try cache.stage("run", configuration, untilEpoch: 1).run() }
        let state = TrainingState(directory: RunDirectory(path: cache.run("run")))
        func tensors() throws -> [String: [Float]] {
            let file = try SafetensorsFile.open("\(cache.run("run"))/state/training.safetensors")
            return Dictionary(uniqueKeysWithValues: try file.names.map { ($0, try file.floats($0)) })
        }
        let before = try tensors()
        #expect(try state.markFailed(step: 7))
        #expect(try tensors() == before)
        let lower = try SyntheticCache.configuration(["epochs=2", "optimiser.learning_rate.layers=1e-6"])
        #expect(try cache.stage("run", lower, resume: true).run().epochs == 2)
        #expect(try !state.markFailed(step: 7), "nothing is made where there is none")
    }
}
