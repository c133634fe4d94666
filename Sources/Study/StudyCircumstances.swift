import Files
import Runs

/// What a reader of the table must know of how it came about: the corpus, the weights, the machine.
public struct StudyCircumstances: Sendable, Equatable, Encodable {
    public let model: String
    /// Where the model's folder came from, e.g. `facebook/wav2vec2-base at commit 0b5b8e8`; nil where nobody knows.
    public let weights: String?
    /// Seeded random weights, that nobody pretrained.
    public let isRandom: Bool
    public let corpus: CorpusNote?
    /// One for all: runs over another corpus are no part of a table.
    public let corpusSHA256: String
    public let devices: [String]
    public let threads: [Int]
    public let versions: [String]
    public let seeds: [UInt64]
    public let epochs: Int
    /// What makes times or scores of different rows hard to compare, a line each.
    public let warnings: [String]

    init(_ runs: [StudyRuns.Member], weights: String?) {
        self.weights = weights
        let results = runs.map(\.result)
        model = results[0].model
        isRandom = model.hasPrefix("random:")
        corpus = results.compactMap(\.corpus).first
        corpusSHA256 = results[0].corpusSHA256
        devices = Set(results.map(\.device)).sorted()
        threads = Set(results.map(\.threads)).sorted()
        versions = Set(results.flatMap { $0.versions.map { "\($0.key) \($0.value)" } }).sorted()
        seeds = Set(results.map(\.seed)).sorted()
        epochs = runs[0].configuration.epochs
        var warnings: [String] = []
        func warn(_ what: String, _ found: [String]) {
            if found.count > 1 {
                warnings.append("runs differ in their \(what) (\(found.joined(separator: ", "))): compare no times")
            }
        }
        warn("processor", devices)
        warn("number of threads", threads.map(String.init))
        warn("versions", Set(results.map { "undertone \($0.versions["undertone"] ?? "?")" }).sorted())
        // Where paths are withheld, the last component of a folder's stands for it.
        let named = Set(results.map(\.model))
        let models = named.filter { name in !named.contains { $0 != name && PathParts($0).name == name } }.sorted()
        if models.count > 1 { warnings.append("runs differ in their model (\(models.joined(separator: ", ")))") }
        self.warnings = warnings
    }

    /// What the numbers say, and what they do not, a line each.
    public var statements: [String] {
        var lines: [String] = []
        let name = "\(corpus?.name ?? "unnamed") (SHA-256 \(corpusSHA256.prefix(12)))"
        if corpus?.synthetic == true {
            lines.append("Corpus: \(name), synthetic speech. Its scores say nothing about people.")
        } else {
            lines.append("Corpus: \(name).")
        }
        lines.append(
            isRandom
                ? "Weights: random (\(model)), pretrained by nobody. The scores are no reproduction of the paper's, and do not tell "
                    + "which set-up is the better one with pretrained weights. Times, memory and counts of parameters do not "
                    + "depend on what the weights are."
                : "Weights: \(model)\(weights.map { " (\($0))" } ?? ""). Scores compare with the paper's only on its corpus, its release and splits, from its weights."
        )
        lines.append(
            "All set-ups have the same batches, seeds, schedule and evaluation; the convolutional feature encoder is frozen in all. "
                + "\(seeds.count == 1 ? "1 seed" : "\(seeds.count) seeds"), \(epochs == 1 ? "1 epoch" : "\(epochs) epochs"); every "
                + "run in a process of its own, one at a time.")
        lines.append(
            "Times: \(devices.joined(separator: ", ")), "
                + "\(threads.map(String.init).joined(separator: ", ")) thread\(threads == [1] ? "" : "s"). Medians over the epochs "
                + "of all seeds\(epochs > 1 ? ", each run's first left out" : "").")
        return lines
    }
}
