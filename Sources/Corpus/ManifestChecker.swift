import Faults
import Files
import Foundation

/// Goes over a manifest's rows, keeps the sound ones, and notes everything wrong with the others.
struct ManifestChecker {
    let manifestPath: String
    let header: CommaSeparated.Row
    var problems: [ManifestError.Problem] = []
    var utterances: [Utterance] = []
    /// Every row with the right number of cells, also where something else is wrong with it, for the check of its
    /// labels.
    var labelledRows: [(line: Int, id: String, cells: [String: String])] = []

    private let folder: URL
    private var lineOfID: [String: Int] = [:]

    init(manifestPath: String, header: CommaSeparated.Row) {
        self.manifestPath = manifestPath
        self.header = header
        folder = URL(filePath: manifestPath).absoluteURL.deletingLastPathComponent()
    }

    mutating func report(_ line: Int, _ message: String) {
        problems.append(.init(line: line, message: message))
    }

    mutating func checkHeader() {
        let columns = header.cells
        let others = columns.filter { !CorpusManifest.requiredColumns.contains($0) }
        for required in CorpusManifest.requiredColumns where !columns.contains(required) {
            let hint = nearestName(to: required, among: others).map { "; is it '\(printable($0))'?" } ?? ""
            report(header.line, "no column '\(required)'; expected id, path, split, speaker\(hint)")
        }
        let firstIndices = Dictionary(zip(columns, columns.indices), uniquingKeysWith: { first, _ in first })
        for (index, column) in columns.enumerated() {
            if column.isEmpty {
                report(header.line, "column \(index + 1) has no name")
            } else if let first = firstIndices[column], first < index {
                report(
                    header.line, "column '\(printable(column))' is there twice, as column \(first + 1) and \(index + 1)"
                )
            }
        }
    }

    mutating func check(_ row: CommaSeparated.Row) {
        guard row.cells.count == header.cells.count else {
            report(row.line, "\(row.cells.count) cells; expected \(header.cells.count), as in the header")
            return
        }
        let cells = Dictionary(zip(header.cells, row.cells), uniquingKeysWith: { first, _ in first })
        labelledRows.append((line: row.line, id: cells["id"] ?? "", cells: cells))
        let id = cells["id"].flatMap { checkID($0, row.line) }
        let audioPath = cells["path"].flatMap { checkPath($0, row.line) }
        let split = cells["split"].flatMap { checkSplit($0, row.line) }
        let segment = checkSegment(start: cells["start"] ?? "", end: cells["end"] ?? "", row.line)
        guard let id, let audioPath, let split, let segment, let path = cells["path"], let speaker = cells["speaker"]
        else { return }
        utterances.append(
            Utterance(
                id: id, path: path, audioPath: audioPath, segment: segment, split: split,
                speaker: Self.known(speaker), cells: cells, line: row.line))
    }

    /// MSP-Podcast and others write `Unknown` for speakers that nobody named: taken for a name, it would make one speaker of
    /// many people.
    private static func known(_ speaker: String) -> String? {
        speaker.isEmpty || speaker.lowercased() == "unknown" ? nil : speaker
    }

    private mutating func checkID(_ id: String, _ line: Int) -> String? {
        if id.isEmpty {
            report(line, "the id is empty; every utterance needs one")
            return nil
        }
        if hasControlCharacters(id) {
            report(line, "id '\(printable(id))' has control characters")
            return nil
        }
        if let first = lineOfID[id] {
            report(line, "id '\(printable(id))' is already used on line \(first); ids must be unique")
            return nil
        }
        lineOfID[id] = line
        return id
    }

    /// - Returns: the audio file's absolute path. Symbolic links are not resolved: a corpus folder may well consist of
    ///   them.
    private mutating func checkPath(_ path: String, _ line: Int) -> String? {
        if path.isEmpty {
            report(line, "the path is empty; expected an audio file relative to the manifest's folder")
            return nil
        }
        if hasControlCharacters(path) {
            report(line, "path '\(printable(path))' has control characters")
            return nil
        }
        if path.hasPrefix("/") {
            report(line, "path '\(printable(path))' is absolute; expected one relative to the manifest's folder")
            return nil
        }
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component != ".." {
                components.append(component)
            } else if components.popLast() == nil {
                report(line, "path '\(printable(path))' leaves the manifest's folder")
                return nil
            }
        }
        if components.isEmpty {
            report(line, "path '\(printable(path))' is the manifest's folder itself; expected an audio file")
            return nil
        }
        return folder.appending(path: components.joined(separator: "/"), directoryHint: .notDirectory)
            .path(percentEncoded: false)
    }

    /// - Returns: nil for all of the file; nothing at all, reported, where the cells make no sense.
    private mutating func checkSegment(start: String, end: String, _ line: Int) -> Segment?? {
        var isSound = true
        func seconds(_ text: String, _ column: String, _ empty: String) -> Double? {
            guard !text.isEmpty else { return nil }
            if let value = finiteNumber(text), 0...Segment.largestSeconds ~= value { return value }
            report(line, "\(column) is '\(printable(text))'; expected seconds, such as 12.5, or nothing for \(empty)")
            isSound = false
            return nil
        }
        let first = seconds(start, "start", "the file's beginning") ?? 0
        let last = seconds(end, "end", "the file's end")
        guard isSound else { return nil }
        guard first > 0 || last != nil else { return .some(nil) }
        if let segment = Segment(startSeconds: first, endSeconds: last) { return segment }
        report(line, "start \(plain(first)) is not before end \(printable(end)); expected start < end, in seconds")
        return nil
    }

    private mutating func checkSplit(_ text: String, _ line: Int) -> Split? {
        if let split = Split(text) { return split }
        let hint = Split.suggestion(for: text).map { "; did you mean \($0)?" } ?? ""
        report(line, "split '\(printable(text))'; expected \(Split.expected)\(hint)")
        return nil
    }
}

private func hasControlCharacters(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}
