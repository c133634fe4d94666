/// What Foundation's decoder says is wrong with a file, in words that fit one line.
package struct JSONMistake: Equatable {
    /// Dotted, list positions as numbers; nil where the file is not JSON at all.
    package let key: String?
    package let problem: String

    package init(_ error: any Error) {
        func dotted(_ keys: [any CodingKey]) -> String {
            keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case DecodingError.keyNotFound(let missing, let context):
            (key, problem) = (dotted(context.codingPath + [missing]), "is missing")
        case DecodingError.valueNotFound(_, let context):
            (key, problem) = (dotted(context.codingPath), "is null")
        case DecodingError.typeMismatch(let expected, let context):
            (key, problem) = (dotted(context.codingPath), "is not \(JSONMistake.words(expected))")
        case DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty:
            (key, problem) = (nil, "not JSON")
        case DecodingError.dataCorrupted(let context):
            (key, problem) = (dotted(context.codingPath), context.debugDescription)
        case EncodingError.invalidValue(let value, let context):
            (key, problem) = (dotted(context.codingPath), "cannot hold \(value)")
        default:
            (key, problem) = (nil, "\(error)")
        }
    }

    private static func words(_ type: Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is Int.Type: "an integer"
        case is Float.Type, is Double.Type: "a number"
        case is any Sequence.Type: "a list or object"
        default: "an object"
        }
    }
}
