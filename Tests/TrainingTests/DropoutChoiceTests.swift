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
        object["hidden_dropout"] = 0.0625
        object["attention_dropout"] = 0.125
        object["activation_dropout"] = 0.1875
        object["feat_proj_dropout"] = 0.25
        object["layerdrop"] = 0.3125
        object["final_dropout"] = 0.375
        return try EncoderConfiguration(
            ConfigurationFile(path: "config.json", data: try JSONSerialization.data(withJSONObject: object)))
    }

    private func dropout(_ overrides: [String]) throws -> TrainConfiguration.Dropout {
        try TrainConfiguration(path: nil, overrides: ["labels=[a]"] + overrides).dropout
    }

    @Test func theModelsOwnAreTaken() throws {
        let encoder = try encoder()
        let own = EncoderConfiguration.Dropouts(
            hidden: 0.0625, attention: 0.125, activation: 0.1875, featureProjection: 0.25, layer: 0.3125)
        #expect(encoder.dropouts == own)
        #expect(encoder.headDropout == 0.375)
        let silent = encoder.dropouts.overridden(by: try dropout([]))
        #expect(silent == own)
    }

    @Test(arguments: ["hidden", "attention", "activation", "feature_projection", "layer"])
    func eachIsOverriddenAlone(key: String) throws {
        var expected = try encoder().dropouts
        switch key {
        case "hidden": expected.hidden = 0.75
        case "attention": expected.attention = 0.75
        case "activation": expected.activation = 0.75
        case "feature_projection": expected.featureProjection = 0.75
        default: expected.layer = 0.75
        }
        let found = try encoder().dropouts.overridden(by: try dropout(["dropout.\(key)=0.75"]))
        #expect(found == expected)
    }
}
