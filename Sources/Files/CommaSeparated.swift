/// Comma-separated text as in RFC 4180, read with line numbers.
///
/// Our own reader rather than SwiftCSV: that one gives no line numbers, so that an error after a quoted line break
/// could not name its row; it drops a trailing empty cell at the end of the file; and it goes `Character` by
/// `Character`, which is slow on manifests of a quarter of a million rows.
package enum CommaSeparated {
    /// One record and the line its first cell begins on (1 is the header's line).
    package struct Row: Equatable {
        package var line: Int
        package var cells: [String]
    }

    /// Something in the text that RFC 4180 does not allow.
    package struct Mistake: Equatable {
        package var line: Int
        package var message: String
    }

    /// Splits valid UTF-8 into rows. Blank lines are skipped; lines end in LF or CRLF; a byte order mark is dropped.
    /// What does not parse is reported and its row left out, and reading goes on with the next line.
    package static func parse(_ bytes: [UInt8]) -> (rows: [Row], mistakes: [Mistake]) {
        var reader = CommaSeparatedReader(bytes: bytes)
        return reader.readAll()
    }

    /// One record's text with its line end (LF). A cell is quoted only where it must be.
    package static func row(_ cells: [String]) -> String {
        if cells.count == 1, cells[0].isEmpty { return "\"\"\n" }  // else it would read back as a blank line
        return cells.map(quoted).joined(separator: ",") + "\n"
    }

    private static func quoted(_ cell: String) -> String {
        let special = cell.utf8.contains { $0 == .comma || $0 == .quote || $0 == .lineFeed || $0 == .carriageReturn }
        guard special else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}

extension UInt8 {
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
}

/// The state of one reading: a position in the bytes and the line it is on.
private struct CommaSeparatedReader {
    let bytes: [UInt8]
    var position = 0
    var line = 1
    var mistakes: [CommaSeparated.Mistake] = []

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// How many bytes the line end at `position` takes; 0 when there is none here.
    private var lineEndLength: Int {
        switch current {
        case .lineFeed: 1
        case .carriageReturn where position + 1 < bytes.count && bytes[position + 1] == .lineFeed: 2
        default: 0
        }
    }

    mutating func readAll() -> (rows: [CommaSeparated.Row], mistakes: [CommaSeparated.Mistake]) {
        var rows: [CommaSeparated.Row] = []
        while current != nil {
            if lineEndLength > 0 {
                position += lineEndLength
                line += 1
            } else if let row = readRow() {
                rows.append(row)
            }
        }
        return (rows, mistakes)
    }

    private mutating func readRow() -> CommaSeparated.Row? {
        let firstLine = line
        var cells: [String] = []
        var isSound = true
        while true {
            if current == .quote {
                guard let cell = readQuotedCell() else {
                    isSound = false
                    break
                }
                cells.append(cell)
            } else {
                cells.append(readPlainCell(isSound: &isSound))
            }
            guard current == .comma else { break }
            position += 1
        }
        if !isSound { skipLine() }
        position += lineEndLength
        line += 1
        return isSound ? CommaSeparated.Row(line: firstLine, cells: cells) : nil
    }

    private mutating func readPlainCell(isSound: inout Bool) -> String {
        let start = position
        while let byte = current, byte != .comma, lineEndLength == 0 {
            if byte == .quote, isSound {
                isSound = false
                report("a quote inside an unquoted cell; quote the whole cell and double the quotes in it")
            }
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// From the opening quote to just after the closing one; nil, reported, when the quoting is broken.
    private mutating func readQuotedCell() -> String? {
        let openingLine = line
        let openingPosition = position
        var cell: [UInt8] = []
        position += 1
        while let byte = current {
            position += 1
            if byte == .lineFeed { line += 1 }
            guard byte == .quote else {
                cell.append(byte)
                continue
            }
            if current == .quote {
                cell.append(.quote)
                position += 1
            } else if current == nil || current == .comma || lineEndLength > 0 {
                return String(decoding: cell, as: UTF8.self)
            } else {
                report("text after a closing quote; expected a comma or the end of the line")
                return nil
            }
        }
        // Go on from the line that opened the quote, so that one missing quote does not hide the rest of the file.
        line = openingLine
        position = openingPosition + 1
        report("a quote opens here and never closes")
        return nil
    }

    private mutating func skipLine() {
        while current != nil, lineEndLength == 0 { position += 1 }
    }

    private mutating func report(_ message: String) {
        mistakes.append(CommaSeparated.Mistake(line: line, message: message))
    }
}
