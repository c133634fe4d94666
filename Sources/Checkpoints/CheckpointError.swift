import Faults
import Files

/// Why a model could not be read, or a tensor file not written.
public enum CheckpointError: Fault, Equatable {
    /// The model argument is neither a folder nor a known random model.
    case specification(text: String, reason: String)
    case missingDirectory(path: String)
    /// No folder, and of that name nothing in the Hugging Face cache.
    case notFetched(HubName, cache: String)
    case missingFile(directory: String, lookedFor: [String], found: [String])
    case unreadable(path: String, reason: String)
    /// The file as a whole is not what its name says.
    case malformed(path: String, reason: String)
    /// A pickle names something other than tensors and plain containers. Nothing of it was executed.
    case refusedGlobal(path: String, name: String)
    /// One tensor is wrong.
    case tensor(path: String, name: String, reason: String)
    case missingTensor(path: String, name: String, hint: String)
    case shape(path: String, name: String, found: [Int], expected: [Int])
    /// Tensors that a model is made of are missing or of another shape: all of them.
    case incomplete(path: String, comparison: TensorComparison)
    /// One key of a configuration file is missing or of another type.
    case configuration(path: String, key: String, found: String, expected: String)
    case cannotWrite(path: String, reason: String)

    public var kind: FaultKind {
        switch self {
        case .specification: .usage
        case .missingDirectory, .notFetched, .missingFile, .unreadable: .missingInput
        case .malformed, .refusedGlobal, .tensor, .missingTensor, .shape, .incomplete, .configuration: .badInput
        case .cannotWrite: .cannotWrite
        }
    }

    public var description: String {
        switch self {
        case .specification(let text, let reason):
            return "model '\(text)': \(reason)"
        case .missingDirectory(let path):
            return "\(path): no such folder; expected a model in Hugging Face layout (config.json and its weights)"
        case .notFetched(let name, let cache):
            let options = name.revision.map { " --revision \($0)" } ?? ""
            return
                "\(name): no such folder, and no model of that name in the Hugging Face cache (\(cache)); expected a "
                + "folder with config.json and weights. If it is a model of the hub: undertone model fetch "
                + "\(name.repository)\(options) --to models/\(name.model), then give models/\(name.model)"
        case .missingFile(let directory, let lookedFor, let found):
            let listed = found.isEmpty ? "the folder is empty" : "the folder holds \(abbreviated(found))"
            return "\(directory): no \(lookedFor.joined(separator: ", no ")); \(listed)"
        case .unreadable(let path, let reason):
            return "\(path): cannot be read: \(reason)"
        case .malformed(let path, let reason):
            return "\(path): \(reason)"
        case .refusedGlobal(let path, let name):
            return
                "\(path): the pickle asks for \(name), which no tensor needs; nothing was executed"
        case .tensor(let path, let name, let reason):
            return "\(path): tensor \(printable(name)): \(reason)"
        case .missingTensor(let path, let name, let hint):
            return "\(path): no tensor \(printable(name))\(hint.isEmpty ? "" : "; \(hint)")"
        case .shape(let path, let name, let found, let expected):
            return "\(path): tensor \(printable(name)): shape \(found), expected \(expected)"
        case .incomplete(let path, let comparison):
            return "\(path): \(comparison.complaint)"
        case .configuration(let path, let key, let found, let expected):
            return "\(path): \(key) is \(found); expected \(expected)"
        case .cannotWrite(let path, let reason):
            return "\(path): cannot be written: \(reason)"
        }
    }
}

extension CheckpointError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, reason: failure.reason) }
}
