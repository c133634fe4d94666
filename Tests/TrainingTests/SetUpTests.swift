import Buffers
import Checkpoints
import Faults
import Kernels
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// What is trained: from which cut, how many parameters, which tensors are kept.
@Suite struct SetUpTests {
    struct Choice: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var overrides: [String] = []
        let cuts: [Cut]
        let cut: Cut
        var embedding = false
    }

    /// wav2vec2-base has twelve layers.
    @Test(arguments: [
        Choice(testDescription: "top 3 layers", cuts: [.cnn, .layer(0), .layer(6), .layer(9)], cut: .layer(9)),
        Choice(testDescription: "top 3 of 12 layers", cuts: [.layer(6), .layer(12)], cut: .layer(6)),
        Choice(testDescription: "from the CNN's output", cuts: [.cnn], cut: .cnn),
        Choice(
            testDescription: "heads alone", overrides: ["layers=0"], cuts: [.layer(9), .layer(12)], cut: .layer(12)),
        Choice(
            testDescription: "full finetuning", overrides: ["layers=all"], cuts: [.cnn, .layer(0), .layer(9)],
            cut: .cnn, embedding: true),
        Choice(
            testDescription: "all layers where there is no cnn cut", overrides: ["layers=all"],
            cuts: [.layer(0), .layer(9)], cut: .layer(0)),
        Choice(
            testDescription: "the embedding as it is", overrides: ["layers=all", "embedding=frozen"],
            cuts: [.cnn, .layer(0)], cut: .layer(0)),
        Choice(
            testDescription: "the embedding as it is, below the cut", overrides: ["layers=all", "embedding=frozen"],
            cuts: [.cnn], cut: .cnn),
        Choice(
            testDescription: "a number means layers", overrides: ["layers=12"], cuts: [.cnn, .layer(0)], cut: .layer(0)),
        Choice(
            testDescription: "unless the embedding is asked for", overrides: ["layers=12", "embedding=train"],
            cuts: [.cnn, .layer(0)], cut: .cnn, embedding: true),
        Choice(
            testDescription: "adapters leave the embedding alone", overrides: ["layers=all", "tuning=lora"],
            cuts: [.cnn, .layer(0)], cut: .layer(0)),
        Choice(
            testDescription: "what lies below the lowest adapter is frozen",
            overrides: ["layers=all", "tuning=lora", "lora.layers=[9, 11]"], cuts: [.cnn, .layer(0), .layer(9)],
            cut: .layer(9)),
    ])
    func theHighestCutThatServesIsTaken(_ choice: Choice) throws {
        let setUp = try SetUp(
            try SyntheticCache.configuration(choice.overrides), encoder: try configuration("wav2vec2-base"),
            cuts: choice.cuts, cache: "cache")
        #expect(setUp.cut == choice.cut)
        #expect(setUp.parts.embedding == choice.embedding)
    }

    @Test(arguments: [
        (["layers=13"], [Cut.layer(0)], FaultKind.usage, "key 'layers': found 13; expected 0 to 12"),
        (["layers=3", "embedding=train"], [.cnn], .usage, "key 'embedding': found train with layers: 3"),
        (
            ["layers=all", "embedding=train"], [.layer(0)], .badInput,
            "cache: holds cut 0, but training the embedding needs cut cnn; cache again with --cut cnn"
        ),
        (
            ["layers=2", "tuning=lora", "lora.layers=[9, 11]"], [.layer(0)], .usage,
            "key 'lora.layers': found [9, 11]; expected some of 10 to 11, the layers that layers: 2 trains"
        ),
        (["tuning=lora", "lora.layers=[12]"], [.layer(0)], .usage, "found [12]; expected some of 9 to 11"),
        (["layers=all"], [.layer(3)], .badInput, "training the top 12 layers needs cut 0 or lower"),
    ])
    func whatCannotBeIsNamed(_ overrides: [String], _ cuts: [Cut], _ kind: FaultKind, _ says: String) throws {
        let configuration = try SyntheticCache.configuration(overrides)
        let encoder = try self.configuration("wav2vec2-base")
        let error = #expect(throws: TrainingError.self) {
            try SetUp(configuration, encoder: encoder, cuts: cuts, cache: "cache")
        }
        #expect(error?.kind == kind)
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        (["layers=0"], "heads alone"), ([], "top 3 of 12 layers"), (["layers=all"], "all 12 layers and the embedding"),
        (["layers=12"], "all 12 layers"), (["layers=all", "tuning=biases"], "biases of all 12 layers"),
        (["tuning=norms"], "norms of the top 3 of 12 layers"),
        (
            ["tuning=lora", "lora.rank=4", "lora.targets=[output_dense, q_proj]"],
            "LoRA of rank 4 on q_proj, output_dense of the top 3 of 12 layers"
        ),
        (["tuning=lora", "lora.layers=[11, 9]"], "LoRA of rank 8 on q_proj, v_proj of layers 9, 11 of 12"),
        (["tuning=lora", "lora.layers=[10]"], "LoRA of rank 8 on q_proj, v_proj of layer 10 of 12"),
    ])
    func setUpsAreToldInWords(_ overrides: [String], _ text: String) throws {
        let setUp = try SetUp(
            try SyntheticCache.configuration(overrides), encoder: try configuration("wav2vec2-base"),
            cuts: [.cnn, .layer(0), .layer(9)], cache: "cache")
        #expect(setUp.description == text)
    }

    struct Count: Sendable, CustomTestStringConvertible {
        let preset: String
        let parts: TrainedParts
        let cut: Cut
        let count: Int
        var testDescription: String { "\(preset), \(parts.layers) layers, \(parts.tuning)" }
    }

    /// The formulas give what torch and peft count over transformers' `Wav2Vec2Model` and `WavLMModel` of base size.
    @Test func formulasAreThoseOfTorch() {
        let base = LayerShape(hidden: 768, intermediate: 3072)
        let gated = LayerShape(hidden: 768, intermediate: 3072, heads: 12)
        #expect(3 * base.all == 21_263_616)
        #expect(3 * gated.all == 21_265_212)
        #expect(12 * (base.biases + base.norms / 2) == 101_376)
        #expect(12 * (gated.biases + gated.norms / 2) == 101_472)
        #expect(12 * base.norms == 36_864)
        #expect(12 * base.adapters(rank: 8, attention: 2, feedForward: 0) == 294_912)
    }

    /// By the same formulas, since full-size encoders take long to draw.
    @Test(arguments: Count.all) func trainableParametersAreCounted(_ expected: Count) throws {
        let source = try ModelSpecification.random(preset: expected.preset, seed: 0).open()
        let encoder = try UpperEncoder(
            try EncoderConfiguration(source.configuration), weights: source, cut: expected.cut, trained: expected.parts,
            precision: .float32, seed: 0, engine: CPUEngine(threads: 1))
        #expect(encoder.parameters.reduce(0) { $0 + $1.count } == expected.count)
        #expect(Set(encoder.parameters.map(\.name)).count == encoder.parameters.count)
    }

    private func configuration(_ preset: String) throws -> EncoderConfiguration {
        try EncoderConfiguration(ModelSpecification.random(preset: preset, seed: 0).open().configuration)
    }
}

/// The sizes of one transformer layer's tensors, by what they are.
private struct LayerShape {
    var hidden: Int
    var intermediate: Int
    /// Of relative positions; 0 without.
    var heads = 0

    var weights: Int {
        4 * hidden * hidden + 2 * hidden * intermediate + (heads > 0 ? 8 * (hidden / heads) : 0)
    }
    var biases: Int { 4 * hidden + intermediate + hidden + (heads > 0 ? 8 : 0) }
    var norms: Int { 4 * hidden }
    var all: Int { weights + biases + norms + heads }
    func adapters(rank: Int, attention: Int, feedForward: Int) -> Int {
        rank * (attention * 2 * hidden + feedForward * (hidden + intermediate))
    }
}

extension SetUpTests.Count {
    private static let tiny = LayerShape(hidden: 48, intermediate: 96)
    private static let tinyGated = LayerShape(hidden: 48, intermediate: 96, heads: 4)

    private static func adapters(_ targets: LowRankAdaptation.Target..., layers: Set<Int>? = nil) -> Tuning {
        .lowRank(
            LowRankAdaptation(
                rank: 8, alpha: 8, dropout: 0, targets: Set(targets), layers: layers, isRankStabilised: false))
    }

    /// Projection with its norm, positional convolution of 16 taps in 4 groups under weight norm, and the encoder's norm.
    private static let tinyEmbedding = 2 * 32 + 48 * 32 + 48 + 48 * 12 * 16 + 16 + 48 + 2 * 48

    static let all: [Self] = [
        Self(preset: "wav2vec2-tiny", parts: TrainedParts(layers: 0), cut: .layer(4), count: 0),
        Self(preset: "wav2vec2-tiny", parts: TrainedParts(layers: 2), cut: .layer(1), count: 2 * tiny.all),
        Self(preset: "wav2vec2-tiny", parts: TrainedParts(layers: 4), cut: .layer(0), count: 4 * tiny.all),
        Self(preset: "wav2vec2-tiny", parts: TrainedParts(layers: 4), cut: .cnn, count: 4 * tiny.all + tinyEmbedding),
        Self(
            preset: "wav2vec2-tiny", parts: TrainedParts(layers: 4, embedding: false), cut: .cnn, count: 4 * tiny.all),
        Self(
            preset: "wav2vec2-tiny", parts: TrainedParts(layers: 2, tuning: .biases), cut: .layer(2),
            count: 2 * (tiny.biases + tiny.norms / 2)),
        Self(
            preset: "wav2vec2-tiny", parts: TrainedParts(layers: 2, tuning: .norms), cut: .layer(2),
            count: 2 * tiny.norms),
        Self(
            preset: "wav2vec2-tiny", parts: TrainedParts(layers: 4, tuning: adapters(.query, .value)), cut: .layer(0),
            count: 4 * tiny.adapters(rank: 8, attention: 2, feedForward: 0)),
        Self(
            preset: "wav2vec2-tiny",
            parts: TrainedParts(layers: 4, tuning: adapters(.query, .value, layers: [0, 3])), cut: .layer(0),
            count: 2 * tiny.adapters(rank: 8, attention: 2, feedForward: 0)),
        Self(
            preset: "wav2vec2-tiny",
            parts: TrainedParts(
                layers: 1, tuning: adapters(.query, .key, .value, .attentionOutput, .intermediate, .output)),
            cut: .layer(3), count: tiny.adapters(rank: 8, attention: 4, feedForward: 2)),
        // A pre-norm encoder's last norm is trained with its layers.
        Self(
            preset: "wav2vec2-large-tiny", parts: TrainedParts(layers: 1), cut: .layer(3), count: tiny.all + 2 * 48),
        Self(preset: "wav2vec2-large-tiny", parts: TrainedParts(layers: 0), cut: .layer(4), count: 0),
        // Gates of relative positions; their table, 320 buckets, belongs to full finetuning.
        Self(
            preset: "wavlm-tiny", parts: TrainedParts(layers: 4, tuning: .biases), cut: .layer(0),
            count: 4 * (tinyGated.biases + tinyGated.norms / 2)),
        Self(preset: "wavlm-tiny", parts: TrainedParts(layers: 3), cut: .layer(1), count: 3 * tinyGated.all),
        Self(
            preset: "wavlm-tiny", parts: TrainedParts(layers: 4), cut: .cnn,
            count: 4 * tinyGated.all + tinyEmbedding + 320 * 4),
    ]
}
