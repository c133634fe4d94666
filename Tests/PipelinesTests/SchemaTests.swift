import Foundation
import Pipelines
import Runs
import Testing

/// `pipelines/schema.json`, by which editors complete and check, against the reader: at every place both know the same keys.
@Suite struct SchemaTests {
    typealias Schema = [String: Any]

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "pipelines")

    private func schema() throws -> Schema {
        let data = try Data(contentsOf: Self.folder.appending(path: "schema.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? Schema)
    }

    /// A manifest that reads well up to the keys of its mappings.
    private static func manifest(with path: [String]) -> Schema {
        var top: Schema = [
            "name": "x", "corpus": "m.csv", "model": "random:tiny", "labels": ["a"],
            "train": ["pooling": "attentive", "epochs": 9], "sweep": ["space": ["layers": [1, 2]]],
        ]
        if path.first == "corpora" {
            top["corpus"] = nil
            top["corpora"] = ["c": ["manifest": "c.csv"], "d": ["manifest": "d.csv"]]
        }
        return top
    }

    private static func placing(_ value: Any, at path: [String], in tree: Any?) -> Any {
        guard let key = path.first else { return value }
        if key == "[]" { return [placing(value, at: Array(path.dropFirst()), in: nil)] }
        var mapping = tree as? Schema ?? [:]
        mapping[key] = placing(value, at: Array(path.dropFirst()), in: mapping[key])
        return mapping
    }

    /// What the reader says it knows at a place, from its answer to a key that is like none.
    private func keysOfReader(at path: [String]) throws -> Set<String> {
        let key = "zzzzzzzz"
        let manifest = Self.placing(1, at: path + [key], in: Self.manifest(with: path))
        let text = String(decoding: try JSONSerialization.data(withJSONObject: manifest), as: UTF8.self)
        let error = #expect(throws: ConfigurationError.self, "\(path)") { try Pipeline(yaml: text, source: "x") }
        let problem = error?.problem ?? ""
        #expect(problem.contains("\(key)': no such key"), "\(path): \(problem)")
        return Set(problem.matches(of: /'([^']+)'/).map { String($0.output.1) }.dropFirst())
    }

    /// Every mapping of the schema with fixed keys, and the path to it, with an example for every free key.
    private func mappings(_ schema: Schema, at path: [String]) -> [(path: [String], keys: Set<String>)] {
        var found: [(path: [String], keys: Set<String>)] = []
        if let properties = schema["properties"] as? [String: Schema] {
            found.append((path, Set(properties.keys)))
            for (key, inner) in properties { found += mappings(inner, at: path + [key]) }
        }
        if let free = schema["additionalProperties"] as? Schema {
            let example = ["corpora": "c", "space": "layers", "labels": "a"][path.last ?? ""] ?? "a"
            found += mappings(free, at: path + [example])
        }
        if let items = schema["items"] as? Schema { found += mappings(items, at: path + ["[]"]) }
        for form in schema["oneOf"] as? [Schema] ?? [] { found += mappings(form, at: path) }
        return found
    }

    @Test func theSchemaKnowsTheKeysThatTheReaderKnows() throws {
        let mappings = mappings(try schema(), at: [])
        #expect(mappings.count > 20)
        for (path, keys) in mappings {
            let known = try keysOfReader(at: path)
            #expect(known == keys, "\(path.joined(separator: ".")): \(known.symmetricDifference(keys).sorted())")
        }
    }

    @Test func everyMappingOfTheSchemaIsClosed() throws {
        func check(_ schema: Schema, _ path: String) {
            if schema["properties"] != nil { #expect(schema["additionalProperties"] as? Bool == false, "\(path)") }
            for (key, value) in schema {
                if let inner = value as? Schema { check(inner, "\(path)/\(key)") }
                for inner in value as? [Schema] ?? [] { check(inner, "\(path)/\(key)") }
            }
        }
        check(try schema(), "")
    }

    @Test func theProjectsPipelinesNameIt() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".yaml")
        }
        #expect(names.count >= 3)
        for name in names {
            let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            #expect(text.hasPrefix("# yaml-language-server: $schema=schema.json\n"), "\(name)")
        }
    }
}
