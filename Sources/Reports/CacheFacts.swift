import Foundation

/// What a report shows of a cache, read leniently from its `cache.json`: whatever is not there is not shown.
public struct CacheFacts: Sendable, Equatable {
    public var key: String?
    public var utteranceCount: Int?
    public var frameCount: Int?
    public var audioSeconds: Double?
    public var byteCount: Int?
    public var storage: String?
    public var cuts: String?
    public var secondsTaken: Double?
    /// Measured against float32, as lines of name and value.
    public var fidelity: [Fidelity] = []

    public struct Fidelity: Sendable, Equatable {
        public var name: String
        public var value: Double
    }

    public init() {}

    /// - Parameter folder: the cache directory. Its shards' sizes are taken from the disk.
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
        key = Self.find(["cache_key", "key"], in: top) { $0 as? String }
        utteranceCount = Self.find(["utterance_count", "utterances", "total_utterances"], in: top, Self.integer)
        frameCount = Self.find(["frame_count", "total_frames", "frames"], in: top, Self.integer)
        audioSeconds = Self.find(["audio_seconds", "duration_seconds", "seconds_of_audio"], in: top, Self.number)
        byteCount = Self.find(["byte_count", "stored_bytes", "bytes"], in: top, Self.integer)
        secondsTaken = Self.find(
            ["seconds_taken", "seconds_total", "wall_seconds", "elapsed_seconds"], in: top, Self.number)
        storage = Self.find(["storage", "store", "stored_as"], in: top) { value in
            value as? String
                ?? (value as? [String: Any]).flatMap { inner in
                    Self.find(["type", "precision", "element", "codec"], in: inner) { $0 as? String }
                }
        }
        cuts = Self.find(["cuts"], in: top) { value in
            (value as? [Any])?.map { "\($0)" }.joined(separator: ", ")
        }
        if let value = Self.find(["fidelity"], in: top, { $0 as? [String: Any] }) {
            fidelity = Self.flatten(value, prefix: "")
        }
        if audioSeconds == nil,
            let samples = Self.find(["sample_count", "total_samples", "samples"], in: top, Self.number),
            let rate = Self.find(["sample_rate", "sample_rate_hz", "sampling_rate"], in: top, Self.number), rate > 0
        {
            audioSeconds = samples / rate
        }
    }

    /// The first of `names` that the object has at its top, else in one of the objects inside it.
    private static func find<T>(_ names: [String], in object: [String: Any], _ read: (Any) -> T?) -> T? {
        for name in names { if let value = object[name].flatMap(read) { return value } }
        for key in object.keys.sorted() where key != "model" && key != "config" {
            if let inner = object[key] as? [String: Any], let value = find(names, in: inner, read) { return value }
        }
        return nil
    }

    private static func integer(_ value: Any) -> Int? { (value as? NSNumber)?.intValue }
    private static func number(_ value: Any) -> Double? { (value as? NSNumber)?.doubleValue }

    private static func flatten(_ object: [String: Any], prefix: String) -> [Fidelity] {
        object.keys.sorted().flatMap { key -> [Fidelity] in
            let name = prefix.isEmpty ? key : "\(prefix) \(key)"
            if let inner = object[key] as? [String: Any] { return flatten(inner, prefix: name) }
            return number(object[key] as Any).map { [Fidelity(name: name.replacing("_", with: " "), value: $0)] } ?? []
        }
    }
}
