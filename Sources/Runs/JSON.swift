import Files
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
    let mistake = JSONMistake(error)
    let colon = mistake.problem.hasPrefix("is ") || mistake.problem.hasPrefix("cannot ") ? "" : ":"
    return mistake.key.map { "key '\($0)'\(colon) \(mistake.problem)" } ?? mistake.problem
}
