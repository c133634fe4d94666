import Faults

/// Why two runs' predictions cannot be compared.
public enum ComparisonError: Fault, Equatable {
    case noCommonUtterance(first: String, second: String)
    case noCommonDimension(first: String, second: String, firstHas: [String], secondHas: [String])
    /// An utterance is there twice in one file.
    case repeated(path: String, id: String)
    /// An utterance has another truth there: the two runs learnt other labels.
    case truth(id: String, dimension: String, first: String, firstTruth: Double?, second: String, secondTruth: Double?)

    public var kind: FaultKind { .badInput }

    public var description: String {
        switch self {
        case .noCommonUtterance(let first, let second):
            "\(first) and \(second): no utterance is in both; compare runs over the same corpus and split"
        case .noCommonDimension(let first, let second, let firstHas, let secondHas):
            "\(first) and \(second): no dimension is in both: \(firstHas.joined(separator: ", ")) there, "
                + "\(secondHas.joined(separator: ", ")) here; compare runs that learnt the same labels"
        case .repeated(let path, let id):
            "\(path): '\(printable(id))' is there twice; expected every utterance once"
        case .truth(let id, let dimension, let first, let firstTruth, let second, let secondTruth):
            "\(first) and \(second): the true \(dimension) of '\(printable(id))' is \(Self.text(firstTruth)) there and "
                + "\(Self.text(secondTruth)) here; compare runs over the same labels"
        }
    }

    private static func text(_ truth: Double?) -> String { truth.map { "\($0)" } ?? "not given" }
}
