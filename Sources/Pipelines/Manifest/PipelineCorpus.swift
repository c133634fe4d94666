import Files
import Runs

/// One corpus of a pipeline.
public struct PipelineCorpus: Sendable, Equatable {
    /// Where one of the pipeline's labels is found in this corpus, and on which scale it was rated.
    public struct Source: Sendable, Equatable {
        public var column: String
        /// Nil: as the pipeline's label.
        public var scale: ClosedRange<Double>?

        public init(column: String, scale: ClosedRange<Double>? = nil) {
            self.column = column
            self.scale = scale
        }
    }

    /// Empty for a pipeline's only corpus.
    public var name: String
    /// Its manifest's path as Make sees it, that is, from the folder that Make runs in.
    public var manifest: String
    /// By the pipeline's label; one that is not named is found under its own name. Empty for a pipeline's only corpus.
    public var sources: [String: Source] = [:]
    /// Whether it takes no part in training: all of it is the split `test-<name>`.
    public var isTestedOnly = false

    public init(name: String = "", manifest: String) {
        self.name = name
        self.manifest = manifest
    }

    /// Where a label is found.
    public func source(of label: TrainConfiguration.Label) -> Source {
        sources[label.name] ?? Source(column: label.name)
    }
}

extension PipelineCorpus {
    static let keys = ["manifest", "scale", "labels"]
    static let sourceKeys = ["column", "scale"]

    fileprivate init(
        _ mapping: StrictMapping, name: String, labels: [TrainConfiguration.Label]
    ) throws(ConfigurationError) {
        try mapping.allowOnly(Self.keys)
        self.init(
            name: name,
            manifest: try Pipeline.required("manifest", in: mapping, hint: "its CSV, e.g. data/x/manifest.csv"))
        let scale = try TrainConfiguration.scale(in: mapping)
        for label in labels { sources[label.name] = Source(column: label.name, scale: scale) }
        guard let entries = try mapping.mapping("labels") else { return }
        try entries.allowOnly(labels.map(\.name))
        for label in entries.keys {
            guard entries.isMapping(label), let entry = try entries.mapping(label) else {
                if let column = try entries.string(label) { sources[label] = Source(column: column, scale: scale) }
                continue
            }
            try entry.allowOnly(Self.sourceKeys)
            sources[label] = Source(
                column: try entry.string("column") ?? label, scale: try TrainConfiguration.scale(in: entry) ?? scale)
        }
    }
}

extension Pipeline {
    /// `corpus`, or `corpora` with `test_on`.
    static func corpora(
        in top: StrictMapping, labels: [TrainConfiguration.Label], replacement: String?
    ) throws(ConfigurationError) -> [PipelineCorpus] {
        let corpora = try ownCorpora(in: top, labels: labels)
        if let replacement { return [PipelineCorpus(manifest: replacement)] }
        guard !corpora.isEmpty else {
            throw ConfigurationError(
                source: top.source,
                problem: "no 'corpus'; name the manifest here, or give CORPUS=path/to/manifest.csv to make")
        }
        return corpora
    }

    private static func ownCorpora(
        in top: StrictMapping, labels: [TrainConfiguration.Label]
    ) throws(ConfigurationError) -> [PipelineCorpus] {
        guard let entries = try top.mapping("corpora") else {
            if top.contains("test_on") {
                throw top.error(at: "test_on", "there is only one corpus; name several under 'corpora'")
            }
            return try top.string("corpus").map { [PipelineCorpus(manifest: $0)] } ?? []
        }
        if top.contains("corpus") { throw top.error(at: "corpus", "'corpora' is given too; give one of the two") }
        var corpora: [PipelineCorpus] = []
        for name in entries.keys {
            guard name.first?.isLetter == true, isPlainWord(name), !name.contains("."), name.count <= 64 else {
                throw entries.error(
                    at: name,
                    "expected a name of at most 64 letters, digits, '-' and '_' that begins with a letter")
            }
            if let mapping = try entries.mapping(name) {
                corpora.append(try PipelineCorpus(mapping, name: name, labels: labels))
            }
        }
        guard corpora.count > 1 else {
            throw top.error(at: "corpora", "names \(corpora.count); a single corpus is given as corpus: manifest.csv")
        }
        try markTested(&corpora, in: top)
        try checkScales(of: corpora, labels: labels, in: entries)
        return corpora
    }

    private static func markTested(_ corpora: inout [PipelineCorpus], in top: StrictMapping) throws(ConfigurationError)
    {
        for name in try top.strings("test_on") ?? [] {
            guard let index = corpora.firstIndex(where: { $0.name == name }) else {
                let hint = nearestName(to: name, among: corpora.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
                throw top.error(
                    at: "test_on",
                    "'\(name)' is none of the corpora \(corpora.map(\.name).joined(separator: ", "))\(hint)")
            }
            if corpora[index].isTestedOnly { throw top.error(at: "test_on", "'\(name)' is listed twice") }
            corpora[index].isTestedOnly = true
        }
        if corpora.allSatisfy(\.isTestedOnly) {
            throw top.error(at: "test_on", "names every corpus; leave out at least one to train on")
        }
    }

    /// Labels of one scale can only be taken to another if both are known.
    private static func checkScales(
        of corpora: [PipelineCorpus], labels: [TrainConfiguration.Label], in entries: StrictMapping
    ) throws(ConfigurationError) {
        for corpus in corpora {
            for label in labels where label.scale == nil && corpus.source(of: label).scale != nil {
                throw entries.error(
                    at: corpus.name,
                    "'\(label.name)' has a scale here but none to be taken to; give it one at the top, e.g. labels: "
                        + "[{name: \(label.name), scale: [0, 1]}]")
            }
        }
    }
}
