import Faults
import Runs

public enum TrainingError: Fault, Equatable {
    /// A wish that the model cannot fulfil.
    case setUp(key: String, found: String, expected: String)
    /// The embedding is to be trained, and the cache holds no rows below it.
    case noCNNCut(cache: String, cuts: [String])
    /// The cache holds no rows at a cut that the configuration's layers can be trained from.
    case noCut(cache: String, layers: Int, needed: Int, cuts: [String])
    /// A split that training cannot do without has no utterance.
    case emptySplit(corpus: String, split: String, hint: String)
    /// Nothing in the training split is labelled for a dimension.
    case unlabelled(corpus: String, dimension: String)
    case constantLabels(corpus: String, dimension: String, value: Double)
    /// Splits share speakers or recordings, and the configuration is strict about it.
    case unclean(corpus: String, problems: [String])
    /// Frozen-weights files that the cache should carry.
    case noUpperWeights(path: String)
    /// A loss or a gradient that is not finite; the state of before the step is kept.
    case notFinite(step: Int, NotFinite, state: String?)
    /// An utterance that does not fit by itself, beside what does not depend on it.
    case memory(limit: ByteCount, frameCount: Int, fixed: ByteCount, needed: ByteCount)
    /// A run's weights that cannot be used.
    case weights(path: String, detail: String)
    case occupied(path: String, detail: String)
    case otherRun(path: String, difference: String)
    /// A folder is for runs of several seeds, or for a run of one.
    case mixed(path: String, holds: String, wanted: String)
    case state(path: String, detail: String)
    /// Nil where nothing was trained yet.
    case interrupted(path: String?)

    public var kind: FaultKind {
        switch self {
        case .noCut, .noCNNCut, .emptySplit, .unlabelled, .constantLabels, .unclean, .notFinite, .state, .weights:
            .badInput
        case .noUpperWeights: .missingInput
        case .setUp, .memory, .occupied, .otherRun, .mixed: .usage
        case .interrupted: .interrupted
        }
    }

    public var description: String {
        switch self {
        case .setUp(let key, let found, let expected): "key '\(key)': found \(found); expected \(expected)"
        case .noCNNCut(let cache, let cuts):
            "\(cache): holds cut \(cuts.joined(separator: ", ")), but training the embedding needs cut cnn; cache again with "
                + "--cut cnn, or leave the embedding as it is (--set embedding=frozen)"
        case .noCut(let cache, let layers, let needed, let cuts):
            "\(cache): holds cut \(cuts.joined(separator: ", ")), but training the top \(layers) layers needs cut \(needed) "
                + "or lower; cache again with --cut \(needed), or train fewer layers (--set layers=…)"
        case .emptySplit(let corpus, let split, let hint):
            "\(corpus): no cached utterance in split '\(split)', which training needs; \(hint)"
        case .unlabelled(let corpus, let dimension):
            "\(corpus): no utterance of split 'train' is labelled for '\(dimension)'; label some, or leave it out of labels"
        case .constantLabels(let corpus, let dimension, let value):
            "\(corpus): every label of '\(dimension)' in split 'train' is \(value); a CCC needs labels that differ"
        case .unclean(let corpus, let problems):
            problems.map { "\(corpus): \($0); move them into one split, or train with strict: false" }
                .joined(separator: "\n")
        case .noUpperWeights(let path):
            "\(path): not found; it carries the weights above the cut and is written at the end of undertone-cache, so let "
                + "that finish first"
        case .notFinite(let step, let found, let state):
            "training stopped at step \(step): \(found); "
                + (state.map { "the last good state is in \($0); \(found.advice)" }
                    ?? "no state was saved before; begin anew with lower learning rates (--replace)")
        case .memory(let limit, let frameCount, let fixed, let needed):
            "memory: \(limit) is too little; the program, weights and optimiser take \(fixed), and the longest utterance, "
                + "\(frameCount) frames, must fit beside them; give \(needed) or more, or train fewer layers"
        case .weights(let path, let detail):
            "\(path): \(detail); give a run directory that undertone-train finished, or a bundle"
        case .occupied(let path, let detail):
            "\(path): \(detail); give --resume to go on with it, or another --out"
        case .otherRun(let path, let difference):
            "\(path): holds a run with another \(difference); give --replace to replace it, or another --out"
        case .mixed(let path, let holds, let wanted):
            "\(path): holds \(holds), which \(wanted) would be mixed up with; give another --out"
        case .state(let path, let detail):
            "\(path): \(detail); delete the run directory to start again"
        case .interrupted(nil): "interrupted before a step was taken; nothing is lost, and the same command goes on"
        case .interrupted(let path?):
            "interrupted; the state is in \(path), and the same command with --resume goes on"
        }
    }
}
