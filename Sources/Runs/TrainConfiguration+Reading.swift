import Files
import Foundation

extension TrainConfiguration {
    /// Reads a configuration: the defaults, then the file, then each `--set`, later ones winning.
    /// - Parameters:
    ///   - path: a YAML file; nil: defaults only.
    ///   - overrides: `key=value` with dotted keys, e.g. `optimiser.learning_rate.layers=1e-5`; the value is YAML.
    /// - Throws: `ConfigurationError` naming file and line, or the `--set`, and the key.
    public init(path: String?, overrides: [String] = []) throws(ConfigurationError) {
        self.init()
        if let path {
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw ConfigurationError(
                    source: path, problem: "no such file, or it cannot be read; give a YAML file", kind: .missingInput)
            }
            guard let text = String(data: bytes, encoding: .utf8) else {
                throw ConfigurationError(source: path, problem: "not UTF-8 text; save it as UTF-8", kind: .badInput)
            }
            try apply(StrictMapping(text: text, source: path, known: Self.dottedKeys))
        }
        for override in overrides { try apply(override: override) }
        normalise()
        try check(source: path ?? "training configuration")
    }

    /// Reads a configuration from YAML text; `source` names it in errors.
    public init(yaml: String, source: String) throws(ConfigurationError) {
        self.init()
        try apply(StrictMapping(text: yaml, source: source, known: Self.dottedKeys))
        normalise()
        try check(source: source)
    }

    static let topKeys =
        ["labels"] + trainedKeys + [
            "seed", "seeds", "epochs", "batch", "memory", "optimiser", "ema", "dropout", "mask", "head", "pooling",
            "attention", "standardise", "loss", "best_metric", "patience", "scores", "strict", "threads", "compute",
        ]

    /// Takes over what the mapping says and leaves the rest as it is.
    /// - Parameters:
    ///   - top: the mapping with `topKeys`.
    ///   - refused: keys that are not valid in this place though they are elsewhere, with what to say about them.
    package mutating func apply(
        _ top: StrictMapping, refused: [String: String] = [:]
    ) throws(ConfigurationError) {
        try top.allowOnly(Self.topKeys.filter { refused[$0] == nil }, refused: refused)
        if let value = try Self.labels(in: top, key: "labels") { labels = value }
        try applyTrained(top)
        if let value = try top.integer("seed", atLeast: 0) { seed = UInt64(value) }
        if let value = try top.integer("epochs", atLeast: 1) { epochs = value }
        if let value = try Self.seeds(in: top) { seeds = value }
        if let mapping = try top.mapping("batch") { try batch.apply(mapping) }
        if let value = try Self.memory(in: top) { memory = value }
        if let mapping = try top.mapping("optimiser") { try optimiser.apply(mapping) }
        if top.isNull("ema") {
            averageDecay = nil
        } else if let value = try top.number("ema", in: 0...0.999999, "0 to 0.999999, or null for no averaging") {
            averageDecay = value
        }
        if let mapping = try top.mapping("dropout") { try dropout.apply(mapping) }
        if let mapping = try top.mapping("mask") { try mask.apply(mapping) }
        if let mapping = try top.mapping("head") { try head.apply(mapping) }
        try applyPooling(top)
        if let value = try top.boolean("standardise") { standardise = value }
        try loss.apply(top, key: "loss")
        if let value = try Self.bestCriterion(in: top, key: "best_metric") { bestMetric = value }
        if top.isNull("patience") {
            patience = nil
        } else if let value = try top.integer("patience", atLeast: 1) {
            patience = value
        }
        if let mapping = try top.mapping("scores") { try scoring.apply(mapping) }
        if let value = try top.boolean("strict") { strict = value }
        if top.isNull("threads") {
            threads = nil
        } else if let value = try top.integer("threads", atLeast: 1) {
            threads = value
        }
        if let value = try top.choice("compute", of: Compute.self) { compute = value }
    }

    /// `[activation, {name: valence, scale: [1, 7]}]`: words, or mappings with a scale.
    package static func labels(in mapping: StrictMapping, key: String) throws(ConfigurationError) -> [Label]? {
        guard let items = try mapping.items(key) else { return nil }
        var labels: [Label] = []
        for item in items {
            switch item {
            case .text(let name): labels.append(Label(name: name))
            case .mapping(let entry): labels.append(try label(in: entry))
            }
        }
        guard !labels.isEmpty else {
            throw mapping.error(at: key, "expected at least one dimension, found an empty list")
        }
        for (index, label) in labels.enumerated() where labels[..<index].contains(where: { $0.name == label.name }) {
            throw mapping.error(at: key, "dimension '\(label.name)' is listed twice")
        }
        return labels
    }

    private static func label(in entry: StrictMapping) throws(ConfigurationError) -> Label {
        try entry.allowOnly(["name", "scale"])
        guard let name = try entry.string("name") else {
            throw ConfigurationError(
                source: entry.source, line: entry.line, problem: "key '\(entry.path)': 'name' is missing")
        }
        return Label(name: name, scale: try scale(in: entry))
    }

    /// `scale: [1, 7]`.
    package static func scale(in entry: StrictMapping) throws(ConfigurationError) -> ClosedRange<Double>? {
        guard let ends = try entry.strings("scale") else { return nil }
        guard ends.count == 2, let low = Double(ends[0]), let high = Double(ends[1]), low.isFinite, high.isFinite,
            low < high
        else {
            throw entry.error(
                at: "scale",
                "expected [minimum, maximum] with minimum < maximum, found [\(ends.joined(separator: ", "))]")
        }
        return low...high
    }

    /// What can only be checked once everything is read.
    package func check(source: String) throws(ConfigurationError) {
        guard !labels.isEmpty else {
            throw ConfigurationError(
                source: source,
                problem: "no 'labels'; name the manifest's columns to learn, e.g. labels: [activation, valence]")
        }
        try checkTrained(source: source)
        let names = labels.map(\.name)
        try loss.check(labels: names, source: source)
        if head.form == .huggingFace, let value = dropout.head, value > 0 {
            throw ConfigurationError(
                source: source,
                problem:
                    "key 'dropout.head': \(value), but the head form 'hf' has no dropout; leave it out, or give another "
                    + "head.form")
        }
        if let dimension = bestMetric.dimension, !names.contains(dimension) {
            let hint = nearestName(to: dimension, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw ConfigurationError(
                source: source,
                problem: "key 'best_metric': '\(bestMetric.name)' is of '\(dimension)', which is none of the labels "
                    + "\(names.joined(separator: ", "))\(hint)")
        }
    }

    /// nil: not given; .some(nil): taken back.
    private static func seeds(in mapping: StrictMapping) throws(ConfigurationError) -> [UInt64]?? {
        if mapping.isNull("seeds") { return .some(nil) }
        guard let items = try mapping.strings("seeds") else { return nil }
        return try mapping.seeds(items, at: "seeds", example: "[1, 2, 3]")
    }

    private static func memory(in mapping: StrictMapping) throws(ConfigurationError) -> ByteCount?? {
        if mapping.isNull("memory") { return .some(nil) }
        guard let text = try mapping.string("memory") else { return nil }
        guard let value = ByteCount(text) else {
            throw mapping.error(
                at: "memory", "expected an amount such as 2GB or 512MB, or null for no limit, found '\(text)'")
        }
        return value
    }

    private static func bestCriterion(
        in mapping: StrictMapping, key: String
    ) throws(ConfigurationError) -> BestCriterion? {
        guard let text = try mapping.string(key) else { return nil }
        if let criterion = BestCriterion(text) { return criterion }
        let quantity = String(text.prefix { $0 != "." })
        let hint =
            nearestName(to: quantity, among: BestCriterion.quantityNames).map { " (did you mean '\($0)'?)" } ?? ""
        throw mapping.error(
            at: key,
            "expected \(BestCriterion.quantityNames.joined(separator: " or ")), a score also of one dimension such as "
                + "ccc.valence, found '\(text)'\(hint)")
    }

    /// As `--set` gives it: `a.b=value`.
    private mutating func apply(override: String) throws(ConfigurationError) {
        let source = "--set \(override)"
        let parts = override.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, Self.isDotted(parts[0]) else {
            throw ConfigurationError(
                source: source,
                problem: "expected key=value with a dotted key, e.g. optimiser.learning_rate.layers=1e-5")
        }
        try set(parts[0], to: parts[1], source: source)
    }

    package static func isDotted(_ key: String) -> Bool {
        key.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        }
    }

    /// Sets one key by its dotted name. Made into the mapping `{a: {b: value}}` and applied as that, it is checked as a file is.
    /// - Parameters:
    ///   - key: e.g. `optimiser.learning_rate.layers`.
    ///   - value: YAML; blank for `null`.
    ///   - source: where key and value come from, for errors.
    package mutating func set(_ key: String, to value: String, source: String) throws(ConfigurationError) {
        precondition(Self.isDotted(key), "'\(key)' is no dotted key")
        let opening = key.split(separator: ".").map { "{\($0): " }
        let value = value.allSatisfy(\.isWhitespace) ? "null" : value
        try apply(
            StrictMapping(
                text: opening.joined() + value + String(repeating: "}", count: opening.count), source: source,
                hasLines: false, known: Self.dottedKeys))
    }

    /// What has to be done once all keys are set.
    package mutating func finish(source: String) throws(ConfigurationError) {
        normalise()
        try check(source: source)
    }
}

extension TrainConfiguration.Scoring {
    fileprivate mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(["by", "resamples"])
        if let columns = try mapping.strings("by") {
            for (index, column) in columns.enumerated() {
                if columns[..<index].contains(column) {
                    throw mapping.error(at: "by", "column '\(column)' is listed twice")
                }
                if !Predictions.canCarry(column: column) {
                    throw mapping.error(
                        at: "by", "column '\(column)' ends as the columns of predictions do; name it otherwise")
                }
            }
            by = columns
        }
        if let value = try mapping.integer("resamples", atLeast: 100) { resamples = value }
    }
}

extension TrainConfiguration.Optimiser {
    fileprivate mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly([
            "learning_rate", "weight_decay", "betas", "epsilon", "warmup_fraction", "warmup_steps", "schedule",
            "clip_norm", "layer_decay",
        ])
        if let rates = try mapping.mapping("learning_rate") {
            try rates.allowOnly(["layers", "heads", "adapters", "embedding"])
            if let value = try rates.number("layers", in: 0...1, "0 to 1") { layersLearningRate = value }
            if let value = try rates.number("heads", in: 0...1, "0 to 1") { headsLearningRate = value }
            if let value = try rates.number("adapters", in: 0...1, "0 to 1") { adaptersLearningRate = value }
            if rates.isNull("embedding") {
                embeddingLearningRate = nil
            } else if let value = try rates.number("embedding", in: 0...1, "0 to 1, or null for the layers'") {
                embeddingLearningRate = value
            }
        }
        if let value = try mapping.number("layer_decay", in: 1e-30...1, "above 0, at most 1") { layerDecay = value }
        if let value = try mapping.number("weight_decay", in: 0...1, "0 to 1") { weightDecay = value }
        if let betas = try mapping.strings("betas") {
            let values = betas.compactMap(Double.init).filter { $0 >= 0 && $0 < 1 }
            guard betas.count == 2, values.count == 2 else {
                throw mapping.error(at: "betas", "expected two numbers from 0 to below 1, e.g. [0.9, 0.999]")
            }
            (beta1, beta2) = (values[0], values[1])
        }
        if let value = try mapping.number("epsilon", in: 1e-30...1, "above 0, at most 1") { epsilon = value }
        if mapping.contains("warmup_fraction") && mapping.contains("warmup_steps") {
            throw mapping.error(at: "warmup_steps", "'warmup_fraction' is given too; give one of the two")
        }
        if let value = try mapping.number("warmup_fraction", in: 0...1, "0 to 1") { warmup = .fraction(value) }
        if let value = try mapping.integer("warmup_steps", atLeast: 0) { warmup = .steps(value) }
        if let value = try mapping.choice("schedule", of: Schedule.self) { schedule = value }
        if mapping.isNull("clip_norm") {
            clipNorm = nil
        } else if let value = try mapping.number("clip_norm", in: 1e-30...1e30, "above 0, or null for no clipping") {
            clipNorm = value
        }
    }
}

extension TrainConfiguration.Dropout {
    fileprivate mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        try mapping.allowOnly(["hidden", "attention", "activation", "head", "feature_projection", "layer"])
        try Self.read("hidden", mapping, into: &hidden)
        try Self.read("attention", mapping, into: &attention)
        try Self.read("activation", mapping, into: &activation)
        try Self.read("head", mapping, into: &head)
        try Self.read("feature_projection", mapping, into: &featureProjection)
        try Self.read("layer", mapping, into: &layer)
    }

    private static func read(
        _ key: String, _ mapping: StrictMapping, into value: inout Double?
    ) throws(ConfigurationError) {
        if mapping.isNull(key) {
            value = nil
        } else if let number = try mapping.number(key, in: 0...0.99, "0 to 0.99, or null for the model's own") {
            value = number
        }
    }
}
