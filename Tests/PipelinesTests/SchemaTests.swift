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
            "name": "x", "corpus": "m.csv", "model": "random:tiny", "labels": ["a", "b"],
            "train": ["pooling": "attentive", "epochs": 9], "sweep": ["space": ["layers": [1, 2]]],
        ]
        // A pipeline has one or the other.
        if path.first == "study" { top["sweep"] = nil }
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

    /// The validator looks at everything that the schema says.
    @Test func theSchemaSaysNothingThatIsNotLookedAt() throws {
        func check(_ schema: Schema) {
            for (key, value) in schema {
                #expect(SchemaValidator.keywords.contains(key), "\(key)")
                if key == "properties" {
                    for inner in (value as? [String: Schema] ?? [:]).values { check(inner) }
                } else {
                    if let inner = value as? Schema { check(inner) }
                    for inner in value as? [Schema] ?? [] { check(inner) }
                }
            }
        }
        check(try schema())
    }

    @Test func theProjectsPipelinesNameItAndAreValid() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".yaml")
        }
        #expect(names.count >= 3)
        for name in names {
            let file = Self.folder.appending(path: name), text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.hasPrefix("# yaml-language-server: $schema=schema.json\n"), "\(name)")
            #expect(SchemaValidator.mistakes(try SchemaValidator.value(yaml: text), try schema()) == [], "\(name)")
            #expect(throws: Never.self, "\(name)") {
                try Pipeline(path: file.path, corpus: "m.csv", model: "random:tiny")
            }
        }
    }

    /// Of the mistakes that the reader is tested with, these the schema does not see: what goes together, what depends on other values, and
    /// the forms of some texts. All others an editor marks.
    @Test func whatTheReaderRefusesTheSchemaRefusesButForThese() throws {
        let schema = try schema()
        let unseen = ManifestMistakeTests.mistakes.filter { manifest in
            guard let value = try? SchemaValidator.value(yaml: manifest) else { return false }
            return SchemaValidator.mistakes(value, schema).isEmpty
        }
        let text = unseen.map { "\($0)\n" }.joined()
        let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/unseen-by-schema.txt")
        if ProcessInfo.processInfo.environment["UNDERTONE_REWRITE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: golden)
        }
        #expect(text == (try String(contentsOf: golden, encoding: .utf8)))
        #expect(unseen.count < ManifestMistakeTests.mistakes.count / 2)
    }

    /// Places of values in the schema that have words to choose from, or a bound.
    private func leaves(_ schema: Schema, at path: [String]) -> [(path: [String], schema: Schema)] {
        var found = [(path: path, schema: schema)]
        for (key, inner) in schema["properties"] as? [String: Schema] ?? [:] {
            found += leaves(inner, at: path + [key])
        }
        if let free = schema["additionalProperties"] as? Schema, path.last != "space" {
            found += leaves(free, at: path + [path == ["corpora"] ? "c" : "a"])
        }
        // Of pairs, one alone means nothing.
        if let items = schema["items"] as? Schema, schema["minItems"] as? Int != 2 {
            found += leaves(items, at: path + ["[]"])
        }
        for form in schema["oneOf"] as? [Schema] ?? [] { found += leaves(form, at: path) }
        return found
    }

    private func reads(_ value: Any, at path: [String]) throws -> Bool {
        var manifest = Self.manifest(with: path)
        if path == ["sweep", "seed"] {
            manifest["sweep"] = ["space": ["layers": [1, 2]], "trials": 1]
        }
        let text = try JSONSerialization.data(withJSONObject: Self.placing(value, at: path, in: manifest))
        // To the schema a word is a text; to the reader it is one without quotes.
        let yaml = String(decoding: text, as: UTF8.self).replacing("\"layers\":\"all\"", with: "\"layers\": all")
        return (try? Pipeline(yaml: yaml, source: "x")) != nil
    }

    @Test func theReaderTakesEveryWordOfTheSchema() throws {
        var count = 0
        for (path, schema) in leaves(try schema(), at: []) {
            let words = schema["enum"] as? [String] ?? (schema["const"] as? String).map { [$0] } ?? []
            for word in words { #expect(try reads(word, at: path), "\(path.joined(separator: ".")): \(word)") }
            if !words.isEmpty { #expect(try !reads("zzzz", at: path), "\(path)") }
            count += words.count
        }
        #expect(count > 40)
    }

    /// At a bound the reader takes a number, and beyond it none.
    @Test func theReaderHasTheBoundsOfTheSchema() throws {
        var count = 0
        for (path, schema) in leaves(try schema(), at: []) {
            let types = (schema["type"] as? String).map { [$0] } ?? schema["type"] as? [String] ?? []
            let step: Double = types.contains("integer") ? 1 : 1e-3
            for (name, sign) in [("minimum", -1.0), ("exclusiveMinimum", -1), ("maximum", 1), ("exclusiveMaximum", 1)] {
                guard let bound = schema[name] as? Double else { continue }
                func number(_ value: Double) -> Any { step == 1 ? Int(value) as Any : value as Any }
                let isOpen = name.hasPrefix("exclusive"), place = "\(path.joined(separator: ".")) \(name) \(bound)"
                // A mixture whose only term weighs nothing is none.
                let isTerm = path.count == 3 && path[1] == "loss" && bound == 0
                if isOpen || isTerm {
                    if isOpen { #expect(try !reads(number(bound), at: path), "\(place)") }
                    #expect(try reads(number(bound - sign * step), at: path), "\(place)")
                } else {
                    #expect(try reads(number(bound), at: path), "\(place)")
                }
                #expect(try !reads(number(bound + sign * step), at: path), "\(place)")
                count += 1
            }
        }
        #expect(count > 40)
    }

    /// Editors complete the keys of a sweep's space: those that the reader takes there, and no others.
    @Test func theKeysOfASpaceAreTheReaders() throws {
        let sweep = (try schema()["properties"] as? [String: Schema])?["sweep"]?["properties"] as? [String: Schema]
        let forms = (sweep?["space"]?["propertyNames"] as? Schema)?["anyOf"] as? [Schema]
        let keys = Set(try #require(forms?.first?["enum"] as? [String]))
        func problem(_ key: String) -> String {
            let text =
                "name: x\ncorpus: m.csv\nmodel: random:tiny\nlabels: [a]\ntrain: {pooling: attentive}\n"
                + "sweep: {space: {\(key): [[]]}}\n"
            let error = #expect(throws: ConfigurationError.self, "\(key)") { try Pipeline(yaml: text, source: "x") }
            return error?.problem ?? ""
        }
        for key in keys { #expect(!problem(key).contains("no such key"), "\(key)") }
        for key in TrainConfiguration.dottedKeys where !keys.contains(key) {
            #expect(Self.notVaried.contains(String(key.prefix { $0 != "." })), "\(key)")
        }
        for key in Self.notVaried { #expect(!keys.contains(key), "\(key)") }
    }

    private static let notVaried = ["labels", "seed", "seeds", "threads", "memory", "scores", "best_metric"]
}
