import Files

/// Which part of a corpus an utterance belongs to.
///
/// Text form: `train`, `development`, `test`, `test1`, `test2`, …, and `test-iemocap` of a whole corpus that is only tested on.
/// `test("")` is the plain `test`; the associated value of a numbered test split is its number as written (digits without a
/// leading zero), that of a named one its name after the hyphen, which begins with a letter.
public enum Split: Hashable, Sendable {
    case train
    case development
    case test(String)

    /// The allowed text forms, for error messages and help.
    public static let expected = "train, development, test or test1, test2, …"

    /// - Returns: nil when `text` is none of the allowed forms; `suggestion(for:)` then tells what may have been meant.
    public init?(_ text: String) {
        switch text {
        case "train": self = .train
        case "development": self = .development
        case "test": self = .test("")
        default:
            guard text.hasPrefix("test") else { return nil }
            if let name = Split.name(text.dropFirst(4)) {
                self = .test(name)
                return
            }
            let number = text.utf8.dropFirst(4)
            guard number.first != UInt8(ascii: "0"), number.count <= 6,
                number.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            self = .test(String(text.dropFirst(4)))
        }
    }

    /// What comes after the hyphen of `-iemocap`; nil for what is no name.
    private static func name(_ rest: Substring) -> String? {
        let name = rest.dropFirst()
        guard rest.first == "-", let first = name.first, first.isASCII, first.isLetter, name.count <= 64,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") })
        else { return nil }
        return String(name)
    }

    /// The split that a corpus means by `text`: its usual names, in whatever case (`Train`, `Validation`, `dev`, `Test_1`, `eval`).
    /// - Returns: nil for any other word.
    public static func spelled(_ text: String) -> Split? {
        let letters = text.lowercased().filter { $0.isLetter || $0.isNumber }
        if let split = Split(text) ?? Split(letters) { return split }
        let digits = String(letters.drop { $0.isLetter }.drop { $0 == "0" })
        switch letters.prefix(while: \.isLetter) {
        case "dev", "devel", "valid", "validation", "val", "tuning": return .development
        case "tr", "training", "trn": return .train
        case "test", "testing", "tst", "eval", "evaluation": return Split("test" + digits) ?? .test("")
        default: return nil
        }
    }

    /// The split that somebody who wrote `text` probably meant.
    public static func suggestion(for text: String) -> String? {
        if let split = Split.spelled(text) { return split.description }
        let letters = text.lowercased().filter { $0.isLetter || $0.isNumber }
        return nearestName(to: letters, among: ["train", "development", "test"])
    }
}

extension Split: CustomStringConvertible {
    public var description: String {
        switch self {
        case .train: "train"
        case .development: "development"
        case .test(let name): name.first?.isLetter == true ? "test-\(name)" : "test\(name)"
        }
    }
}

extension Split: Comparable {
    /// Train, development, then the test splits by number, then those with a name.
    public static func < (a: Split, b: Split) -> Bool { a.rank < b.rank }

    private var rank: (Int, String) {
        switch self {
        case .train: (-2, "")
        case .development: (-1, "")
        case .test(""): (0, "")
        case .test(let name): Int(name).map { ($0, "") } ?? (.max, name)
        }
    }
}

extension Split: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let split = Split(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "split '\(text)': expected \(Split.expected)")
        }
        self = split
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
