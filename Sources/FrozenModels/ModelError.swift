import Faults
import SpeechEncoder

/// What is wrong with a model as a whole, beyond its files.
public enum ModelError: Fault {
    case cut(Cut, model: String, layerCount: Int)
    case noPreprocessor(model: String)
    /// Looked at, and found wanting.
    case unusable(model: String, problemCount: Int)

    public var kind: FaultKind {
        switch self {
        case .cut: .usage
        case .noPreprocessor: .missingInput
        case .unusable: .badInput
        }
    }

    public var description: String {
        switch self {
        case .cut(let cut, let model, let layerCount):
            "--cut \(cut): \(model) has \(layerCount) layers; expected cnn or a number from 0 to \(layerCount)"
        case .noPreprocessor(let model):
            "\(model): no preprocessor_config.json; it says whether waveforms are normalised, so copy it from where "
                + "the model comes from"
        case .unusable(let model, let count):
            "\(model): cannot be used, for the \(count == 1 ? "reason" : "\(count) reasons") given"
        }
    }
}
