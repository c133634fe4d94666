import Runs

/// Which settings of the training configuration are tried, and how: every point of a grid, or so many drawn at random.
public struct Sweep: Sendable, Equatable {
    /// What values a key may take.
    public enum Domain: Sendable, Equatable {
        /// Each as YAML; in a grid, all of them.
        case choice([String])
        case uniform(ClosedRange<Double>)
        /// Uniform in the logarithm.
        case logUniform(ClosedRange<Double>)
        case integers(ClosedRange<Int>)
    }

    public struct Parameter: Sendable, Equatable {
        /// Dotted, as `--set` takes it.
        public var key: String
        public var domain: Domain
        /// The parameter is there only where each of these parameters, all listed before it, has one of these values.
        public var conditions: [String: [String]] = [:]
        /// In the manifest.
        var line: Int?
    }

    /// In the order of the manifest.
    public var parameters: [Parameter]
    /// So many points drawn at random; nil: the whole grid.
    public var trials: Int?
    private(set) var trialsLine: Int?
    /// Of the drawing.
    public var seed: UInt64 = 0
    public var halving: Halving?
    /// Names the manifest in errors.
    let source: String
}

extension Sweep {
    static let keys = ["space", "trials", "seed", "halving"]
    static let domainKeys = ["choice", "uniform", "log_uniform", "integers", "when"]
    /// What a sweep does not vary, and what to do instead.
    static let refused = [
        "labels": "every trial learns the same labels; write one pipeline per choice of labels",
        "seed": "is not a setting to choose by its score; give several 'seeds' at the top of the pipeline",
        "seeds": "is not a setting to choose by its score; give several 'seeds' at the top of the pipeline",
        "threads": "changes no result worth comparing; leave it to make -j",
        "memory": "changes no result worth comparing; give it under 'train'",
        "scores": "trains nothing; give it under 'train'",
        "best_metric": "is what trials are compared by; give it under 'train'",
    ]
    /// Of a grid, or drawn: beyond that nobody sees the end.
    static let mostPoints = 10_000
    /// More than any key takes, and few enough to be counted.
    private static let largestInteger = 1_000_000_000

    init(_ mapping: StrictMapping, train: TrainConfiguration) throws(ConfigurationError) {
        try mapping.allowOnly(Self.keys)
        source = mapping.source
        parameters = []
        guard let space = try mapping.mapping("space"), !space.keys.isEmpty else {
            throw ConfigurationError(
                source: source, line: mapping.line,
                problem: "key 'sweep': no 'space'; name the training keys to vary, e.g. space: "
                    + "{optimiser.learning_rate.layers: [1.0e-5, 5.0e-5]}")
        }
        trials = try mapping.integer("trials", atLeast: 1)
        trialsLine = mapping.line(of: "trials")
        if let trials, trials > Self.mostPoints {
            throw mapping.error(
                at: "trials",
                "expected 1 to \(Self.mostPoints), found \(trials); begin with fewer: a larger sweep finds them done")
        }
        if let value = try mapping.integer("seed", atLeast: 0) { seed = UInt64(value) }
        if mapping.contains("seed"), trials == nil {
            throw mapping.error(at: "seed", "a grid draws nothing; give 'trials' too, or leave it out")
        }
        for key in space.keys { parameters.append(try parameter(key, in: space)) }
        if let entry = try mapping.mapping("halving") {
            halving = try Halving(entry, epochs: train.epochs)
            try checkHalving(space, train: train)
        }
        if train.bestMetric.quantity == .loss, let key = space.keys.first(where: Self.isOfLoss) {
            throw space.error(
                at: key, "changes the loss, by which best_metric: loss compares trials; give another best_metric")
        }
        // What cannot be is found before anything runs.
        _ = try points(train)
    }

    private static func isOfLoss(_ key: String) -> Bool { key == "loss" || key.hasPrefix("loss.") }

    private func checkHalving(_ space: StrictMapping, train: TrainConfiguration) throws(ConfigurationError) {
        if space.contains("epochs") {
            throw space.error(at: "epochs", "halving decides how many epochs a trial gets; leave out one of the two")
        }
    }

    private func parameter(_ key: String, in space: StrictMapping) throws(ConfigurationError) -> Parameter {
        guard TrainConfiguration.isDotted(key) else {
            throw space.error(at: key, "expected a training key, dotted, e.g. optimiser.learning_rate.layers")
        }
        if let reason = Self.refused[String(key.prefix { $0 != "." })] { throw space.error(at: key, reason) }
        // Of the two sizes of a batch the later would silently win.
        let sizes = ["batch.utterances", "batch.frames"]
        if sizes.contains(key), let other = parameters.first(where: { sizes.contains($0.key) && $0.key != key }) {
            throw space.error(
                at: key, "'\(other.key)' is varied too, and a batch has one size; vary one of the two, or batch")
        }
        for other in parameters where key.hasPrefix(other.key + ".") || other.key.hasPrefix(key + ".") {
            throw space.error(at: key, "'\(other.key)' is varied too, and one contains the other; vary one of the two")
        }
        if space.isList(key) {
            return Parameter(key: key, domain: .choice(try choice(key, in: space)), line: space.line(of: key))
        }
        guard space.isMapping(key), let entry = try space.mapping(key) else {
            throw space.error(
                at: key,
                "expected a list of values, or a range such as {log_uniform: [1.0e-6, 1.0e-4]}, found "
                    + "'\(space.text(key) ?? "")'; a single value belongs under 'train'")
        }
        try entry.allowOnly(Self.domainKeys)
        let kinds = entry.keys.filter { $0 != "when" }
        guard kinds.count == 1 else {
            throw space.error(
                at: key,
                "expected one of choice, uniform, log_uniform, integers, found "
                    + (kinds.isEmpty ? "none" : kinds.joined(separator: " and ")))
        }
        let domain = try domain(kinds[0], in: entry)
        if case .choice = domain {
        } else if trials == nil {
            throw space.error(
                at: key, "\(kinds[0]) is drawn from at random; give sweep.trials, how many points to draw, or a list")
        }
        return Parameter(
            key: key, domain: domain, conditions: try conditions(in: entry), line: space.line(of: key))
    }

    private func domain(_ kind: String, in entry: StrictMapping) throws(ConfigurationError) -> Domain {
        if kind == "choice" { return .choice(try choice(kind, in: entry)) }
        let ends = try entry.strings(kind) ?? []
        if kind == "integers" {
            let values = ends.compactMap(Int.init)
            guard ends.count == 2, values.count == 2, values[0] < values[1] else {
                throw entry.error(
                    at: kind, "expected two whole numbers, the first below the second, found \(entry.text(kind) ?? "")")
            }
            guard -Self.largestInteger <= values[0], values[1] <= Self.largestInteger else {
                throw entry.error(
                    at: kind,
                    "expected numbers from -\(Self.largestInteger) to \(Self.largestInteger), found "
                        + "\(entry.text(kind) ?? ""); no key takes larger ones")
            }
            return .integers(values[0]...values[1])
        }
        let values = ends.compactMap(Double.init).filter(\.isFinite)
        guard ends.count == 2, values.count == 2, values[0] < values[1] else {
            throw entry.error(
                at: kind, "expected two numbers, the first below the second, found \(entry.text(kind) ?? "")")
        }
        guard kind == "log_uniform" else { return .uniform(values[0]...values[1]) }
        guard values[0] > 0 else {
            throw entry.error(at: kind, "expected numbers above 0, which have a logarithm, found \(values[0])")
        }
        return .logUniform(values[0]...values[1])
    }

    private func choice(_ key: String, in mapping: StrictMapping) throws(ConfigurationError) -> [String] {
        let values = try mapping.texts(key)?.map(\.text) ?? []
        guard !values.isEmpty, Set(values).count == values.count else {
            throw mapping.error(
                at: key, "expected at least one value and none twice, found [\(values.joined(separator: ", "))]")
        }
        return values
    }

    private func conditions(in entry: StrictMapping) throws(ConfigurationError) -> [String: [String]] {
        guard let when = try entry.mapping("when") else { return [:] }
        var conditions: [String: [String]] = [:]
        for key in when.keys {
            guard let parameter = parameters.first(where: { $0.key == key }) else {
                throw when.error(
                    at: key, "a condition is on a key that is varied too and listed before; '\(key)' is not")
            }
            guard case .choice(let possible) = parameter.domain else {
                throw when.error(at: key, "a condition is on a key with a list of values; '\(key)' has a range")
            }
            let values = when.isList(key) ? try choice(key, in: when) : [when.text(key) ?? ""]
            for value in values where !possible.contains(value) {
                throw when.error(
                    at: key, "'\(value)' is none of its values \(possible.joined(separator: ", ")), so never the case")
            }
            conditions[key] = values
        }
        return conditions
    }
}
