import Foundation

/// Decodes JSON and turns the library's errors into one line that names the file and the key.
func decodeJSON<T: Decodable>(_ type: T.Type, from bytes: Data, path: String, line: Int? = nil) throws(RunError) -> T {
    do {
        return try JSONDecoder().decode(type, from: bytes)
    } catch {
        throw .malformed(path: path, line: line, problem: plainProblem(error))
    }
}

/// Encodes with sorted keys, so that equal values are equal files.
func encodeJSON(_ value: some Encodable, pretty: Bool, path: String) throws(RunError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
        pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
    do {
        return try encoder.encode(value)
    } catch {
        throw .malformed(path: path, line: nil, problem: plainProblem(error))
    }
}

private func plainProblem(_ error: any Error) -> String {
    func key(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    switch error {
    case DecodingError.keyNotFound(let missing, let context):
        return "key '\(key(context.codingPath + [missing]))' is missing"
    case DecodingError.typeMismatch(let expected, let context), DecodingError.valueNotFound(let expected, let context):
        return "key '\(key(context.codingPath))' is not a \(expected)"
    case DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty:
        return "not valid JSON"
    case DecodingError.dataCorrupted(let context):
        return "key '\(key(context.codingPath))': \(context.debugDescription)"
    case EncodingError.invalidValue(let value, let context):
        return "key '\(key(context.codingPath))' cannot hold \(value)"
    default:
        return error.localizedDescription
    }
}
