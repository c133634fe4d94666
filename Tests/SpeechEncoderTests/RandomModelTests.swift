import Checkpoints
import Faults
import Foundation
import SpeechEncoder
import Testing

@Suite struct RandomModelTests {
    static let presets =
        "wav2vec2-base, wav2vec2-large, wav2vec2-large-robust, wav2vec2-xls-r-300m, wav2vec2-tiny, wav2vec2-large-tiny, "
        + "hubert-base, hubert-large, hubert-tiny, wavlm-base, wavlm-base-plus, wavlm-large, wavlm-tiny, wavlm-large-tiny, "
        + "data2vec-audio-base, data2vec-audio-large, data2vec-audio-tiny"

    @Test(
        arguments: [
            ("random:wav2vec2-base?seed=7", .random(preset: "wav2vec2-base", seed: 7)),
            ("random:wav2vec2-tiny", .random(preset: "wav2vec2-tiny", seed: 0)),
            ("models/wav2vec2-base", .directory("models/wav2vec2-base")),
        ] as [(String, ModelSpecification)])
    func parses(text: String, expected: ModelSpecification) throws {
        #expect(try ModelSpecification(text) == expected)
        #expect(try ModelSpecification(expected.description) == expected)
    }

    @Test(arguments: [
        ("", "model '': is empty; expected a folder, or random:wav2vec2-base?seed=0"),
        ("random:", "model 'random:': unknown preset ''; expected one of \(Self.presets)"),
        ("random:bert", "model 'random:bert': unknown preset 'bert'; expected one of \(Self.presets)"),
        (
            "random:wav2vec2-base?sed=1",
            "model 'random:wav2vec2-base?sed=1': 'sed=1'; expected seed= and a number from 0 to 18446744073709551615"
        ),
        (
            "random:wav2vec2-base?seed=-1",
            "model 'random:wav2vec2-base?seed=-1': 'seed=-1'; expected seed= and a number from 0 to 18446744073709551615"
        ),
    ])
    func refuses(text: String, expected: String) {
        let error = #expect(throws: CheckpointError.self) { try ModelSpecification(text) }
        #expect(error.map { "\($0)" } == expected)
        #expect(error?.kind == .usage)
    }

    /// The same bits on every machine and in every build: a changed generator changes every cache key.
    @Test func checksumIsFixed() throws {
        let tiny = try ModelSpecification.random(preset: "wav2vec2-tiny", seed: 0).open()
        #expect(
            try tiny.sha256OfTensors(tiny.names) == "21c5480919aa52c53095aed1b07d18ffc678cbb13bb91024987a1711a9187451")
        let other = try ModelSpecification.random(preset: "wav2vec2-tiny", seed: 1).open()
        for name in ["encoder.layers.0.attention.q_proj.weight", "masked_spec_embed"] {
            #expect(try tiny.floats(name) == tiny.floats(name))
            #expect(try tiny.floats(name) != other.floats(name))
        }
        #expect(
            try tiny.floats("encoder.layers.0.attention.q_proj.weight")
                != tiny.floats("encoder.layers.1.attention.q_proj.weight"))
    }

    /// Names and shapes of `Wav2Vec2Model(Wav2Vec2Config())`: 211 tensors, 94 371 712 values, as transformers counts
    /// them.
    @Test func baseHasTheShapeOfTheRealModel() throws {
        let base = try ModelSpecification("random:wav2vec2-base?seed=0").open()
        #expect(base.names.count == 211)
        let total = base.names.reduce(0) { $0 + base.shape(of: $1)!.reduce(1, *) }
        #expect(total == 94_371_712)
        let config = base.configuration
        #expect(try config.ints("conv_dim") == [Int](repeating: 512, count: 7))
        #expect(try config.ints("conv_kernel") == [10, 3, 3, 3, 3, 2, 2])
        #expect(try config.ints("conv_stride") == [5, 2, 2, 2, 2, 2, 2])
        #expect(try config.string("feat_extract_norm") == "group")
        #expect(try base.preprocessor?.bool("do_normalize") == true)
        #expect(try base.preprocessor?.int("sampling_rate") == 16_000)
        let error = #expect(throws: CheckpointError.self) { try base.floats("lm_head.weight") }
        #expect(
            error.map { "\($0)" }?.hasPrefix("random:wav2vec2-base?seed=0: no tensor lm_head.weight; ") == true)
    }

    /// Each tensor's first moments against the distribution it is drawn from, five standard errors wide.
    @Test(
        arguments: [
            ("encoder.layers.3.attention.q_proj.weight", 0, 0.02, 2.85), ("masked_spec_embed", 0.5, 0.288675, 1.8),
            ("feature_extractor.conv_layers.0.conv.weight", 0, 0.447214, 2.85),
            ("feature_extractor.conv_layers.6.conv.weight", 0, 0.0441942, 2.85),
            ("feature_projection.projection.weight", 0, 0.0255155, 1.8),
            ("feature_projection.projection.bias", 0, 0.0255155, 1.8),
        ] as [(String, Double, Double, Double)])
    func moments(name: String, mean: Double, deviation: Double, kurtosis: Double) throws {
        let base = try ModelSpecification.random(preset: "wav2vec2-base", seed: 3).open()
        let values = try base.floats(name).map(Double.init)
        let count = Double(values.count)
        let found = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - found) * ($1 - found) } / count
        let fourth = values.reduce(0) { $0 + pow($1 - found, 4) } / count / (variance * variance)
        #expect(abs(found - mean) < 5 * deviation / count.squareRoot())
        #expect(abs(variance / (deviation * deviation) - 1) < 5 * ((kurtosis - 1) / count).squareRoot())
        #expect(abs(fourth - kurtosis) < 30 / count.squareRoot())
    }

    @Test func constantsAndNorms() throws {
        let tiny = try ModelSpecification.random(preset: "wav2vec2-tiny", seed: 0).open()
        #expect(try tiny.floats("encoder.layers.0.final_layer_norm.weight").allSatisfy { $0 == 1 })
        #expect(try tiny.floats("encoder.layers.0.final_layer_norm.bias").allSatisfy { $0 == 0 })
        let magnitudes = try tiny.floats("encoder.pos_conv_embed.conv.weight_g", shape: [1, 1, 16])
        let directions = try tiny.floats("encoder.pos_conv_embed.conv.weight_v", shape: [48, 12, 16])
        for tap in 0..<16 {
            let squares = stride(from: tap, to: directions.count, by: 16).map { directions[$0] * directions[$0] }
            #expect(abs(magnitudes[tap] - squares.reduce(0, +).squareRoot()) < 1e-5)
        }
        let bound = Float(1 / (12.0 * 16).squareRoot())
        #expect(directions.allSatisfy { abs($0) < bound } && directions.contains { abs($0) > 0.99 * bound })
    }
}
