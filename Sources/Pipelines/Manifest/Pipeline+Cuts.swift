import Runs

/// Whether what is to be trained can be trained from what is cached. It is asked as soon as the model is known: stage two would find
/// it out, too, but after stage one was paid for, and of a sweep's trial it would only say that it ranks last.
extension Pipeline {
    /// What is said of it needs the lines of the manifest.
    struct Places: Sendable, Equatable {
        var source: String
        /// Nil where the key is not given.
        var cuts: Int?
        var layers: Int?
        var embedding: Int?
        /// Of `lora.layers`.
        var adapted: Int?

        init(in top: StrictMapping) throws(ConfigurationError) {
            func line(_ key: String, _ mapping: StrictMapping?) -> Int? {
                mapping.flatMap { $0.contains(key) ? $0.line(of: key) : nil }
            }
            source = top.source
            cuts = line("cuts", try top.mapping("cache"))
            let train = try top.mapping("train")
            layers = line("layers", train)
            embedding = line("embedding", train)
            adapted = line("layers", try train?.mapping("lora"))
        }

        /// Of a key under `train`; where nothing is said of it, of the cuts, with which it does not go together.
        func line(of key: String) -> Int? {
            switch key {
            case "embedding": embedding ?? cuts
            case "lora.layers": adapted ?? cuts
            default: layers ?? cuts
            }
        }
    }

    /// - Parameters:
    ///   - layerCount: the model's transformer layers, `L`. Training the top `k` needs a cut of `L − k` or lower.
    ///   - points: the sweep's. Of a sweep's pipeline the configuration under `train` is looked at by itself where it says something
    ///     of its own: what every point varies need not make sense without.
    /// - Throws: `ConfigurationError` with file, line and advice, for cuts and layers that the model has not, and for layers that no
    ///   cut serves.
    func checkCuts(layerCount: Int, points: [SweepPoint]) throws(ConfigurationError) {
        // A study has caches of its own, and decides itself what each of its runs trains.
        guard study == nil else { return }
        for cut in cache.cuts.compactMap({ Int($0) }) where cut > layerCount {
            let needed = "\(max(0, layerCount - train.trainedLayers(of: layerCount)))"
            let advice =
                train.layers.count(of: layerCount) > layerCount ? "" : ", \(needed) for layers: \(train.layers)"
            throw ConfigurationError(
                source: places.source, line: places.cuts,
                problem:
                    "key 'cache.cuts': \(places.cuts == nil ? "is \(cut) where nothing is said" : "found \(cut)"), but "
                    + "\(model) has \(layerCount) layers; expected cnn or 0 to \(layerCount)\(advice)")
        }
        let isSaid = places.layers != nil || places.embedding != nil || places.adapted != nil
        if points.isEmpty || isSaid, let mistake = mistake(train, layerCount) {
            throw ConfigurationError(
                source: places.source, line: places.line(of: mistake.key),
                problem: "key 'train.\(mistake.key)': \(mistake.problem)")
        }
        for point in points {
            guard let mistake = mistake(point.configuration, layerCount) else { continue }
            let error = ConfigurationError(
                source: places.source, line: places.line(of: mistake.key),
                problem: "key '\(mistake.key)': \(mistake.problem)")
            throw sweep?.impossible(point.settings, error) ?? error
        }
    }

    /// What of a configuration cannot be, and what to do.
    private func mistake(_ train: TrainConfiguration, _ layerCount: Int) -> (key: String, problem: String)? {
        let chosen = train.layers.count(of: layerCount), layers = train.trainedLayers(of: layerCount)
        let needed = layerCount - layers
        let cuts = cache.cuts.joined(separator: ", "), has = "cache.cuts has \(cuts)"
        guard chosen <= layerCount else {
            return (
                "layers", "found \(chosen), but \(model) has \(layerCount) layers; expected 0 to \(layerCount), or all"
            )
        }
        if let mistake = train.mistakenAdapters(of: layerCount) {
            return ("lora.layers", "found \(mistake.found); expected \(mistake.expected)")
        }
        if train.embedding == .train, layers < layerCount {
            return (
                "embedding",
                "found train with layers: \(train.layers); expected layers: all, since it lies below them, or embedding: frozen"
            )
        }
        if train.embedding == .train, !cache.cuts.contains("cnn") {
            return ("embedding", "train needs cut cnn, and \(has); add cnn to cache.cuts, or give embedding: frozen")
        }
        let lowest = cache.cuts.map { Int($0) ?? 0 }.min() ?? 0
        guard lowest > needed else { return nil }
        let fewer = layerCount - lowest
        if layers != chosen {
            return (
                "lora.layers",
                "adapters from layer \(needed) up are trained from cut \(needed) or lower, and \(has); add \(needed) to cache.cuts"
                    + (lowest < layerCount ? ", or adapt layers from \(lowest) up" : "")
            )
        }
        return (
            "layers",
            "\(train.layers) of \(model)'s \(layerCount) layers \(layers == 1 ? "is" : "are") trained from cut \(needed) or lower, "
                + "and \(has); add \(needed) to cache.cuts, or train \(fewer) \(fewer == 1 ? "layer" : "layers")"
                + (fewer == 0 ? "" : " or fewer")
        )
    }
}
