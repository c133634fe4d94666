/// Names and settings as people read them.
extension SweepRecord {
    /// `learning rate layers` of `optimiser.learning_rate.layers`; the whole key where another would read the same.
    func title(of parameter: Parameter) -> String {
        titleParts(of: parameter).joined(separator: " ")
    }

    func titleParts(of parameter: Parameter) -> [String] {
        let parts = Self.shortened(parameter.key)
        return parameters.count { Self.shortened($0.key) == parts } > 1 ? [parameter.key] : parts
    }

    private static func shortened(_ key: String) -> [String] {
        let parts = key.split(separator: ".")
        let end = parts.count > 2 ? parts.dropFirst() : parts[...]
        return end.map { String($0).replacing("_", with: " ") }
    }

    /// A setting, `1.2·10⁻⁵`; a dash where a condition leaves it out.
    func text(_ setting: String?, of parameter: Parameter) -> String {
        guard let setting else { return "–" }
        guard case .categorical = parameter.scale else { return Format.significant(Double(setting)) }
        return setting
    }

    /// `learning rate layers 1.2·10⁻⁵, optimiser schedule cosine`
    func words(_ trial: Trial) -> String {
        parameters.compactMap { parameter in
            trial.settings[parameter.key].map { "\(title(of: parameter)) \(text($0, of: parameter))" }
        }.joined(separator: ", ")
    }

    func stateWords(of trial: Trial) -> String {
        switch trial.state {
        case .done: "trained to the end"
        case .stopped: trial.rung.map { "stopped at rung \($0)" } ?? "stopped"
        case .failed: "failed"
        case .unfinished: "not finished"
        }
    }

    /// `24 configurations: 2 trained to the end, 22 stopped early`
    var counts: String {
        if trials.count == 1 { return "One configuration with \(Format.counted(trials[0].runs.count, "seed"))" }
        let words: [(State, String)] = [
            (.done, "trained to the end"), (.stopped, "stopped early"), (.failed, "failed"),
            (.unfinished, "not finished"),
        ]
        let parts = words.compactMap { state, word in
            let count = trials.count { $0.state == state }
            return count == 0 ? nil : "\(Format.count(count)) \(word)"
        }
        return "\(Format.counted(trials.count, "configuration")): \(parts.joined(separator: ", "))"
    }
}
