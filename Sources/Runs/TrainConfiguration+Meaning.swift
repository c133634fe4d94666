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

    /// What the trained weights depend on, to the bit: of two configurations that are equal in it, one run's weights are the other's.
    package var training: TrainConfiguration {
        var training = meaning
        let defaults = TrainConfiguration()
        training.labels = labels.map { Label(name: $0.name) }
        training.scoring = defaults.scoring
        if memory == nil {
            training.threads = defaults.threads
        } else {
            // Both decide what fits into a piece, and the pieces the order of sums.
            training.recomputes = recomputes
        }
        return training
    }

    /// What another configuration has otherwise, in the order of `config.yaml`: `epochs: 20`, or `no batch.frames`.
    package func differences(in other: TrainConfiguration) -> [String] {
        let own = settings, found = other.settings
        func value(of key: String, in settings: [(key: String, value: SettingValue)]) -> SettingValue? {
            settings.first { $0.key == key }?.value
        }
        let changed = found.filter { value(of: $0.key, in: own) != $0.value }.map { "\($0.key): \($0.value)" }
        guard changed.isEmpty else { return changed }
        return own.filter { value(of: $0.key, in: found) == nil }.map { "no \($0.key)" }
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
