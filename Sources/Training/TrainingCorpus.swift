import Corpus
import Crypto
import Files
import Foundation
import Runs

/// The utterances of a cache with their labels, by split.
public struct TrainingCorpus: Sendable {
    public struct Example: Sendable {
        public let id: String
        public let speaker: String?
        public let features: FeatureUtterance
        /// By dimension, in the labels' own scale; nil where unlabelled.
        public let labels: [Double?]
        /// The filled cells of the columns that scores are grouped by, `speaker` not counted.
        public let metadata: [String: String]

        public var frameCount: Int { features.frameCount }

        /// The same of its first rows alone; as it is where it has no more.
        func first(_ rows: Int) -> Example {
            guard rows < frameCount else { return self }
            return Example(
                id: id, speaker: speaker,
                features: FeatureUtterance(frameCount: rows, audioSHA256: features.audioSHA256), labels: labels,
                metadata: metadata)
        }
    }

    public let dimensions: [String]
    /// The manifest's columns that scores are grouped by, `speaker` not counted.
    public let groupColumns: [String]
    public let splits: [Split: [Example]]
    /// Utterances of the manifest that there are no features of, by their ids: rejected recordings, or rows that are newer than the cache.
    public let missing: [Split: [String]]

    /// Whether a manifest has labels as training asks for them, which needs no features.
    /// - Throws: `ManifestError` for labels or columns that are not there, labels that are not numbers and labels off their scale.
    public static func check(
        _ manifest: CorpusManifest, labels: [TrainConfiguration.Label], groups: [String]
    ) throws(ManifestError) {
        try manifest.validateLabels(labels.map(\.name))
        try manifest.validateGroups(groups)
        var scales: [String: LabelScale] = [:]
        for label in labels {
            if let range = label.scale {
                scales[label.name] = LabelScale(minimum: range.lowerBound, maximum: range.upperBound)
            }
        }
        try manifest.validateLabels(scales)
    }

    /// - Parameters:
    ///   - features: say which utterances there are rows of.
    ///   - manifest: the cache's own `corpus.csv`, or a newer one.
    ///   - labels: columns of the manifest, in the order of `dimensions`, each with the scale that its cells must keep to, if any.
    ///   - groups: columns that scores are grouped by.
    /// - Throws: `ManifestError` as `check`, `TrainingError` when a split has nothing to offer.
    public init(
        features: any FeatureSource, manifest: CorpusManifest, labels: [TrainConfiguration.Label], groups: [String] = []
    ) throws {
        try Self.check(manifest, labels: labels, groups: groups)
        let dimensions = labels.map(\.name), groupColumns = groups.filter { $0 != "speaker" }
        var splits: [Split: [Example]] = [:]
        var missing: [Split: [String]] = [:]
        for utterance in manifest.utterances {
            guard let found = features.utterance(utterance.id) else {
                missing[utterance.split, default: []].append(utterance.id)
                continue
            }
            splits[utterance.split, default: []].append(
                Example(
                    id: utterance.id, speaker: utterance.speaker, features: found,
                    labels: dimensions.map(utterance.label),
                    metadata: utterance.cells.filter { groupColumns.contains($0.key) && !$0.value.isEmpty }))
        }
        self.dimensions = dimensions
        self.groupColumns = groupColumns
        self.splits = splits
        self.missing = missing
        let hint =
            missing.isEmpty
            ? "add rows with that split to the manifest"
            : "\(missing.values.reduce(0) { $0 + $1.count }) rows of the manifest \(features.missingAdvice)"
        for split in [Split.train, .development] where splits[split, default: []].isEmpty {
            throw TrainingError.emptySplit(corpus: manifest.path, split: "\(split)", hint: hint)
        }
        for (index, dimension) in dimensions.enumerated() {
            let values = splits[.train, default: []].compactMap { $0.labels[index] }
            guard let first = values.first else {
                throw TrainingError.unlabelled(corpus: manifest.path, dimension: dimension)
            }
            guard values.contains(where: { $0 != first }) else {
                throw TrainingError.constantLabels(corpus: manifest.path, dimension: dimension, value: first)
            }
        }
    }

    public var train: [Example] { splits[.train, default: []] }
    public var development: [Example] { splits[.development, default: []] }

    /// What is left out, in words: how much of which split, and its first; nil where nothing is.
    /// - Parameter advice: `FeatureSource.missingAdvice`.
    func missingLine(_ advice: String) -> String? {
        guard !missing.isEmpty else { return nil }
        let splits = missing.sorted { $0.key < $1.key }.map { split, ids in
            let more = ids.count > Self.exampleCount ? ", …" : ""
            return "\(ids.count) of \(split) (\(ids.prefix(Self.exampleCount).joined(separator: ", "))\(more))"
        }
        return "rows of the manifest \(advice); left out: \(splits.joined(separator: ", "))"
    }

    /// How many ids are named of a split; the rest are counted.
    private static let exampleCount = 5

    /// Frames, over all splits.
    var longestUtterance: Int { splits.values.joined().map(\.frameCount).max() ?? 1 }

    /// Every split with an utterance, in the splits' order.
    public var splitNames: [Split] { splits.keys.sorted() }

    /// SHA-256 over every utterance's id, split, audio, labels, speaker and groups, in the splits' order: what a run depends on
    /// beside the cache's key and the configuration.
    public func sha256() -> String {
        var hash = SHA256()
        hash.update(data: Data(dimensions.joined(separator: ",").utf8))
        for split in splitNames {
            for example in splits[split, default: []] {
                let labels = example.labels.map { $0.map { "\($0)" } ?? "" }.joined(separator: ",")
                hash.update(
                    data: Data("\n\(split)\t\(example.id)\t\(example.features.audioSHA256)\t\(labels)".utf8))
                let groups = [example.speaker ?? ""] + groupColumns.map { example.metadata[$0] ?? "" }
                hash.update(data: Data("\t\(groups.joined(separator: "\t"))".utf8))
            }
        }
        return hash.finalize().hexadecimal
    }

    /// What the splits share that they should not.
    public func hygiene() -> SplitHygiene {
        SplitHygiene(
            splitNames.flatMap { split in
                splits[split, default: []].map { example in
                    SplitHygiene.Member(
                        id: example.id, split: split, speaker: example.speaker,
                        audioSHA256: example.features.audioSHA256)
                }
            })
    }

    /// Mean and standard deviation of each dimension's training labels: heads learn standardised labels, so that their outputs
    /// start at the right place and size. CCC is the same on either side of a common affine map.
    public func labelStatistics() -> [LabelStatistics] {
        dimensions.indices.map { index in
            let values = train.compactMap { $0.labels[index] }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            return LabelStatistics(mean: mean, deviation: variance.squareRoot())
        }
    }
}

/// The affine map between a dimension's own scale and what its head predicts.
public struct LabelStatistics: Sendable, Equatable, Codable {
    public let mean: Double
    public let deviation: Double

    public init(mean: Double, deviation: Double) {
        self.mean = mean
        self.deviation = deviation
    }

    public func standardised(_ label: Double) -> Double { (label - mean) / deviation }
    public func restored(_ prediction: Float) -> Double { mean + deviation * Double(prediction) }
}
