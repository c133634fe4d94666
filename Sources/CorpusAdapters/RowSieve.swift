import Faults
import Foundation

/// Takes out the rows that no manifest can have: ids that are there already, and files that are not.
struct RowSieve {
    private var faults: [CorpusFinding]
    private var originOfId: [String: Origin] = [:]
    private var isThere: [String: Bool] = [:]

    /// - Parameter faults: found already.
    init(_ faults: [CorpusFinding]) { self.faults = faults }

    mutating func sift(_ rows: [DraftRow]) -> [DraftRow] { rows.filter { passes($0) } }

    mutating func reject(_ kind: CorpusFinding.Kind, _ origin: Origin, _ message: String) {
        faults.append(CorpusFinding(kind, origin, message))
    }

    private mutating func passes(_ row: DraftRow) -> Bool {
        if let first = originOfId[row.id] {
            let place = first.file == row.origin.file ? "line \(first.line)" : "\(first.file):\(first.line)"
            reject(
                .duplicateId, row.origin, "id '\(printable(row.id))' is there already, on \(place); ids must be unique")
            return false
        }
        originOfId[row.id] = row.origin
        let path = row.span.path
        for (name, text) in [("id", row.id), ("path", path)]
        where text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            reject(.label, row.origin, "\(name) '\(printable(text))' has control characters")
            return false
        }
        let isThere = isThere[path] ?? FileManager.default.fileExists(atPath: path)
        self.isThere[path] = isThere
        if !isThere {
            reject(.missingFile, row.origin, "\(path) is not there; expected the recording of '\(printable(row.id))'")
        }
        return isThere
    }

    /// File by file as they were read, by their lines.
    var faultsInOrder: [CorpusFinding] {
        var places: [String: Int] = [:]
        for fault in faults {
            if let file = fault.origin?.file, places[file] == nil { places[file] = places.count }
        }
        func key(_ fault: CorpusFinding, _ index: Int) -> (Int, Int, Int) {
            (fault.origin.flatMap { places[$0.file] } ?? .max, fault.origin?.line ?? .max, index)
        }
        return faults.enumerated().sorted { key($0.element, $0.offset) < key($1.element, $1.offset) }.map(\.element)
    }
}
