extension TrainConfiguration {
    /// The same training, with what has no say in it as the defaults have it: of two configurations whose meanings are equal, one run is as good
    /// as both. What only sometimes has no say, because of the model or the cache, stays as it is.
    package var meaning: TrainConfiguration {
        var meaning = self
        let defaults = TrainConfiguration()
        if tuning != .lora {
            meaning.lora = defaults.lora
            meaning.optimiser.adaptersLearningRate = defaults.optimiser.adaptersLearningRate
        }
        if !mayTrainEmbedding {
            meaning.embedding = .frozen
            meaning.optimiser.embeddingLearningRate = defaults.optimiser.embeddingLearningRate
            meaning.dropout.featureProjection = defaults.dropout.featureProjection
            if tuning == .lora || layers == .top(0) {
                meaning.optimiser.layersLearningRate = defaults.optimiser.layersLearningRate
            }
            if layers == .top(0) { meaning.optimiser.layerDecay = defaults.optimiser.layerDecay }
        }
        // More time for less memory, and the same bits.
        meaning.recomputes = defaults.recomputes
        // Looks at the corpus; no weight depends on it.
        meaning.strict = defaults.strict
        return meaning
    }

    /// Where the cache has the cut for it.
    private var mayTrainEmbedding: Bool {
        switch embedding {
        case .auto: layers == .all && tuning == .full
        case .train: true
        case .frozen: false
        }
    }
}
