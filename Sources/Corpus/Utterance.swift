import Crypto
import Foundation

/// One row of a corpus manifest.
public struct Utterance: Sendable, Equatable {
    /// Unique in the manifest. Never used as a file name.
    public let id: String
    /// The audio file as written in the manifest, relative to the manifest's folder.
    public let path: String
    /// The audio file's path from the file system's root.
    public let audioPath: String
    /// The part of the file that the utterance is; nil for all of it.
    public let segment: Segment?
    public let split: Split
    /// nil when the speaker is not known: the cell is empty, or says `unknown` in whatever case.
    public let speaker: String?
    /// Every cell of the row by column name, as written.
    public let cells: [String: String]
    /// The line of the manifest that the row begins on; the header is line 1.
    public let line: Int

    public var audioURL: URL { URL(filePath: audioPath) }
    public var span: AudioSpan { AudioSpan(path: audioPath, segment: segment) }

    public init(
        id: String, path: String, audioPath: String, segment: Segment? = nil, split: Split, speaker: String?,
        cells: [String: String], line: Int
    ) {
        self.id = id
        self.path = path
        self.audioPath = audioPath
        self.segment = segment
        self.split = split
        self.speaker = speaker
        self.cells = cells
        self.line = line
    }

    /// The label in that column, or nil when the utterance is unlabelled there (an empty cell) or there is no such
    /// column.
    ///
    /// Columns checked by `CorpusManifest.load(_:labels:)` or `validateLabels(_:)` hold only finite numbers and empty
    /// cells; in any other column a cell that is no finite number gives nil too.
    public func label(_ column: String) -> Double? {
        cells[column].flatMap(finiteNumber)
    }

    /// Tells another path of this utterance from the one it had, and names neither: of SHA-256 of id and path as they are written, the
    /// first eight bytes. The id is in it so that utterances of one file cannot be seen to be that.
    package var pathMark: UInt64 {
        SHA256.hash(data: Array("\(id)\0\(path)".utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
}

/// A decimal number as a label may be written: `3`, `-0.5`, `1e-3`. No hexadecimal, `nan`, `inf` or surrounding
/// spaces, all of which `Double.init` would take or a spreadsheet would produce.
package func finiteNumber(_ text: String) -> Double? {
    let isDecimal = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
    guard isDecimal, let value = Double(text), value.isFinite else { return nil }
    return value
}
