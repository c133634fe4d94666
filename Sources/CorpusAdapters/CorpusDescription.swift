import Files
import Foundation

/// What an adapter knows of a corpus beside its labels, as a `corpus.json` says it to reports and model cards.
public struct CorpusDescription: Sendable, Equatable, Encodable {
    public var name: String
    /// What it is, where it comes from and under which terms; nil where nobody says.
    public var description: String?
    /// Whether a synthesiser speaks; nil where nobody says.
    public var synthetic: Bool?

    public enum Written: Sendable, Equatable {
        case new(path: String)
        /// There was one: by this adapter, or by the user.
        case there(path: String, name: String?)
    }

    /// Writes `corpus.json` beside a manifest that is there. One that is there already is the user's, or another corpus's in this folder,
    /// and stays.
    ///
    /// - Throws: `AdapterError.cannotWrite`.
    public func write(besideManifest manifest: String) throws -> Written {
        let path = PathParts(manifest).sibling("corpus.json")
        if let there = FileManager.default.contents(atPath: path) {
            let known = try? JSONSerialization.jsonObject(with: there) as? [String: Any]
            return .there(path: path, name: known?["name"] as? String)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let text = try encoder.encode(self) + Data("\n".utf8)
        try writing(as: AdapterError.self) { () throws(WriteFailure) in try AtomicFile.write(text, to: path) }
        return .new(path: path)
    }
}

extension CorpusAdapter {
    /// Of a table nobody knows what it is.
    public func about() throws(AdapterError) -> CorpusDescription? { nil }
}

extension MSPPodcast {
    public func about() -> CorpusDescription? {
        CorpusDescription(
            name: "MSP-Podcast",
            description:
                "Natural speech from podcasts, rated by crowds (Lotfian and Busso, 2019). From the MSP laboratory at "
                + "the University of Texas at Dallas, under an agreement; the corpus may not be passed on.",
            synthetic: false)
    }
}

extension IEMOCAP {
    public func about() -> CorpusDescription? {
        CorpusDescription(
            name: "IEMOCAP",
            description:
                "Dialogues by ten actors, scripted and improvised (Busso et al., 2008). From the Signal Analysis and "
                + "Interpretation Laboratory of the University of Southern California, for research, under its release "
                + "form; the corpus may not be passed on.",
            synthetic: false)
    }
}

extension MSPImprov {
    public func about() -> CorpusDescription? {
        CorpusDescription(
            name: "MSP-Improv",
            description:
                "Scenes improvised by twelve actors, rated by crowds (Busso et al., 2017). From the MSP laboratory at "
                + "the University of Texas at Dallas, under an agreement; the corpus may not be passed on.",
            synthetic: false)
    }
}

extension Audformat {
    /// In the words of its header.
    public func about() throws(AdapterError) -> CorpusDescription? {
        let header = try AudformatHeader(path: "\(source)/db.yaml", expected: Self.expectedLayout)
        let terms = header.terms.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
        return header.name.map {
            CorpusDescription(name: $0, description: terms.isEmpty ? nil : "Its header says: \(terms).")
        }
    }
}
