import CacheInspection
import Foundation

/// What a report shows of a cache, read leniently from its `cache.json`: whatever is not there is not shown.
public struct CacheFacts: Sendable, Equatable {
    /// The corpus that it is of, where there are several.
    public var corpus: String?
    public var key: String?
    public var utteranceCount: Int?
    public var frameCount: Int?
    public var audioSeconds: Double?
    public var byteCount: Int?
    public var storage: String?
    /// How many neighbouring frames each row is the mean of.
    public var pool: Int?
    public var compute: String?
    public var cuts: String?
    /// Measured against float32, as lines of name and value.
    public var fidelity: [Fidelity] = []
    /// What only the whole cache tells; nil where no more than its `cache.json` was looked at.
    public var overview: CacheOverview?

    public struct Fidelity: Sendable, Equatable {
        public var name: String
        public var value: Double
    }

    public init() {}

    /// - Parameter folder: the cache directory. The size is that of its shards and weights on the disk.
    public init(folder: String) throws(ReportError) {
        let path = "\(folder)/cache.json"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .cache(path: path, problem: "no such file")
        }
        let parsed = try? JSONSerialization.jsonObject(with: bytes)
        guard let top = parsed as? [String: Any] else { throw .cache(path: path, problem: "not a JSON object") }
        self.init(json: top)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sizes = names.filter { $0.hasSuffix(".h5") || $0.hasSuffix(".safetensors") }.compactMap { name in
            try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int
        }
        if !sizes.isEmpty { byteCount = sizes.reduce(0, +) }
    }

    init(json top: [String: Any]) {
        let totals = top["totals"] as? [String: Any] ?? [:]
        key = top["cache_key"] as? String
        utteranceCount = Self.number(totals["utterances"]).map(Int.init)
        frameCount = Self.number(totals["frames"]).map(Int.init)
        audioSeconds = Self.number(totals["seconds"])
        byteCount = Self.number(totals["bytes"]).map(Int.init)
        storage = top["storage"] as? String
        pool = Self.number(top["pool"]).map(Int.init)
        compute = top["compute"] as? String
        cuts = (top["cuts"] as? [[String: Any]])?.compactMap { $0["name"] as? String }.joined(separator: ", ")
        let measured = top["fidelity"] as? [String: Any] ?? [:]
        fidelity = ["relative_error", "cosine_mean", "cosine_minimum"].compactMap { name in
            Self.number(measured[name]).map { Fidelity(name: name.replacing("_", with: " "), value: $0) }
        }
    }

    private static func number(_ value: Any?) -> Double? {
        (value as? NSNumber).map(\.doubleValue).flatMap { $0.isFinite && abs($0) < 9e15 ? $0 : nil }
    }
}
