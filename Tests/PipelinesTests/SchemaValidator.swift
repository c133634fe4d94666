import Foundation
import Yams

/// As much of JSON Schema (draft 7) as `pipelines/schema.json` uses, so that what editors would say of a manifest can be tested.
enum SchemaValidator {
    typealias Schema = [String: Any]

    /// Those that say nothing about values, and those that are looked at below.
    static let keywords: Set<String> = [
        "$schema", "title", "description", "type", "const", "enum", "properties", "additionalProperties",
        "propertyNames",
        "required", "minProperties", "items", "minItems", "maxItems", "uniqueItems", "minimum", "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum", "pattern", "oneOf", "anyOf", "not",
    ]

    /// YAML as plain values: `NSNull`, `Bool`, `Int`, `Double`, `String`, `[Any]` and `[String: Any]`.
    static func value(yaml: String) throws -> Any { value(try Yams.compose(yaml: yaml)) }

    private static func value(_ node: Node?) -> Any {
        switch node {
        case .mapping(let pairs):
            Dictionary(pairs.map { ($0.key.string ?? "", value($0.value)) }, uniquingKeysWith: { $1 })
        case .sequence(let members): members.map { value($0) }
        case .scalar?: node?.any ?? NSNull()
        case .alias, nil: NSNull()
        }
    }

    /// What is wrong with a value, with its place; empty where it is valid.
    static func mistakes(_ value: Any, _ schema: Schema, at path: String = "") -> [String] {
        var mistakes: [String] = []
        func say(_ words: String) { mistakes.append("\(path.isEmpty ? "the top" : path): \(words)") }
        if let types = (schema["type"] as? String).map({ [$0] }) ?? schema["type"] as? [String],
            !types.contains(where: { isType(value, $0) })
        {
            say("expected \(types.joined(separator: " or ")), found \(value)")
        }
        let values = schema["enum"] as? [String] ?? (schema["const"] as? String).map { [$0] }
        if let values, !values.contains(where: { $0 == value as? String }) {
            say("expected one of \(values), found \(value)")
        }
        if let text = value as? String, let pattern = schema["pattern"] as? String,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            say("'\(text)' is not like \(pattern)")
        }
        if let number = number(value) {
            let bounds: [(String, (Double, Double) -> Bool)] = [
                ("minimum", { $0 >= $1 }), ("maximum", { $0 <= $1 }), ("exclusiveMinimum", { $0 > $1 }),
                ("exclusiveMaximum", { $0 < $1 }),
            ]
            for (name, holds) in bounds {
                if let bound = schema[name] as? Double, !holds(number, bound) {
                    say("\(number) is beyond \(name)")
                }
            }
        }
        if let list = value as? [Any] { mistakes += self.mistakes(list: list, schema, at: path) }
        if let object = value as? Schema { mistakes += self.mistakes(object: object, schema, at: path) }
        if let forms = schema["oneOf"] as? [Schema], forms.count(where: { Self.mistakes(value, $0).isEmpty }) != 1 {
            say("\(value) is not of one of \(forms.count) forms")
        }
        if let forms = schema["anyOf"] as? [Schema], !forms.contains(where: { Self.mistakes(value, $0).isEmpty }) {
            say("\(value) is of none of \(forms.count) forms")
        }
        if let not = schema["not"] as? Schema, Self.mistakes(value, not).isEmpty { say("is what it must not be") }
        return mistakes
    }

    private static func mistakes(list: [Any], _ schema: Schema, at path: String) -> [String] {
        var mistakes: [String] = []
        if let least = schema["minItems"] as? Int, list.count < least {
            mistakes.append("\(path): fewer than \(least)")
        }
        if let most = schema["maxItems"] as? Int, list.count > most { mistakes.append("\(path): more than \(most)") }
        if schema["uniqueItems"] as? Bool == true, Set(list.map { "\($0)" }).count < list.count {
            mistakes.append("\(path): one twice")
        }
        if let items = schema["items"] as? Schema {
            for (index, item) in list.enumerated() { mistakes += Self.mistakes(item, items, at: "\(path)[\(index)]") }
        }
        return mistakes
    }

    private static func mistakes(object: Schema, _ schema: Schema, at path: String) -> [String] {
        let properties = schema["properties"] as? [String: Schema] ?? [:]
        var mistakes: [String] = []
        for key in schema["required"] as? [String] ?? [] where object[key] == nil {
            mistakes.append("\(path): no \(key)")
        }
        if let least = schema["minProperties"] as? Int, object.count < least {
            mistakes.append("\(path): fewer than \(least)")
        }
        for (key, value) in object {
            let place = path.isEmpty ? key : "\(path).\(key)"
            if let names = schema["propertyNames"] as? Schema { mistakes += Self.mistakes(key, names, at: place) }
            if let own = properties[key] {
                mistakes += Self.mistakes(value, own, at: place)
            } else if let other = schema["additionalProperties"] as? Schema {
                mistakes += Self.mistakes(value, other, at: place)
            } else if schema["additionalProperties"] as? Bool == false {
                mistakes.append("\(place): no such key")
            }
        }
        return mistakes
    }

    private static func isType(_ value: Any, _ type: String) -> Bool {
        switch type {
        case "null": value is NSNull
        case "boolean": value is Bool
        case "integer": number(value).map { $0 == $0.rounded() } ?? false
        case "number": number(value) != nil
        case "string": value is String
        case "array": value is [Any]
        case "object": value is Schema
        default: false
        }
    }

    private static func number(_ value: Any) -> Double? {
        if value is Bool { return nil }
        return value as? Double ?? (value as? Int).map(Double.init)
    }
}
