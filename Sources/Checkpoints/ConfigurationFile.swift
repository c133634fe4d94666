import Foundation

/// A model's `config.json` or `preprocessor_config.json`, read strictly: a key of another type is an error naming the
/// file, the key, what was found and what was expected, never a default taken in silence.
public struct ConfigurationFile: Sendable, Equatable {
    /// The file's path, or what stands for it where there is none (a random model).
    public let path: String
    /// The file's bytes, for hashing and for carrying along.
    public let data: Data
    private let root: JSON

    /// - Throws: `CheckpointError.unreadable`, or `.malformed` when it is no JSON object.
    public static func load(_ path: String) throws(CheckpointError) -> ConfigurationFile {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        return try ConfigurationFile(path: path, data: data)
    }

    public init(path: String, data: Data) throws(CheckpointError) {
        self.path = path
        self.data = data
        do {
            root = try JSON.parse([UInt8](data))
        } catch {
            throw .malformed(path: path, reason: "\(error.message), at byte \(error.offset)")
        }
        guard case .object = root else {
            throw .malformed(path: path, reason: "is \(root.summary); expected a JSON object")
        }
    }

    /// In file order.
    public var keys: [String] {
        guard case .object(let members) = root else { return [] }
        return members.map(\.key)
    }

    /// Whether the key is there and not null.
    public func has(_ key: String) -> Bool {
        guard let value = root[key] else { return false }
        return value != .null
    }

    /// Each reader throws `CheckpointError.configuration` when the value has another type, and when the key is missing
    /// or null unless a default is given (Hugging Face leaves out what equals its own default).
    public func int(_ key: String, default fallback: Int? = nil) throws(CheckpointError) -> Int {
        try value(key, fallback, expected: "an integer") { $0.integer }
    }

    public func double(_ key: String, default fallback: Double? = nil) throws(CheckpointError) -> Double {
        try value(key, fallback, expected: "a finite number") { json in
            guard case .number(let digits) = json, let value = Double(digits), value.isFinite else { return nil }
            return value
        }
    }

    public func bool(_ key: String, default fallback: Bool? = nil) throws(CheckpointError) -> Bool {
        try value(key, fallback, expected: "true or false") { json in
            guard case .bool(let value) = json else { return nil }
            return value
        }
    }

    public func string(_ key: String, default fallback: String? = nil) throws(CheckpointError) -> String {
        try value(key, fallback, expected: "a string") { json in
            guard case .string(let value) = json else { return nil }
            return value
        }
    }

    public func ints(_ key: String, default fallback: [Int]? = nil) throws(CheckpointError) -> [Int] {
        try value(key, fallback, expected: "a list of integers") { json in
            guard case .array(let values) = json else { return nil }
            let integers = values.compactMap(\.integer)
            return integers.count == values.count ? integers : nil
        }
    }

    /// An error about this file's `key`, for checks that need more than one value: `found` is filled in.
    public func mistake(_ key: String, expected: String) -> CheckpointError {
        .configuration(path: path, key: key, found: root[key]?.summary ?? "missing", expected: expected)
    }

    private func value<Value>(
        _ key: String, _ fallback: Value?, expected: String, _ read: (JSON) -> Value?
    ) throws(CheckpointError) -> Value {
        guard let json = root[key], json != .null else {
            if let fallback { return fallback }
            throw mistake(key, expected: expected)
        }
        guard let value = read(json) else { throw mistake(key, expected: expected) }
        return value
    }
}
