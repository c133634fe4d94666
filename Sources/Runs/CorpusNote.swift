import Files
import Foundation

/// What a reader of a score must know about the corpus: above all whether it is real speech.
///
/// A corpus says it in a `corpus.json` beside its manifest; a corpus without one is taken for real and undescribed.
public struct CorpusNote: Sendable, Equatable, Codable {
    public var name: String?
    /// Spoken by a synthesiser, so that scores say nothing about people.
    public var synthetic: Bool
    public var description: String?

    public init(name: String? = nil, synthetic: Bool = false, description: String? = nil) {
        self.name = name
        self.synthetic = synthetic
        self.description = description
    }

    enum CodingKeys: String, CodingKey { case name, synthetic, description }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decodeIfPresent(String.self, forKey: .name)
        synthetic = try values.decodeIfPresent(Bool.self, forKey: .synthetic) ?? false
        description = try values.decodeIfPresent(String.self, forKey: .description)
    }

    /// Reads `corpus.json` beside `manifest`, nil where there is none.
    /// - Throws: `RunError.malformed` where there is one that cannot be understood: a corpus must not lose its
    ///   "synthetic" by a typo.
    public static func beside(manifest: String) throws(RunError) -> CorpusNote? {
        let path = PathParts(manifest).sibling("corpus.json")
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let bytes = try readFile(path, advice: "it was there a moment ago")
        return try decodeJSON(CorpusNote.self, from: bytes, path: path)
    }
}
