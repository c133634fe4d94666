import Checkpoints
import Foundation
import Runs
import SpeechEncoder
import Testing

@testable import Training

/// Every dropout is the model's own under its own key, and any of them can be overridden alone.
@Suite struct DropoutChoiceTests {
    /// wav2vec2-tiny's configuration with a probability of its own under every key.
    private func encoder() throws -> EncoderConfiguration {
        let data = try SyntheticCache.model.open().configuration.data
        var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for (index, key) in [
            "hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout", "layerdrop",
            "final_dropout",
        ].enumerated() { object[key] = Double(index + 1) / 16 }
        return try EncoderConfiguration(
            ConfigurationFile(path: "config.json", data: try JSONSerialization.data(withJSONObject: object)))
    }

    @Test func theModelsOwnAreTaken() throws {
        let encoder = try encoder()
        #expect(
            encoder.dropouts
                == .init(
                    hidden: 1 / 16, attention: 2 / 16, activation: 3 / 16, featureProjection: 4 / 16, layer: 5 / 16))
        #expect(encoder.headDropout == 6 / 16)
        #expect(
            encoder.dropouts.overridden(by: try TrainConfiguration(path: nil, overrides: ["labels=[a]"]).dropout)
                == encoder.dropouts)
    }

    @Test(
        arguments: [
            ("hidden", \EncoderConfiguration.Dropouts.hidden), ("attention", \.attention), ("activation", \.activation),
            ("feature_projection", \.featureProjection), ("layer", \.layer),
        ] as [(String, WritableKeyPath<EncoderConfiguration.Dropouts, Float> & Sendable)])
    func eachIsOverriddenAlone(key: String, path: WritableKeyPath<EncoderConfiguration.Dropouts, Float> & Sendable)
        throws
    {
        let configured = try TrainConfiguration(path: nil, overrides: ["labels=[a]", "dropout.\(key)=0.75"]).dropout
        var expected = try encoder().dropouts
        expected[keyPath: path] = 0.75
        #expect(try encoder().dropouts.overridden(by: configured) == expected)
    }
}
