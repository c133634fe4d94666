import Faults

/// Where the frozen lower part of an encoder ends and the trained upper part begins.
///
/// The text form is `cnn` (output of the CNN feature encoder), `0` (input of the first transformer layer) or `k` (output of
/// the k-th layer, Hugging Face's `hidden_states[k]`). wav2vec2-base with its top three layers trained is cut `9`.
public enum Cut: Hashable, Sendable, Comparable, CustomStringConvertible {
    case cnn
    case layer(Int)

    public init?(_ text: String) {
        if text == "cnn" {
            self = .cnn
        } else if let layer = Int(text), layer >= 0, String(layer) == text {
            self = .layer(layer)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .cnn: "cnn"
        case .layer(let layer): String(layer)
        }
    }

    /// Transformer layers below the cut; the `cnn` cut lies below everything.
    public var layersBelow: Int {
        switch self {
        case .cnn: 0
        case .layer(let layer): layer
        }
    }

    private var order: Int {
        switch self {
        case .cnn: -1
        case .layer(let layer): layer
        }
    }

    public static func < (a: Cut, b: Cut) -> Bool { a.order < b.order }
}
