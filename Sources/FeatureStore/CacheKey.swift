internal import Crypto
import Files
import Foundation

/// The identity of a cache's features: a hash of everything that determines them.
///
/// Each component is a name and a value as text: `frozen_weights` a SHA-256, `storage` `float16`, `cuts` `6,9`, `model`
/// a JSON object. The key is SHA-256 of their canonical JSON (keys sorted, no white space). The components are kept
/// next to the key, so that two caches that differ can be told apart in words.
public struct CacheKey: Sendable, Hashable {
    public let components: [String: String]
    /// 64 lower-case hexadecimal digits.
    public let hex: String

    public init(components: [String: String]) {
        self.components = components
        hex = SHA256.hash(data: CacheKey.canonicalJSON(components)).hexadecimal
    }

    /// The components as canonical JSON: what is hashed, and what travels in each shard.
    public var canonicalJSON: String { String(decoding: CacheKey.canonicalJSON(components), as: UTF8.self) }

    /// Reads back what `canonicalJSON` wrote; nil if it is not an object of strings.
    public init?(canonicalJSON text: String) {
        guard let components = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)) else {
            return nil
        }
        self.init(components: components)
    }

    /// What differs between this cache and the wanted one, a phrase per component: `cuts: 6 there, 9 wanted`.
    ///
    /// - Parameter wanted: the key that the caller needs.
    /// - Returns: empty if the keys are equal.
    public func explainDifference(wanted: CacheKey) -> [String] {
        Set(components.keys).union(wanted.components.keys).sorted().compactMap { name in
            let (here, there) = (components[name], wanted.components[name])
            guard here != there else { return nil }
            let words = name.replacing("_", with: " ")
            guard let here else { return "\(words) not recorded there, \(CacheKey.shown(there!)) wanted" }
            guard let there else { return "\(words) \(CacheKey.shown(here)) there, not wanted" }
            if let (here, there) = CacheKey.differingParts(here, there) {
                return "\(words): \(here) there, \(there) wanted"
            }
            if CacheKey.isLong(here) || CacheKey.isLong(there) { return "\(words) differ" }
            return "\(words) \(here) there, \(there) wanted"
        }
    }

    /// Of two lists such as `hidden 768, heads 12`, what is not the same in both; nil if they are no lists of one length.
    private static func differingParts(_ here: String, _ there: String) -> (String, String)? {
        let (ours, theirs) = (here.split(separator: ", "), there.split(separator: ", "))
        guard ours.count > 1, ours.count == theirs.count else { return nil }
        let pairs = zip(ours, theirs).filter { $0 != $1 }
        return (pairs.map(\.0).joined(separator: ", "), pairs.map(\.1).joined(separator: ", "))
    }

    /// Hashes and whole configurations say nothing to a reader.
    private static func isLong(_ value: String) -> Bool { value.count > 40 }
    private static func shown(_ value: String) -> String { isLong(value) ? "…" : value }

    private static func canonicalJSON(_ components: [String: String]) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Text to text cannot fail to encode.
        return try! encoder.encode(components)
    }
}
