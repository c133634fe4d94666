import Faults
import Foundation

/// `attempt.json`: where and when a run was last trained, and how that ended. Written when training begins or goes on, and when it
/// ends; of a process that was killed, the end is missing.
public struct RunAttempt: Sendable, Equatable {
    public enum Outcome: String, Sendable, Codable {
        case completed
        /// Came to the epoch that it was to stop at, and has more to do.
        case paused
        case interrupted
        /// Cannot be trained, or not be written.
        case failed
    }

    /// The machine, by its own name.
    public var host: String
    public var cacheKey: String
    /// To the second.
    public var began: Date
    public var ended: Date?
    public var outcome: Outcome?
    /// Why it failed.
    public var problem: String?

    /// An attempt that begins now, on this machine.
    public init(cacheKey: String) {
        host = ProcessInfo.processInfo.hostName
        self.cacheKey = cacheKey
        began = Date()
    }

    public mutating func end(_ outcome: Outcome, problem: String? = nil) {
        ended = Date()
        self.outcome = outcome
        self.problem = problem
    }
}

extension RunAttempt: Codable {
    enum CodingKeys: String, CodingKey {
        case host, began, ended, outcome, problem
        case cacheKey = "cache_key"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        host = try values.decode(String.self, forKey: .host)
        cacheKey = try values.decode(String.self, forKey: .cacheKey)
        began = try Self.time(values.decode(String.self, forKey: .began), .began, values)
        ended = try values.decodeIfPresent(String.self, forKey: .ended).map { try Self.time($0, .ended, values) }
        outcome = try values.decodeIfPresent(Outcome.self, forKey: .outcome)
        problem = try values.decodeIfPresent(String.self, forKey: .problem)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(host, forKey: .host)
        try values.encode(cacheKey, forKey: .cacheKey)
        try values.encode(began.formatted(.iso8601), forKey: .began)
        try values.encodeIfPresent(ended?.formatted(.iso8601), forKey: .ended)
        try values.encodeIfPresent(outcome, forKey: .outcome)
        try values.encodeIfPresent(problem, forKey: .problem)
    }

    private static func time(
        _ text: String, _ key: CodingKeys, _ values: KeyedDecodingContainer<CodingKeys>
    ) throws -> Date {
        do {
            return try Date(text, strategy: .iso8601)
        } catch {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: values, debugDescription: "expected a time such as 2026-01-31T12:00:00Z")
        }
    }
}
