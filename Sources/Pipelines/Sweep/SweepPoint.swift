import Buffers
import Foundation
import Runs

/// One setting of everything that a sweep varies.
public struct SweepPoint: Sendable, Equatable {
    public struct Setting: Sendable, Equatable {
        public var key: String
        /// As YAML.
        public var value: String
    }

    /// In the order of the manifest; what a condition leaves out is not there.
    public var settings: [Setting]
    public var configuration: TrainConfiguration

    /// Follows from the settings alone, so that another grid finds the trials that it shares with this one.
    public var id: String {
        shortHash(settings.map { "\($0.key)=\($0.value)\n" }.sorted().joined())
    }

    /// For people.
    var words: String { Self.words(settings) }

    static func words(_ settings: [Setting]) -> String {
        settings.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    /// Nil where a condition leaves the key out.
    public func value(of key: String) -> String? { settings.first { $0.key == key }?.value }
}

extension Sweep {
    /// The points in a fixed order: of a grid, the last key changes fastest; of a random sweep, as they are drawn, the n-th being
    /// the same whatever `trials` is.
    /// - Parameter base: what the manifest says under `train`.
    /// - Throws: `ConfigurationError` naming the setting that cannot be, two points of a grid that are the same training, or a space
    ///   that gives fewer points than are asked for.
    public func points(_ base: TrainConfiguration) throws(ConfigurationError) -> [SweepPoint] {
        guard let trials else { return try grid(base) }
        var points: [SweepPoint] = [], seen: Set<[String]> = [], meanings: Set<String> = []
        // A small space runs out; a large one gives the same point twice hardly ever.
        let draws = 100 * trials + 1000
        for draw in 0..<UInt64(draws) {
            guard points.count < trials else { break }
            var settings: [SweepPoint.Setting] = []
            for parameter in parameters where isActive(parameter, in: settings) {
                settings.append(.init(key: parameter.key, value: value(of: parameter, draw: draw)))
            }
            guard seen.insert(settings.map { "\($0.key)=\($0.value)" }).inserted else { continue }
            let point = try point(settings, base)
            if meanings.insert(point.configuration.meaning.yaml).inserted { points.append(point) }
        }
        guard points.count == trials else {
            throw ConfigurationError(
                source: source, line: trialsLine,
                problem:
                    "key 'sweep.trials': \(trials) points are asked for, but \(draws) draws from the space gave only "
                    + "\(points.count) different ones; give fewer, or a larger space")
        }
        return points
    }

    private func grid(_ base: TrainConfiguration) throws(ConfigurationError) -> [SweepPoint] {
        var partial: [[SweepPoint.Setting]] = [[]]
        for parameter in parameters {
            guard case .choice(let values) = parameter.domain else { continue }
            var next: [[SweepPoint.Setting]] = []
            for settings in partial {
                guard isActive(parameter, in: settings) else {
                    next.append(settings)
                    continue
                }
                for value in values { next.append(settings + [.init(key: parameter.key, value: value)]) }
            }
            guard next.count <= Self.mostPoints else {
                throw ConfigurationError(
                    source: source, line: parameter.line,
                    problem:
                        "key 'sweep.space': the grid has \(next.count) points or more, of which nobody sees the end; "
                        + "expected at most \(Self.mostPoints), or give sweep.trials to draw some at random")
            }
            partial = next
        }
        var points: [SweepPoint] = [], first: [String: SweepPoint] = [:]
        for settings in partial {
            let point = try point(settings, base)
            if let other = first.updateValue(point, forKey: point.configuration.meaning.yaml) {
                throw same(other, point)
            }
            points.append(point)
        }
        return points
    }

    /// Two points that differ in nothing that trains: the same run would be paid for twice.
    private func same(_ one: SweepPoint, _ other: SweepPoint) -> ConfigurationError {
        let parameter = parameters.first { one.value(of: $0.key) != other.value(of: $0.key) }
        return ConfigurationError(
            source: source, line: parameter?.line,
            problem:
                "key 'sweep.space.\(parameter?.key ?? "")': the points \(one.words) and \(other.words) are the same "
                + "training; have the key there only where it changes something, with a condition (when), or leave one out"
        )
    }

    private func isActive(_ parameter: Parameter, in settings: [SweepPoint.Setting]) -> Bool {
        parameter.conditions.allSatisfy { key, values in
            settings.contains { $0.key == key && values.contains($0.value) }
        }
    }

    /// Each key has a stream of its own, so that adding one leaves the others' draws as they were.
    private func value(of parameter: Parameter, draw: UInt64) -> String {
        var stream = RandomStream(seed: seed, "sweep/\(parameter.key)", draw)
        let share = Double(stream.next() >> 11) * 0x1p-53
        switch parameter.domain {
        case .choice(let values): return values[min(values.count - 1, Int(share * Double(values.count)))]
        case .integers(let range):
            return "\(min(range.upperBound, range.lowerBound + Int(share * Double(range.count))))"
        case .uniform(let range):
            return Self.text(range.lowerBound + share * (range.upperBound - range.lowerBound), in: range)
        case .logUniform(let range):
            let (low, high) = (log(range.lowerBound), log(range.upperBound))
            return Self.text(exp(low + share * (high - low)), in: range)
        }
    }

    /// Four digits that matter: a table of trials is for reading.
    private static func text(_ value: Double, in range: ClosedRange<Double>) -> String {
        let rounded = Double(String(format: "%.4g", value)) ?? value
        return "\(min(max(rounded, range.lowerBound), range.upperBound))"
    }

    private func point(
        _ settings: [SweepPoint.Setting], _ base: TrainConfiguration
    ) throws(ConfigurationError) -> SweepPoint {
        var configuration = base
        for setting in settings {
            let parameter = parameters.first { $0.key == setting.key }
            do {
                // A range is looked at whole: a number out of bounds must not depend on the luck of the draw.
                for end in parameter?.ends ?? [] {
                    var trial = configuration
                    try trial.set(setting.key, to: end, source: source)
                }
                try configuration.set(setting.key, to: setting.value, source: source)
            } catch {
                throw ConfigurationError(
                    source: source, line: parameter?.line, problem: error.below("sweep.space").problem)
            }
        }
        do {
            try configuration.finish(source: source)
        } catch {
            throw impossible(settings, error)
        }
        return SweepPoint(settings: settings, configuration: configuration)
    }

    /// What is wrong with the configuration of a point, as a mistake in the sweep.
    /// - Parameter error: begins with the training configuration's key.
    func impossible(_ settings: [SweepPoint.Setting], _ error: ConfigurationError) -> ConfigurationError {
        // A mapping may be varied whole.
        let varied = parameters.first { parameter in
            settings.contains { $0.key == parameter.key }
                && error.key.map { $0 == parameter.key || $0.hasPrefix(parameter.key + ".") } ?? false
        }
        let problem = error.below(varied == nil ? "train" : "sweep.space").problem
        return ConfigurationError(
            source: source, line: varied?.line ?? error.line ?? parameters.first?.line,
            problem:
                "the point \(SweepPoint.words(settings)) of the sweep cannot be: \(problem); or leave it out with a condition (when)"
        )
    }
}

extension Sweep.Parameter {
    fileprivate var ends: [String] {
        switch domain {
        case .choice: []
        case .uniform(let range), .logUniform(let range): ["\(range.lowerBound)", "\(range.upperBound)"]
        case .integers(let range): ["\(range.lowerBound)", "\(range.upperBound)"]
        }
    }
}
