/// What verifying a cache came to.
public struct CacheVerification: Sendable, Equatable, Encodable {
    /// What is damaged first, then what is only good to know; within each, file by file.
    public var findings: [Finding]
    /// Shard files that could be opened and were read.
    public var shards: Int
    /// In them.
    public var utterances: Int
    /// Of stored rows that were read.
    public var bytes: Int
    public var elapsedSeconds: Double

    public var damage: [Finding] { findings.filter(\.isDamage) }
    public var isSound: Bool { damage.isEmpty }

    enum CodingKeys: String, CodingKey {
        case findings, shards, utterances, bytes, sound, elapsedSeconds
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isSound, forKey: .sound)
        try container.encode(findings, forKey: .findings)
        try container.encode(shards, forKey: .shards)
        try container.encode(utterances, forKey: .utterances)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(elapsedSeconds, forKey: .elapsedSeconds)
    }
}
