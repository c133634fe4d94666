import Files
import Foundation

/// Where a model's folder came from: what `undertone model fetch` leaves beside the model, in `source.json`.
public struct ModelProvenance: Sendable, Equatable, Codable {
    public static let fileName = "source.json"

    public struct File: Sendable, Equatable, Codable {
        public var name: String
        public var bytes: Int
        /// Hexadecimal, of the whole file.
        public var sha256: String

        public init(name: String, bytes: Int, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// `facebook/wav2vec2-base`
    public var repository: String
    /// The branch, tag or commit that was asked for.
    public var revision: String
    /// What that was when it was fetched.
    public var commit: String
    /// The hub's address.
    public var endpoint: String
    /// As the model's page tags it, such as `apache-2.0`; nil if it does not.
    public var licence: String?
    public var files: [File]

    public init(
        repository: String, revision: String, commit: String, endpoint: String, licence: String?, files: [File]
    ) {
        self.repository = repository
        self.revision = revision
        self.commit = commit
        self.endpoint = endpoint
        self.licence = licence
        self.files = files
    }

    /// Nil where there is none, or none that can be read: a model works without.
    public static func read(directory: String) -> ModelProvenance? {
        FileManager.default.contents(atPath: "\(directory)/\(fileName)").flatMap {
            try? JSONDecoder().decode(ModelProvenance.self, from: $0)
        }
    }

    /// - Throws: `CheckpointError.cannotWrite`.
    public func write(directory: String) throws(CheckpointError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("text and integers can be encoded") }
        try writing(as: CheckpointError.self) { () throws(WriteFailure) in
            try AtomicFile.write(data + Data("\n".utf8), to: "\(directory)/\(ModelProvenance.fileName)")
        }
    }
}

/// A model's `README.md`, as far as it says something to programs: the YAML between its first two lines of `---`.
enum ModelCard {
    /// The value of `license:`, nil if there is none on a line of its own.
    static func licence(_ text: String) -> String? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else { return nil }
        guard let line = lines[1..<end].first(where: { $0.hasPrefix("license:") }) else { return nil }
        let value = line.dropFirst("license:".count).trimmingCharacters(in: .whitespaces)
        let bare = value.trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
        return bare.isEmpty ? nil : bare
    }
}

extension Checkpoint {
    /// The licence that a model's folder says it has: its card in `README.md`, else what was noted when it was fetched.
    public static func licence(ofFolder directory: String) -> String? {
        let card = FileManager.default.contents(atPath: "\(directory)/README.md").flatMap {
            ModelCard.licence(String(decoding: $0, as: UTF8.self))
        }
        return card ?? ModelProvenance.read(directory: directory)?.licence
    }
}
