import Faults

/// Why a cache is damaged still.
enum RepairError: Fault {
    /// Verified, and not to be repaired.
    case damaged(directory: String, count: Int)
    /// Repaired as far as it goes.
    case stillDamaged(directory: String, count: Int)
    /// Without `cache.json` nobody knows what to compute.
    case noDescription(directory: String)
    case model(String, directory: String, reasons: [String])
    case precision(String, directory: String)
    /// The cache's own corpus cannot be read, and no other was named.
    case corpus(path: String)
    case recordings(count: Int, first: String, directory: String, manifest: String?)
    case rejects(count: Int, listedIn: String)
    /// Not known to be damaged, and not to be touched.
    case inaccessible(path: String)

    var kind: FaultKind {
        switch self {
        case .damaged, .stillDamaged, .noDescription, .model, .precision, .rejects: .badInput
        case .recordings(_, _, _, let manifest): manifest == nil ? .usage : .missingInput
        case .corpus: .usage
        case .inaccessible: .missingInput
        }
    }

    var description: String {
        switch self {
        case .damaged(let directory, let count):
            return "\(directory): damaged in \(count) place\(count == 1 ? "" : "s"); "
                + "undertone verify \(directory) --repair --corpus manifest.csv computes again what is damaged"
        case .stillDamaged(let directory, let count):
            return "\(directory): still damaged in \(count) place\(count == 1 ? "" : "s"); "
                + "delete the files named and run undertone-cache again with the cache's arguments"
        case .noDescription(let directory):
            return "\(directory): nothing was repaired: without cache.json nobody knows what the cache shall be; "
                + "run undertone-cache again with its arguments, then verify again"
        case .model(let model, let directory, let reasons):
            return "\(model): gives other features than those in \(directory) (\(reasons.joined(separator: "; "))); "
                + "expected the model that the cache was made with, name it with --model"
        case .precision(let compute, let directory):
            return "\(directory)/cache.json: computed in '\(compute)', which this version does not know; "
                + "make the cache again"
        case .corpus(let path):
            return "\(path): cannot be read, so --corpus is needed: the manifest that the cache was made from"
        case .recordings(let count, let first, let directory, nil):
            return "--corpus is needed: \(count) utterance\(count == 1 ? " has" : "s have") to be computed again, and "
                + "the recordings are not in \(directory) (first: \(first)); name the manifest that the cache was made "
                + "from"
        case .recordings(let count, let first, _, let manifest?):
            return "\(first): no such file, which \(manifest) should lead to; \(count) "
                + "recording\(count == 1 ? " is" : "s are") needed and not there. Nothing was changed"
        case .rejects(let count, let list):
            return "\(count) damaged utterance\(count == 1 ? "" : "s") could not be computed again, for the recordings "
                + "cannot be used any more; \(list) lists them"
        case .inaccessible(let path):
            return "\(path): cannot be opened, which need not mean that it is damaged; nothing was repaired. "
                + "See to it that it can be read, then verify again"
        }
    }
}
