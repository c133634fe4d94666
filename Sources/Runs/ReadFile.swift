import Foundation

/// The whole of a file.
/// - Parameter advice: what to do where there is no such file.
func readFile(_ path: String, advice: String) throws(RunError) -> Data {
    guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path, advice: advice) }
    do {
        return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
        throw .unreadable(path: path, reason: error.localizedDescription)
    }
}
