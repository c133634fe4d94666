extension TrainConfiguration {
    /// The whole configuration as YAML, defaults included; reads back equal. Equal configurations give equal text.
    public var yaml: String {
        """
        labels:
        \(labels.map(Self.line).joined(separator: "\n"))
        \(trainedYAML)
        seed: \(seed)
        seeds: \(seeds.map { "[\($0.map { "\($0)" }.joined(separator: ", "))]" } ?? "null")
        epochs: \(epochs)
        batch:
        \(batch.yaml)
        memory: \(optional(memory))
        optimiser:
          learning_rate:
            layers: \(optimiser.layersLearningRate)
            heads: \(optimiser.headsLearningRate)
            adapters: \(optimiser.adaptersLearningRate)
            embedding: \(optional(optimiser.embeddingLearningRate))
          layer_decay: \(optimiser.layerDecay)
          weight_decay: \(optimiser.weightDecay)
          betas: [\(optimiser.beta1), \(optimiser.beta2)]
          epsilon: \(optimiser.epsilon)
          \(optimiser.warmup.line)
          schedule: \(optimiser.schedule.rawValue)
          clip_norm: \(optional(optimiser.clipNorm))
        ema: \(optional(averageDecay))
        dropout:
          hidden: \(optional(dropout.hidden))
          attention: \(optional(dropout.attention))
          activation: \(optional(dropout.activation))
          head: \(optional(dropout.head))
          feature_projection: \(optional(dropout.featureProjection))
          layer: \(optional(dropout.layer))
        \(maskYAML)
        head:
          \(head.yamlLines.joined(separator: "\n  "))
        \(poolingLines.joined(separator: "\n"))
        standardise: \(standardise)
        loss: \(loss.yaml)
        best_metric: \(Self.quoted(bestMetric.name))
        patience: \(optional(patience))
        scores:
          by: [\(scoring.by.map(Self.quoted).joined(separator: ", "))]
          resamples: \(scoring.resamples)
        strict: \(strict)
        threads: \(optional(threads))
        compute: \(compute.rawValue)

        """
    }

    private static func line(_ label: Label) -> String {
        guard let scale = label.scale else { return "  - \(quoted(label.name))" }
        return "  - {name: \(quoted(label.name)), scale: [\(scale.lowerBound), \(scale.upperBound)]}"
    }

    /// A plain word stays plain; anything that YAML could take for something else is quoted.
    static func quoted(_ name: String) -> String {
        let isPlain =
            name.first?.isLetter == true && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(name.lowercased())
        if isPlain { return name }
        return "\"\(name.unicodeScalars.map(escaped).joined())\""
    }

    /// Line ends would be folded into spaces, and what YAML calls unprintable could not be read back at all.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\", "\"": return "\\\(scalar)"
        case " "..."~", "\u{A0}"..."\u{2027}", "\u{202A}"..."\u{D7FF}", "\u{E000}"..."\u{FEFE}",
            "\u{FF00}"..."\u{FFFD}",
            "\u{10000}"..."\u{10FFFF}":
            return String(scalar)
        default:
            let digits = String(scalar.value, radix: 16)
            return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
    }

    private func optional<T>(_ value: T?) -> String { value.map { "\($0)" } ?? "null" }
}

extension TrainConfiguration.Optimiser.Warmup {
    fileprivate var line: String {
        switch self {
        case .fraction(let fraction): "warmup_fraction: \(fraction)"
        case .steps(let steps): "warmup_steps: \(steps)"
        }
    }
}
