import Files
import Yams

/// A YAML mapping read strictly: every key must be known and every value of its type, and an error names file, line,
/// key and, for a misspelt key, the nearest valid one.
///
/// YAML's own guesses are not relied on: `"20"` in quotes is text and not a number, `yes` is not a truth value.
package struct StrictMapping {
    package let source: String
    /// The keys that lead here, dotted; empty at the top.
    package let path: String
    /// Where the mapping begins, counted from 1; nil for one that comes from no file.
    package let line: Int?
    private let entries: [(key: String, keyLine: Int?, value: Node)]
    private let hasLines: Bool
    /// Every key of such a file, dotted from its top, for a right key in a wrong place.
    private let known: [String]

    /// Parses the whole of a YAML text, whose top must be a mapping. An empty text is an empty mapping.
    package init(
        text: String, source: String, hasLines: Bool = true, known: [String] = []
    ) throws(ConfigurationError) {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Self.syntaxError(error, source: source, hasLines: hasLines)
        }
        try self.init(node: node ?? .mapping([:]), source: source, path: "", hasLines: hasLines, known: known)
    }

    private init(
        node: Node, source: String, path: String, hasLines: Bool, known: [String]
    ) throws(ConfigurationError) {
        let line = hasLines ? node.mark?.line : nil
        guard case .mapping(let mapping) = node else {
            let place = path.isEmpty ? "the top of the file" : "key '\(path)'"
            throw ConfigurationError(
                source: source, line: line, problem: "\(place) is \(Self.name(of: node)), expected keys with values")
        }
        var entries: [(key: String, keyLine: Int?, value: Node)] = []
        for (key, value) in mapping {
            let keyLine = hasLines ? key.mark?.line : nil
            guard case .scalar(let scalar) = key else {
                throw ConfigurationError(
                    source: source, line: keyLine, problem: "a key is \(Self.name(of: key)), expected a word")
            }
            entries.append((scalar.string, keyLine, value))
        }
        self.source = source
        self.path = path
        self.line = line
        self.entries = entries
        self.hasLines = hasLines
        self.known = known
    }

    package var keys: [String] { entries.map(\.key) }

    package func contains(_ key: String) -> Bool { keys.contains(key) }

    /// Refuses every key but these; a key in `refused` is answered with its own message.
    package func allowOnly(_ valid: [String], refused: [String: String] = [:]) throws(ConfigurationError) {
        for key in keys where !valid.contains(key) {
            if let message = refused[key] { throw error(at: key, message) }
            let near = nearestName(to: key, among: valid), isTypo = near.map { editDistance(key, $0) < 2 } ?? false
            let hint = (isTypo ? nil : place(of: key)) ?? near.map { "did you mean '\($0)'?" }
            let list = valid.map { "'\($0)'" }.joined(separator: ", ")
            throw error(
                at: key, "no such key; \(hint ?? "expected one of") \(hint == nil ? list : "valid here: \(list)")")
        }
    }

    /// Where a key of that very name belongs: as near to here as it goes, and no deeper than it must be. Of one that holds others, the
    /// first of those.
    private func place(of key: String) -> String? {
        let here = path.split(separator: ".")
        func nearness(_ parts: [Substring]) -> Int { zip(parts, here).prefix { $0 == $1 }.count }
        let wanted = key.split(separator: ".").last ?? ""
        let all = known.map { $0.split(separator: ".") }
        let candidates = all.filter { $0.last == wanted }
        let found = (candidates.isEmpty ? all.filter { $0.contains(wanted) } : candidates).enumerated().min { a, b in
            let (one, other) = (a.element, b.element)
            return (-nearness(one), one.count, a.offset) < (-nearness(other), other.count, b.offset)
        }
        return found.map { _, parts in
            "did you mean '\(parts.joined(separator: "."))'\(parts.count == 1 ? " at the top" : "")?"
        }
    }

    /// An error about the value of `key`, with its place.
    package func error(at key: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(source: source, line: line(of: key), problem: "key '\(dotted(key))': \(problem)")
    }

    // Each reader gives nil where the key is absent: the caller's default holds.

    package func mapping(_ key: String) throws(ConfigurationError) -> StrictMapping? {
        guard let node = node(key) else { return nil }
        return try StrictMapping(node: node, source: source, path: dotted(key), hasLines: hasLines, known: known)
    }

    package func string(_ key: String) throws(ConfigurationError) -> String? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let scalar) = node, !Self.isNull(node), !scalar.string.isEmpty else {
            throw error(at: key, "expected text, found \(Self.name(of: node))")
        }
        return scalar.string
    }

    /// - Parameters:
    ///   - key: of this mapping, without what leads to it.
    ///   - minimum: the least value that is right.
    ///   - alternative: a word that is as good, for the error alone; `says` tells whether it stands there.
    package func integer(
        _ key: String, atLeast minimum: Int, or alternative: String? = nil
    ) throws(ConfigurationError) -> Int? {
        guard let node = node(key) else { return nil }
        guard let text = Self.plain(node), let value = Int(text.replacing("_", with: "")) else {
            let expected = "a whole number" + (alternative.map { " or \($0)" } ?? "")
            throw error(at: key, "expected \(expected), found \(Self.name(of: node))")
        }
        guard value >= minimum else { throw error(at: key, "expected \(minimum) or more, found \(value)") }
        return value
    }

    package func number(
        _ key: String, in range: ClosedRange<Double>, _ expected: String
    ) throws(ConfigurationError) -> Double? {
        guard let node = node(key) else { return nil }
        guard let text = Self.plain(node), let value = Double(text), value.isFinite else {
            throw error(at: key, "expected a number, found \(Self.name(of: node))")
        }
        guard range.contains(value) else { throw error(at: key, "expected \(expected), found \(text)") }
        return value
    }

    package func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let node = node(key) else { return nil }
        switch Self.plain(node) {
        case "true": return true
        case "false": return false
        default: throw error(at: key, "expected true or false, found \(Self.name(of: node))")
        }
    }

    /// One of a type's raw values.
    package func choice<T: RawRepresentable & CaseIterable>(
        _ key: String, of type: T.Type
    ) throws(ConfigurationError) -> T? where T.RawValue == String {
        guard let text = try string(key) else { return nil }
        if let value = T(rawValue: text) { return value }
        let valid = T.allCases.map(\.rawValue)
        let hint = nearestName(to: text, among: valid).map { " (did you mean '\($0)'?)" } ?? ""
        throw error(at: key, "expected \(valid.joined(separator: " or ")), found '\(text)'\(hint)")
    }

    /// A list of texts; a number or word without quotes is taken as it is written.
    package func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let items = try items(key) else { return nil }
        var result: [String] = []
        for item in items {
            guard case .text(let text) = item else {
                throw error(at: key, "expected a list of words, found a mapping in it")
            }
            result.append(text)
        }
        return result
    }

    /// Seeds, from a list of texts.
    /// - Parameters:
    ///   - items: at least one, each different from the others.
    ///   - key: where they stood, for errors.
    ///   - example: of a right one, for who gave another.
    package func seeds(
        _ items: [String], at key: String, example: String
    ) throws(ConfigurationError) -> [UInt64] {
        let seeds = items.compactMap(UInt64.init)
        guard !seeds.isEmpty, seeds.count == items.count, Set(seeds).count == seeds.count else {
            throw error(
                at: key,
                "expected different whole numbers of 0 or more, e.g. \(example), found "
                    + "[\(items.joined(separator: ", "))]")
        }
        return seeds
    }

    package enum Item {
        case text(String)
        case mapping(StrictMapping)
    }

    /// A list whose members are words or mappings.
    package func items(_ key: String) throws(ConfigurationError) -> [Item]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let sequence) = node else {
            throw error(at: key, "expected a list such as [a, b], found \(Self.name(of: node))")
        }
        var result: [Item] = []
        for (index, item) in sequence.enumerated() {
            if case .scalar(let scalar) = item, !Self.isNull(item), !scalar.string.isEmpty {
                result.append(.text(scalar.string))
            } else if case .mapping = item {
                let path = "\(dotted(key))[\(index)]"
                result.append(
                    .mapping(
                        try StrictMapping(node: item, source: source, path: path, hasLines: hasLines, known: known)))
            } else {
                throw error(at: key, "member \(index + 1) is \(Self.name(of: item)), expected a word")
            }
        }
        return result
    }

    package func isList(_ key: String) -> Bool {
        if case .sequence = node(key) { true } else { false }
    }

    /// The line of a key, or else of the mapping.
    package func line(of key: String) -> Int? { entries.first { $0.key == key }?.keyLine ?? line }

    /// The line of `a.b`, or of as much of it as is there.
    func line(ofDotted key: String) -> Int? {
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        guard let first = parts.first, contains(first) else { return line }
        guard parts.count == 2, isMapping(first), let inner = try? mapping(first) else { return line(of: first) }
        return inner.contains(String(parts[1].prefix { $0 != "." })) ? inner.line(ofDotted: parts[1]) : line(of: first)
    }

    /// A value as YAML on one line, from which it reads back equal.
    package func text(_ key: String) -> String? { node(key).map(Self.flow) }

    /// The members of a list, whatever they are, as YAML on one line each, with the lines that they stand on.
    package func texts(_ key: String) throws(ConfigurationError) -> [(text: String, line: Int?)]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let sequence) = node else {
            throw error(at: key, "expected a list such as [a, b], found \(Self.name(of: node))")
        }
        return sequence.map { (Self.flow($0), hasLines ? $0.mark?.line : nil) }
    }

    /// Every value that is no mapping, under its dotted key, in order.
    func settings() throws(ConfigurationError) -> [(key: String, value: SettingValue)] {
        var settings: [(key: String, value: SettingValue)] = []
        for entry in entries {
            if case .mapping = entry.value {
                settings += try mapping(entry.key)?.settings() ?? []
            } else if case .scalar(let scalar) = entry.value {
                let value = Self.plain(entry.value).map { SettingValue(plain: $0) } ?? .text(scalar.string)
                settings.append((dotted(entry.key), value))
            } else {
                settings.append((dotted(entry.key), .text(Self.flow(entry.value))))
            }
        }
        return settings
    }

    private static func flow(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): plain(node) ?? scalar.string.jsonLiteral
        case .sequence(let members): "[\(members.map(flow).joined(separator: ", "))]"
        case .mapping(let pairs): "{\(pairs.map { "\(flow($0.key)): \(flow($0.value))" }.joined(separator: ", "))}"
        case .alias: "null"
        }
    }

    package func isMapping(_ key: String) -> Bool {
        if case .mapping = node(key) { true } else { false }
    }

    /// Whether the value is this very word, without quotes.
    package func says(_ word: String, at key: String) -> Bool { node(key).flatMap(Self.plain) == word }

    package func isNull(_ key: String) -> Bool { node(key).map(Self.isNull) ?? false }

    private func node(_ key: String) -> Node? { entries.first { $0.key == key }?.value }

    private func dotted(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private static func plain(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return nil }
        return scalar.string
    }

    private static func isNull(_ node: Node) -> Bool {
        plain(node).map { ["", "~", "null", "Null", "NULL"].contains($0) } ?? false
    }

    private static func name(of node: Node) -> String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar) where isNull(node): scalar.string.isEmpty ? "nothing" : "'\(scalar.string)'"
        case .scalar(let scalar): plain(node) == nil ? "the text \"\(scalar.string)\"" : "'\(scalar.string)'"
        case .alias: "an alias"
        }
    }

    private static func syntaxError(_ error: any Error, source: String, hasLines: Bool) -> ConfigurationError {
        guard let error = error as? YamlError else {
            return ConfigurationError(source: source, problem: "not valid YAML", kind: .badInput)
        }
        let (mark, problem): (Mark?, String) =
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                (mark, problem)
            case .duplicatedKeysInMapping(let duplicates, let context):
                (context.mark, "key '\(duplicates.first ?? "?")' is given twice")
            default: (nil, "it cannot be read as UTF-8 text")
            }
        return ConfigurationError(
            source: source, line: hasLines ? mark?.line : nil, problem: "not valid YAML: \(problem)", kind: .badInput)
    }
}
