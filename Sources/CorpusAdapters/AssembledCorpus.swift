import Corpus
import Faults
import Files
import Foundation

/// A draft that has been held against the disk: the manifest, and what there is to say about it.
public struct AssembledCorpus: Sendable {
    /// Without the lines that have faults.
    public let manifest: CorpusManifest
    public let report: CorpusReport
    /// In the order of the label files.
    public let faults: [CorpusFinding]

    /// - Parameters:
    ///   - draft: what the adapter read.
    ///   - adapter: that read it, for its name and its source.
    ///   - manifestPath: where the manifest is to be written, which its paths are relative to.
    ///   - checksAudio: whether every file's header is read, and files of one size are compared.
    ///   - onProgress: so many utterances more are checked; from several threads.
    /// - Throws: `AdapterError.outside` if the audio is not below the manifest's folder.
    public init(
        _ draft: CorpusDraft, of adapter: some CorpusAdapter, manifestPath: String, checksAudio: Bool = false,
        onProgress: @Sendable (Int) -> Void = { _ in }
    ) throws(AdapterError) {
        var sieve = RowSieve(draft.faults)
        let present = sieve.sift(draft.rows)
        let check = checksAudio ? AudioCheck(present, onProgress: onProgress) : nil
        for (index, error) in check?.errors ?? [:] {
            sieve.reject(.audio, present[index].origin, "\(error)")
        }
        let usable = present.indices.filter { check?.errors[$0] == nil }
        let rows = usable.map { present[$0] }
        manifest = try AssembledCorpus.manifest(rows, draft, path: manifestPath, source: adapter.source)
        faults = sieve.faultsInOrder
        report = CorpusReport(
            adapter: type(of: adapter).name, source: adapter.source, manifest: manifest, draft: draft,
            origins: rows.map(\.origin), faults: faults,
            seconds: check.map { check in usable.map { check.seconds[$0] } },
            contentHashes: check?.contentHashes ?? [:])
    }

    /// Writes the manifest, whole or not at all. One that is there and says the same is left as it is.
    ///
    /// - Parameters:
    ///   - skipsFaults: whether lines with faults are left out rather than refused.
    ///   - replaces: whether another manifest of that name may go.
    /// - Throws: `AdapterError.faults`, `.noRows`, `.exists`, `.cannotWrite`.
    public func write(skipsFaults: Bool, replaces: Bool) throws(AdapterError) {
        guard faults.isEmpty || skipsFaults else { throw .faults(faults, source: report.source) }
        guard !manifest.utterances.isEmpty else { throw .noRows(path: report.source) }
        let text = manifest.csvText()
        if let present = FileManager.default.contents(atPath: manifest.path) {
            if present == Data(text.utf8) { return }
            guard replaces else { throw .exists(path: manifest.path) }
        }
        try writing(as: AdapterError.self) { () throws(WriteFailure) in
            try AtomicFile.write(text, to: manifest.path, makingFolders: true)
        }
    }

    private static func manifest(
        _ rows: [DraftRow], _ draft: CorpusDraft, path: String, source: String
    ) throws(AdapterError) -> CorpusManifest {
        let hasSegments = rows.contains { $0.span.segment != nil }
        let columns =
            CorpusManifest.requiredColumns + (hasSegments ? CorpusManifest.segmentColumns : [])
            + draft.labels.map(\.name)
            + draft.others
        let folder = absolute(PathParts(path).folder)
        var utterances: [Utterance] = []
        for (index, row) in rows.enumerated() {
            let audio = absolute(row.span.path)
            guard let relative = below(folder, audio) else {
                throw .outside(audio: row.span.path, manifest: path, source: source)
            }
            var cells = row.cells.filter { columns.contains($0.key) }
            cells["id"] = row.id
            cells["path"] = relative
            cells["split"] = row.split.description
            cells["speaker"] = row.speaker ?? ""
            if hasSegments {
                cells["start"] = row.span.segment.map { plain($0.startSeconds) } ?? ""
                cells["end"] = row.span.segment?.endSeconds.map(plain) ?? ""
            }
            utterances.append(
                Utterance(
                    id: row.id, path: relative, audioPath: audio, segment: row.span.segment, split: row.split,
                    speaker: row.speaker, cells: cells, line: index + 2))
        }
        return CorpusManifest(path: path, columns: columns, utterances: utterances)
    }
}

/// From the file system's root, `.` and `..` taken out by their letters: links are not followed, for a corpus may well be one.
private func absolute(_ path: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    var components: [Substring] = []
    for component in whole.split(separator: "/") where component != "." {
        if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    return "/" + components.joined(separator: "/")
}

/// What follows the folder in the path; nil if the path is not below it.
private func below(_ folder: String, _ path: String) -> String? {
    if folder == "/" { return String(path.dropFirst()) }
    return path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : nil
}
