import Runs
import SpeechEncoder

extension AdamW.Group {
    /// The groups of a model, from the bottom up: `embedding` where it is trained, `layers` (or `adapters`, where it is those that
    /// are trained), `heads`.
    ///
    /// Layer-wise decay: a layer below `d` others learns at `rate · decay^d`, so the top one at the full rate, and the
    /// embedding as if it were the layer below the first. Heads do not decay.
    /// - Source: Clark et al. 2020 (ELECTRA), section 3.1, whose decay begins at the heads rather than at the top layer.
    static func groups(
        _ encoder: UpperEncoder, heads: [Parameter], _ configuration: TrainConfiguration
    ) -> [AdamW.Group] {
        let settings = configuration.optimiser
        let layerCount = encoder.configuration.layerCount
        func part(_ parameters: [Parameter], depth: Int) -> Part {
            Part(
                parameters, rateFactor: (0..<depth).reduce(1) { factor, _ in factor * settings.layerDecay },
                layer: depth < layerCount ? layerCount - 1 - depth : nil)
        }
        var groups: [AdamW.Group] = []
        if !encoder.embeddingParameters.isEmpty {
            groups.append(
                AdamW.Group(
                    name: "embedding",
                    parts: [part(encoder.embeddingParameters, depth: layerCount)],
                    learningRate: settings.embeddingLearningRate ?? settings.layersLearningRate))
        }
        let layers = encoder.layerParameters.filter { !$0.parameters.isEmpty }
        if !layers.isEmpty {
            let isAdapted = configuration.tuning == .lora
            groups.append(
                AdamW.Group(
                    name: isAdapted ? "adapters" : "layers",
                    parts: layers.map { part($0.parameters, depth: $0.depth) },
                    learningRate: isAdapted ? settings.adaptersLearningRate : settings.layersLearningRate))
        }
        return groups
            + [AdamW.Group(name: "heads", parameters: heads, learningRate: settings.headsLearningRate)]
    }
}
