import Corpus
import Faults
import FeatureStore
import Files
import Foundation

/// A recording that could not be cached.
public struct Reject: Sendable, Hashable {
    public var id: String
    /// As written in the manifest.
    public var path: String
    /// Line of the manifest.
    public var line: Int
    /// One line, naming the file, or the utterance where paths are withheld.
    public var reason: String
    public var isMissing: Bool

    private init(id: String, path: String, line: Int, reason: String, isMissing: Bool) {
        self.id = id
        self.path = path
        self.line = line
        self.reason = reason
        self.isMissing = isMissing
    }

    /// Nil if the error is not about this one recording: a bug, or an output that cannot be written.
    public init?(_ utterance: Utterance, _ error: any Error, withholdsPaths: Bool = false) {
        guard let fault = error as? any Fault, fault.kind == .badInput || fault.kind == .missingInput else {
            return nil
        }
        id = utterance.id
        path = utterance.path
        line = utterance.line
        let description = fault.description.replacing("\n", with: " ")
        reason = withholdsPaths ? utterance.withoutPath(description) : description
        isMissing = fault.kind == .missingInput
    }

    private static let header = ["id", "path", "reason"]

    /// `rejects.csv`: `id,path,reason`, a row per reject in the manifest's order.
    ///
    /// - Parameter pathOfId: what stands in the column `path` where it is not the path.
    static func csv(_ rejects: [Reject], pathOfId: [String: String] = [:]) -> String {
        let rows = [header] + rejects.map { [$0.id, pathOfId[$0.id] ?? $0.path, $0.reason] }
        return rows.map(CommaSeparated.row).joined()
    }

    /// Reads a `rejects.csv`. What the file does not tell: the lines are its own, and no recording counts as missing.
    ///
    /// - Throws: `StoreError.missing`; `.damaged` at the first row that is not an id, a path and a reason.
    public static func load(_ path: String) throws(StoreError) -> [Reject] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path, detail: access(path, R_OK) == 0 ? "not a file" : lastSystemError())
        }
        guard String(validating: data, as: UTF8.self) != nil else { throw .damaged(path: path, detail: "not UTF-8") }
        let (rows, mistakes) = CommaSeparated.parse([UInt8](data))
        if let mistake = mistakes.first {
            throw .damaged(path: path, detail: "line \(mistake.line): \(mistake.message)")
        }
        guard rows.first?.cells == header else {
            throw .damaged(path: path, detail: "does not begin with \(header.joined(separator: ","))")
        }
        if let row = rows.first(where: { $0.cells.count != header.count }) {
            throw .damaged(path: path, detail: "line \(row.line): \(row.cells.count) cells, expected \(header.count)")
        }
        return rows.dropFirst().map {
            Reject(id: $0.cells[0], path: $0.cells[1], line: $0.line, reason: $0.cells[2], isMissing: false)
        }
    }
}

/// How many rejects a user accepts: `--max-rejects 10` or `--max-rejects 2%`.
public enum RejectLimit: Sendable, Hashable, CustomStringConvertible {
    case count(Int)
    /// Of the utterances looked at, 0…100.
    case percent(Double)

    /// Nil if the text is neither a whole number nor a percentage from 0 to 100.
    public init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), 0...100 ~= percent else { return nil }
            self = .percent(percent)
        } else {
            guard let count = Int(text), count >= 0 else { return nil }
            self = .count(count)
        }
    }

    public func allows(_ rejects: Int, of total: Int) -> Bool {
        switch self {
        case .count(let limit): rejects <= limit
        case .percent(let limit): Double(rejects) * 100 <= limit * Double(total)
        }
    }

    public var description: String {
        switch self {
        case .count(let count): "\(count)"
        case .percent(let percent): "\(percent) %"
        }
    }
}

/// What stops stage one, beyond the faults of the modules that it uses.
public enum CachingError: Fault, Equatable {
    /// The cache is complete but for more rejects than were allowed.
    case rejects(count: Int, total: Int, limit: RejectLimit, areAllMissing: Bool, listedIn: String)
    /// Nothing of the corpus can be cached; said before any compute.
    case nothingUsable(manifest: String, rejects: [Reject])
    case shardNumber(Int, count: Int)
    /// The cache in the folder has another number of shards than was asked for.
    case shardCount(directory: String, found: Int, wanted: Int)
    /// The encoder gave something else than the layout says.
    case encoder(id: String, detail: String)
    /// The disk has too little room for what the run would write; in bytes.
    case noSpace(directory: String, needed: Int, free: Int)
    case interrupted

    public var kind: FaultKind {
        switch self {
        case .rejects(_, _, _, let areAllMissing, _): areAllMissing ? .missingInput : .badInput
        case .nothingUsable(_, let rejects): rejects.allSatisfy(\.isMissing) ? .missingInput : .badInput
        case .shardNumber, .shardCount: .usage
        case .encoder: .bug
        case .noSpace: .cannotWrite
        case .interrupted: .interrupted
        }
    }

    public var description: String {
        switch self {
        case .rejects(let count, let total, let limit, _, let list):
            return "\(count) of \(total) recordings cannot be used, \(limit) allowed; the others are cached. "
                + "Mend them or take them out of the manifest (\(list) lists them), or allow more with --max-rejects"
        case .nothingUsable(let manifest, let rejects):
            var lines = rejects.prefix(10).map { "\(manifest):\($0.line): \($0.reason)" }
            if rejects.count > 10 { lines.append("\(manifest): and \(rejects.count - 10) more like these") }
            let summary =
                "\(manifest): none of its \(rejects.count) recordings can be used; expected audio files where the "
                + "column path says, relative to the manifest"
            return (lines + [summary]).joined(separator: "\n")
        case .shardNumber(let shard, let count):
            return "--only-shard \(shard): there \(count == 1 ? "is 1 shard" : "are \(count) shards"); "
                + "expected \(count == 1 ? "0" : "a number from 0 to \(count - 1)")"
        case .shardCount(let directory, let found, let wanted):
            return "--shards \(wanted): the cache in \(directory) has \(found); "
                + "leave --shards out, choose another folder, or delete this one"
        case .encoder(let id, let detail):
            return "utterance '\(id)': the encoder gave \(detail); please report this"
        case .noSpace(let directory, let needed, let free):
            return
                "\(directory): needs \(spelledBytes(needed)) while it is made, but its disk has \(spelledBytes(free)) free; "
                + "make room, choose another --out, or use more --shards, of which only one is put together at a time"
        case .interrupted:
            return "interrupted; what is computed is kept, the same command goes on from here"
        }
    }
}
