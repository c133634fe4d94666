/// A model's name on the Hugging Face hub, `facebook/wav2vec2-base`, and after an `@` a branch, tag or commit.
public struct HubName: Sendable, Hashable, CustomStringConvertible {
    public let organisation: String
    public let model: String
    /// Nil for the hub's default branch, `main`.
    public let revision: String?

    /// Nil if the text is no such name: expected are two parts of letters, digits, `.`, `_` and `-`, each beginning with a
    /// letter or digit.
    public init?(_ text: String) {
        let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(HubName.isPart) else { return nil }
        if halves.count == 2 {
            guard HubName.isRevision(String(halves[1])) else { return nil }
            revision = String(halves[1])
        } else {
            revision = nil
        }
        organisation = String(parts[0])
        model = String(parts[1])
    }

    public var repository: String { "\(organisation)/\(model)" }

    public var description: String { repository + (revision.map { "@\($0)" } ?? "") }

    /// Whether the text can name a branch (`refs/pr/3`), a tag or a commit: parts as in a name, joined by slashes.
    public static func isRevision(_ text: String) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPart)
    }

    private static func isPart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 96, isLetterOrDigit(first), !text.contains("..") else {
            return false
        }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
