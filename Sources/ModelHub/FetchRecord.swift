import Checkpoints
import Files
import Foundation

/// Which files of a folder fetches of one repository have put there: those that `source.json` lists and, until a fetch is done, those of
/// `source.json.fetching`.
///
/// A mirror's listing may have no hashes: then this alone tells what need not come again.
struct FetchRecord {
    private struct Entry: Codable {
        /// Of the repository; what a file is at another commit, this does not tell.
        var commit: String
        var sha256: String
    }

    /// `source.json.fetching`.
    private struct Sidecar: Codable {
        var repository: String
        /// By name.
        var files: [String: Entry]
    }

    private let path: String
    private let completed: [String: Entry]
    private var begun: Sidecar

    /// - Parameters:
    ///   - repository: whose files are meant; what is recorded of others counts for nothing.
    ///   - directory: where they are to be.
    ///   - provenance: its `source.json`, if it has one.
    init(of repository: String, in directory: String, _ provenance: ModelProvenance?) {
        path = "\(directory)/\(ModelProvenance.fileName).fetching"
        let files = provenance?.repository == repository ? provenance?.files ?? [] : []
        let commit = provenance?.commit ?? ""
        completed = Dictionary(files.map { ($0.name, Entry(commit: commit, sha256: $0.sha256)) }) { _, last in last }
        let sidecar = FileManager.default.contents(atPath: path).flatMap {
            try? JSONDecoder().decode(Sidecar.self, from: $0)
        }
        begun = Sidecar(repository: repository, files: [:])
        if let sidecar, sidecar.repository == repository { begun = sidecar }
    }

    /// Whether a fetch has put a file of that name there.
    func has(_ name: String) -> Bool { completed[name] != nil || begun.files[name] != nil }

    /// Whether what is there is what a fetch has verified at that commit.
    func holds(_ name: String, _ digests: FileDigests, at commit: String) -> Bool {
        [completed[name], begun.files[name]].contains { $0?.commit == commit && $0?.sha256 == digests.sha256 }
    }

    /// Writes down what a file will be. Before it gets its name, so that no file of a fetch is ever there without.
    mutating func add(_ name: String, _ digests: FileDigests, at commit: String) throws(HubError) {
        begun.files[name] = Entry(commit: commit, sha256: digests.sha256)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(begun) else { preconditionFailure("text can be encoded") }
        try writing(as: HubError.self) { () throws(WriteFailure) in
            try AtomicFile.write(data + Data("\n".utf8), to: path)
        }
    }

    /// Once `source.json` says all of it.
    func remove() { unlink(path) }
}
