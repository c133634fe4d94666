import Faults

/// Why a pipeline that reads well can still not be planned.
public enum PlanError: Fault, Equatable {
    /// A path that Make would take for several words, a pattern or a variable.
    case unmakeablePath(what: String, path: String, character: Character)
    /// A model that is neither `random:…` nor a folder.
    case missingModel(String)
    /// Two points of a sweep whose settings have the same hash.
    case sharedIdentifier(String)
    /// A study that is to train all of the model's layers and more, and call it partial.
    case tooManyLayers(Int, of: Int, model: String)

    public var kind: FaultKind {
        switch self {
        case .unmakeablePath, .sharedIdentifier, .tooManyLayers: .usage
        case .missingModel: .missingInput
        }
    }

    public var description: String {
        switch self {
        case .unmakeablePath(let what, let path, let character):
            "\(what) '\(path)': Make cannot handle the character '\(character)' in a path; "
                + "move or rename it, or make a link without it"
        case .missingModel(let path):
            "model '\(path)': no such folder with a config.json; "
                + "give a folder in Hugging Face layout, the name of a model that Hugging Face's tools have fetched, or e.g. "
                + "random:wav2vec2-base?seed=0"
        case .sharedIdentifier(let id):
            "two trials of the sweep have the same name, \(id), by chance; change any value of the sweep a little"
        case .tooManyLayers(let layers, let count, let model):
            "the study's 'layers' has \(layers), but \(model) has \(count) layers; expected 1 to \(count - 1), full finetuning being "
                + "a set-up of its own"
        }
    }
}
