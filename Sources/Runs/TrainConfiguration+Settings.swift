extension TrainConfiguration {
    /// Every key, dotted, as `--set` takes it: those of the defaults, and those that stand in the place of others.
    package static let dottedKeys: [String] = {
        var attentive = TrainConfiguration()
        attentive.pooling = .attentive
        let written = attentive.settings.map(\.key), loss = Loss.Term.allCases.map { "loss.\($0.rawValue)" }
        return written + ["batch.frames", "optimiser.warmup_steps"] + loss + ["loss.weights"]
    }()

    /// Every setting under its dotted name, as `--set` takes it, in the order of `config.yaml`.
    public var settings: [(key: String, value: SettingValue)] {
        // What was written by this program reads back.
        (try? StrictMapping(text: yaml, source: "the configuration").settings()) ?? []
    }
}

/// The value of one setting.
public enum SettingValue: Sendable, Hashable {
    case integer(Int)
    case number(Double)
    case truth(Bool)
    /// A word, or a list as YAML on one line.
    case text(String)
    case null

    /// What a plain word of YAML is.
    package init(plain word: String) {
        switch word {
        case "null", "~", "": self = .null
        case "true": self = .truth(true)
        case "false": self = .truth(false)
        default:
            if let value = Int(word) {
                self = .integer(value)
            } else if let value = Double(word), value.isFinite {
                self = .number(value)
            } else {
                self = .text(word)
            }
        }
    }
}

extension SettingValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .truth(let value): "\(value)"
        case .text(let value): value
        case .null: "null"
        }
    }
}

extension SettingValue: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .truth(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .null: try container.encodeNil()
        }
    }
}
