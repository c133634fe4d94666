import Faults

/// What can go wrong between a run and its predictions.
public enum PredictionError: Fault, Equatable {
    /// The checkpoint that a run was cached from is not where it was.
    case noModel(run: String, source: String, reason: String)
    /// A checkpoint is not the one that a run goes together with; `part` says which of its weights.
    case otherModel(model: String, run: String, source: String, part: String, found: String, expected: String)
    case otherArchitecture(model: String, run: String, found: String, expected: String)
    /// A file that is no bundle.
    case bundle(path: String, reason: String)
    /// A recording whose hidden states the cache could not have stored.
    case unstorable(recording: String, storage: String)
    /// An input that is neither a recording nor a folder of recordings nor a manifest.
    case noRecordings(path: String)

    public var kind: FaultKind {
        switch self {
        case .noModel: .missingInput
        case .otherModel, .otherArchitecture, .bundle, .unstorable, .noRecordings: .badInput
        }
    }

    public var description: String {
        switch self {
        case .noModel(let run, let source, let reason):
            "\(run): was trained on \(source), which cannot be opened (\(reason)); give that model's folder with --model"
        case .otherModel(let model, let run, let source, let part, let found, let expected):
            "\(model): another model than that of \(run): \(part) hash to \(found.prefix(12))…, expected "
                + "\(expected.prefix(12))…; give the folder of \(source) with --model"
        case .otherArchitecture(let model, let run, let found, let expected):
            "\(model): another architecture than that of \(run): found \(found); expected \(expected); give the folder of "
                + "the model that the run's features were cached from with --model"
        case .bundle(let path, let reason):
            "\(path): \(reason); expected a bundle, make one with undertone export --format bundle"
        case .unstorable(let recording, let storage):
            "\(recording): its hidden states are not finite or leave the range of \(storage), in which the run's were stored; "
                + "look at the recording"
        case .noRecordings(let path):
            "\(path): holds no recording with a known ending (\(RecordingList.endings.joined(separator: ", "))); give "
                + "recordings, a folder of them, a manifest.csv, or - for standard input"
        }
    }
}
