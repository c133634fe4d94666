import Buffers
import Checkpoints
import Foundation
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// One golden of stage two: a set-up and a family; `make parity` adds the same at full size.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let directory: String
    let name: String
    var testDescription: String { name }

    static let all: [GoldenCase] =
        [
            "stage-two", "stage-two-top-wav2vec2-large", "stage-two-top-hubert", "stage-two-top-hubert-large",
            "stage-two-top-wavlm", "stage-two-top-wavlm-large", "stage-two-top-data2vec-audio",
            "stage-two-full-hubert", "stage-two-full-wav2vec2-large", "stage-two-full-wavlm",
            "stage-two-full-wavlm-large", "stage-two-full-data2vec-audio",
            "stage-two-lora-attention", "stage-two-lora-all", "stage-two-lora-hubert", "stage-two-lora-wav2vec2-large",
            "stage-two-lora-wavlm", "stage-two-lora-wavlm-attention", "stage-two-lora-data2vec-audio",
            "stage-two-lora-two-of-three",
        ].map { GoldenCase(directory: Golden.directories[0], name: $0) }
        + Golden.directories.dropFirst().flatMap { directory in
            ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
                .filter { $0.hasPrefix("stage-two") && $0.hasSuffix(".safetensors") }
                .map { GoldenCase(directory: directory, name: String($0.dropLast(".safetensors".count))) }
        }
}

extension GoldenCase {
    private struct Adapter: Decodable {
        let rank: Int
        let alpha: Double
        let targets: [String]
        let layers: [Int]?
        let rank_stabilised: Bool
    }

    func tuning(_ golden: Golden) throws -> Tuning {
        guard let text = golden.file.metadata["adapter"] else { return .full }
        let adapter = try JSONDecoder().decode(Adapter.self, from: Data(text.utf8))
        let targets = adapter.targets.compactMap { target in
            target.split(separator: ".").last.flatMap { LowRankAdaptation.Target(rawValue: String($0)) }
        }
        #expect(targets.count == adapter.targets.count)
        return .lowRank(
            LowRankAdaptation(
                rank: adapter.rank, alpha: adapter.alpha, dropout: 0, targets: Set(targets),
                layers: adapter.layers.map(Set.init), isRankStabilised: adapter.rank_stabilised))
    }
}

/// Gradients and the AdamW steps of the upper layers and the heads, against torch on the same packed batch.
@Suite(.serialized) struct StageTwoGoldenTests {
    /// A golden batch with a model whose parameters are the golden's.
    private struct Setup {
        let golden: Golden
        let engine: CPUEngine
        let model: RegressionModel
        let rows: Matrix
        let offsets: PackedOffsets
        let labels: [[Double?]]

        init(_ case: GoldenCase, precision: Precision = .float32, threads: Int = 2) throws {
            golden = try Golden(`case`.directory, `case`.name)
            engine = CPUEngine(threads: threads)
            let checkpoint = try golden.model(), configuration = try EncoderConfiguration(checkpoint.configuration)
            let cut = Cut(golden.file.metadata["cut"]!)!
            let encoder = try UpperEncoder(
                configuration, weights: checkpoint, cut: cut,
                trained: TrainedParts(
                    layers: configuration.layerCount - cut.layersBelow, tuning: try `case`.tuning(golden)),
                precision: precision, seed: 0, engine: engine)
            let dimensions = golden.file.metadata["dimensions"]!.split(separator: " ").map(String.init)
            var head = TrainConfiguration.Head()
            head.hidden = golden.file.shape(of: "initial.heads.\(dimensions[0]).0.weight")![0]
            let top = RegressionTop(
                dimensions: dimensions,
                pooling: Pooling(
                    .mean, columns: configuration.hiddenSize, attentionWidth: 1, seed: 0, engine: engine),
                head: head, dropout: 0,
                standardisation: RegressionTop.Standardisation(
                    shift: try golden.floats("standardisation.mean"),
                    scale: try golden.floats("standardisation.deviation").map { 1 / $0 }), seed: 0, engine: engine)
            model = RegressionModel(
                encoder: encoder, top: top, loss: RegressionLoss(dimensions: dimensions), engine: engine)
            for parameter in model.encoderParameters + model.headParameters {
                // The others begin as the model has them.
                guard golden.file.shape(of: "initial.\(parameter.name)") != nil else { continue }
                let initial = try golden.file.floats("initial.\(parameter.name)", shape: parameter.shape)
                TrainingState.load(parameter, value: initial, engine: engine)
            }
            rows = try golden.matrix("rows", engine: engine)
            let bounds = try golden.floats("offsets").map { Int($0) }
            offsets = try PackedOffsets(lengths: zip(bounds.dropFirst(), bounds).map { $0 - $1 })
            let flat = try golden.floats("labels")
            labels = dimensions.indices.map { dimension in
                stride(from: dimension, to: flat.count, by: dimensions.count).map {
                    flat[$0].isNaN ? nil : Double(flat[$0])
                }
            }
        }

        var parameters: [Parameter] { model.encoderParameters + model.headParameters }

        func step(_ number: Int = 0, needsInput: Bool = false) -> RegressionModel.StepResult {
            model.accumulateGradients(
                rows, offsets: offsets, labels: labels,
                step: TrainingStep(dropouts: .none, seed: 0, number: UInt64(number)), needsInput: needsInput)
        }
    }

    @Test(arguments: GoldenCase.all) func predictionsLossAndEveryGradient(_ case: GoldenCase) throws {
        let setup = try Setup(`case`), golden = setup.golden
        let result = setup.step(needsInput: true)

        let flat = try golden.floats("predictions")
        for (dimension, predictions) in result.predictions.enumerated() {
            let expected = stride(from: dimension, to: flat.count, by: result.predictions.count).map { flat[$0] }
            #expect(deviation(predictions, from: expected) <= 1e-4)
        }
        #expect(abs(Float(result.loss.value) - (try golden.floats("loss.float64"))[0]) <= 1e-4)
        let dRows = setup.engine.download(try #require(result.inputGradient))
        #expect(deviation(dRows, from: try golden.floats("gradient.rows")) <= 1e-4)

        let names = Set(golden.file.names.filter { $0.hasPrefix("gradient.") }.map { String($0.dropFirst(9)) })
        #expect(names == Set(setup.parameters.map(\.name) + ["rows"]))
        for parameter in setup.parameters {
            let worst = deviation(
                setup.engine.download(parameter.gradient), from: try golden.floats("gradient.\(parameter.name)"),
                scale: try golden.floats("gradient_scale.\(parameter.name)")[0])
            #expect(worst <= 1e-4, "the gradient of \(parameter.name) deviates by \(worst) of its scale")
        }
    }

    /// bfloat16 gradients point where the exact ones do: 8 bits of mantissa leave a few percent on single elements.
    @Test(arguments: GoldenCase.all) func gradientsInBFloat16PointTheSameWay(_ case: GoldenCase) throws {
        let setup = try Setup(`case`, precision: .bfloat16)
        let result = setup.step()
        #expect(abs(Float(result.loss.value) - (try setup.golden.floats("loss.float64"))[0]) <= 2e-2)
        for parameter in setup.parameters where !parameter.name.hasSuffix("k_proj.bias") {
            let found = setup.engine.download(parameter.gradient)
            let cosine = smallestCosine(
                found, try setup.golden.floats("gradient.\(parameter.name)"), columns: found.count)
            #expect(cosine >= 0.99, "the gradient of \(parameter.name) has cosine \(cosine)")
        }
    }

    private struct Schedule: Decodable {
        let steps: Int
        let warmup: Int
        let layers_learning_rate: Double
        let heads_learning_rate: Double
        let weight_decay: Double
        let beta1: Double
        let beta2: Double
        let epsilon: Double
        let clip_norm: Double
    }

    @Test(arguments: GoldenCase.all) func stepsOfAdamW(_ case: GoldenCase) throws {
        let setup = try Setup(`case`), golden = setup.golden
        let plan = try JSONDecoder().decode(Schedule.self, from: Data(golden.file.metadata["training"]!.utf8))
        var options = AdamW.Options()
        options.beta1 = plan.beta1
        options.beta2 = plan.beta2
        options.epsilon = plan.epsilon
        options.weightDecay = plan.weight_decay
        options.clipNorm = plan.clip_norm
        let optimiser = AdamW(
            groups: [
                AdamW.Group(
                    name: "layers", parameters: setup.model.encoderParameters, learningRate: plan.layers_learning_rate),
                AdamW.Group(
                    name: "heads", parameters: setup.model.headParameters, learningRate: plan.heads_learning_rate),
            ], options: options, engine: setup.engine)
        let schedule = LearningRateSchedule(totalSteps: plan.steps, warmupSteps: plan.warmup, shape: .linear)
        let initial = Dictionary(
            uniqueKeysWithValues: setup.parameters.map { ($0.name, setup.engine.download($0.value)) })
        let losses = try golden.floats("training.loss.float64"), norms = try golden.floats("training.gradient_norm")
        let factors = try golden.floats("training.learning_rate_factor")
        #expect(losses.count == plan.steps)
        for step in 0..<plan.steps {
            #expect(abs(Float(schedule.factor(step: step)) - factors[step]) <= 1e-6)
            let loss = setup.step(step).loss.value
            #expect(abs(Float(loss) - losses[step]) <= 1e-4, "step \(step): loss \(loss), torch's \(losses[step])")
            let norm = optimiser.step(step + 1, factor: schedule.factor(step: step))
            #expect(abs(Float(norm) - norms[step]) <= 1e-3 * norms[step], "step \(step): norm \(norm)")
        }
        for parameter in setup.parameters {
            let before = try #require(initial[parameter.name])
            let change = zip(setup.engine.download(parameter.value), before).map { $0 - $1 }
            let size = change.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if golden.file.shape(of: "change.\(parameter.name)") != nil {
                let expected = try golden.floats("change.\(parameter.name)")
                let error = zip(change, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
                let expectedSize = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
                #expect(
                    error <= 5e-3 * expectedSize, "training changed \(parameter.name) otherwise, by \(error / size)")
            }
            if golden.file.shape(of: "change_size.\(parameter.name)") != nil {
                let expected = try golden.floats("change_size.\(parameter.name)")[0]
                let found = size / Float(change.count).squareRoot()
                #expect(
                    abs(found - expected) <= 5e-3 * expected,
                    "training changed \(parameter.name) by \(found), not \(expected)")
            }
        }
    }

    /// Two passes add up: what splitting a batch into pieces will rely on.
    @Test func gradientsAccumulate() throws {
        let setup = try Setup(GoldenCase.all[0])
        _ = setup.step()
        let once = setup.parameters.map { setup.engine.download($0.gradient) }
        _ = setup.step()
        for (parameter, first) in zip(setup.parameters, once) {
            let twice = setup.engine.download(parameter.gradient)
            let scale = try setup.golden.floats("gradient_scale.\(parameter.name)")[0]
            #expect(deviation(twice, from: first.map { 2 * $0 }, scale: scale) <= 1e-5, "\(parameter.name)")
        }
    }

    /// With dropout on, the same step twice is the same, and another step is another.
    @Test func dropoutDependsOnTheStepAlone() throws {
        let setup = try Setup(GoldenCase.all[0])
        let dropouts = EncoderConfiguration.Dropouts(hidden: 0.1, attention: 0.1, activation: 0.1)
        func loss(_ number: UInt64) -> Double {
            setup.model.accumulateGradients(
                setup.rows, offsets: setup.offsets, labels: setup.labels,
                step: TrainingStep(dropouts: dropouts, seed: 3, number: number)
            ).loss.value
        }
        #expect(loss(5) == loss(5))
        #expect(loss(5) != loss(6))
    }
}
