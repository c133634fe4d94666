import Corpus
import Files
import Foundation
import Runs

/// Several corpora as one manifest, for training from the caches of all.
///
/// Labels are taken to the pipeline's scales: `y = low + (x − a)/(b − a)·(high − low)` from `[a, b]` to `[low, high]`, without
/// cutting off. A corpus that has no column for a label is unlabelled for it. Speakers carry their corpus's name, for the same
/// name in two corpora is two people, and the column `corpus` says where an utterance is from, so that scores are there for each. Of
/// a corpus that is only tested on, every utterance is of the split `test-<name>`.
public struct JoinedCorpus: Sendable, Equatable {
    public let manifest: CorpusManifest
    public let note: CorpusNote
    /// Beside the manifest, the name of each corpus is a link to its folder, so that paths are relative as a manifest's must be.
    let links: [String: String]

    /// Reads the corpora of a pipeline that has several.
    /// - Throws: `ManifestError` of a corpus; `JoinError`; `RunError` for a `corpus.json` that cannot be understood.
    public init(_ pipeline: Pipeline, path: String) throws {
        let labels = pipeline.train.labels
        var manifests: [CorpusManifest] = []
        for corpus in pipeline.corpora { manifests.append(try CorpusManifest.load(corpus.manifest)) }
        // Beyond the labels, only what scores are grouped by: corpora share few other columns, and mean other things by them.
        let groups = pipeline.train.scoring.by.filter { group in
            group != "speaker" && group != "corpus" && manifests.contains { $0.columns.contains(group) }
        }
        let segments = CorpusManifest.segmentColumns.filter { column in
            manifests.contains { $0.columns.contains(column) }
        }
        let columns = CorpusManifest.requiredColumns + segments + labels.map(\.name) + groups + ["corpus"]
        var utterances: [Utterance] = [], owners: [String: String] = [:], synthetic = true
        for (corpus, manifest) in zip(pipeline.corpora, manifests) {
            try Self.check(manifest, of: corpus, labels: labels)
            for utterance in manifest.utterances {
                if let owner = owners.updateValue(corpus.name, forKey: utterance.id) {
                    throw JoinError.sharedIdentifier(utterance.id, owner, corpus.name)
                }
                utterances.append(Self.joined(utterance, corpus, labels: labels, kept: segments + groups))
            }
            synthetic = try CorpusNote.beside(manifest: corpus.manifest)?.synthetic == true && synthetic
        }
        manifest = CorpusManifest(path: path, columns: columns, utterances: utterances)
        links = Dictionary(
            pipeline.corpora.map { corpus in
                (corpus.name, URL(filePath: corpus.manifest).absoluteURL.deletingLastPathComponent().path)
            }, uniquingKeysWith: { first, _ in first })
        note = CorpusNote(name: pipeline.corpora.map(\.name).joined(separator: " + "), synthetic: synthetic)
    }

    /// Columns that the manifest names must be there; one that goes by the label's own name may be missing.
    private static func check(
        _ manifest: CorpusManifest, of corpus: PipelineCorpus, labels: [TrainConfiguration.Label]
    ) throws {
        let named = labels.filter {
            let column = corpus.source(of: $0).column
            return column != $0.name || manifest.columns.contains(column)
        }
        guard !named.isEmpty else { throw JoinError.unlabelled(corpus.name, labels.map(\.name), manifest.columns) }
        let columns = named.map { corpus.source(of: $0).column }
        try manifest.validateLabels(columns)
        var scales: [String: LabelScale] = [:]
        for label in named {
            let source = corpus.source(of: label)
            if let scale = source.scale ?? label.scale {
                scales[source.column] = LabelScale(minimum: scale.lowerBound, maximum: scale.upperBound)
            }
        }
        try manifest.validateLabels(scales)
    }

    private static func joined(
        _ utterance: Utterance, _ corpus: PipelineCorpus, labels: [TrainConfiguration.Label], kept: [String]
    ) -> Utterance {
        let split: Split = corpus.isTestedOnly ? .test(corpus.name) : utterance.split
        let speaker = utterance.speaker.map { "\(corpus.name)/\($0)" }
        let path = "\(corpus.name)/\(utterance.path)"
        var cells = [
            "id": utterance.id, "path": path, "split": "\(split)", "speaker": speaker ?? "",
            "corpus": corpus.name,
        ]
        for column in kept { cells[column] = utterance.cells[column] ?? "" }
        for label in labels {
            let source = corpus.source(of: label)
            guard let value = utterance.label(source.column) else { continue }
            guard let from = source.scale, let to = label.scale, from != to else {
                cells[label.name] = utterance.cells[source.column]
                continue
            }
            let share = (value - from.lowerBound) / (from.upperBound - from.lowerBound)
            let moved = to.lowerBound + share * (to.upperBound - to.lowerBound)
            // Rounding must not carry an end of the scale past it.
            cells[label.name] = "\(min(max(moved, to.lowerBound), to.upperBound))"
        }
        return Utterance(
            id: utterance.id, path: path, audioPath: utterance.audioPath, segment: utterance.segment, split: split,
            speaker: speaker, cells: cells, line: utterance.line)
    }

    /// Writes the manifest, and `corpus.json` and the links beside it.
    public func write() throws {
        let place = PathParts(manifest.path)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let note = try encoder.encode(note) + Data("\n".utf8)
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try AtomicFile.write(note, to: place.sibling("corpus.json"), makingFolders: true)
        }
        for (name, target) in links {
            let link = place.sibling(name)
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == target { continue }
            try? FileManager.default.removeItem(atPath: link)
            do {
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            } catch {
                throw RunError.cannotWrite(path: link, reason: error.localizedDescription)
            }
        }
        try manifest.write(to: manifest.path)
    }
}
