import Faults

/// Why corpora cannot be made one.
public enum JoinError: Fault, Equatable {
    case sharedIdentifier(String, String, String)
    case unlabelled(String, [String], [String])
    case oneCorpus(String)

    public var kind: FaultKind {
        switch self {
        case .sharedIdentifier, .unlabelled: .badInput
        case .oneCorpus: .usage
        }
    }

    public var description: String {
        switch self {
        case .sharedIdentifier(let id, let one, let other):
            "utterance '\(printable(id))' is in corpus '\(one)' and in '\(other)'; ids must tell utterances of all corpora "
                + "apart, rename those of one"
        case .unlabelled(let corpus, let labels, let columns):
            "corpus '\(corpus)' has no column for any of \(labels.joined(separator: ", ")); its columns are "
                + "\(columns.joined(separator: ", ")); say which is which, e.g. labels: {\(labels[0]): \(columns.last ?? "…")}"
        case .oneCorpus(let path):
            "\(path): the pipeline has one corpus, there is nothing to join"
        }
    }
}
