import Corpus
import Files
import Foundation

/// What is to be predicted, from what the user named: recordings, folders of them, manifests, `-` for standard input.
public struct RecordingList: Sendable {
    public struct Item: Sendable, Equatable {
        /// The manifest's, or the path as it was given.
        public var id: String
        /// The path is `-` for standard input.
        public var span: AudioSpan

        init(id: String, path: String) { self.init(id: id, span: AudioSpan(path: path)) }

        init(id: String, span: AudioSpan) {
            self.id = id
            self.span = span
        }
    }

    /// What is taken from a folder; a file named by itself may be called anything.
    static let endings = ["wav", "flac", "ogg", "opus", "mp3", "aif", "aiff", "au", "w64", "caf"]

    public var items: [Item] = []

    /// - Throws: `ManifestError` for a manifest that is wrong, `AudioError.missing` for what is not there,
    ///   `PredictionError.noRecordings` for a folder without any.
    public init(_ inputs: [String]) throws {
        for input in inputs {
            var isFolder: ObjCBool = false
            if input == "-" {
                items.append(Item(id: "-", path: "-"))
            } else if !FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) {
                throw AudioError.missing(path: input)
            } else if isFolder.boolValue {
                items += try Self.recordings(in: input)
            } else if input.lowercased().hasSuffix(".csv") {
                items += try CorpusManifest.load(input).utterances.map { Item(id: $0.id, span: $0.span) }
            } else {
                items.append(Item(id: input, path: input))
            }
        }
    }

    /// All below a folder, in the order of their paths; links are followed, and hidden files left out.
    private static func recordings(in folder: String) throws(PredictionError) -> [Item] {
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let names = FolderTree.files(below: folder).filter { name in
            let letters = name.lowercased()
            return endings.contains { letters.hasSuffix(".\($0)") }
        }
        guard !names.isEmpty else { throw .noRecordings(path: folder) }
        return names.map { Item(id: "\(folder)/\($0)", path: "\(folder)/\($0)") }
    }
}
