import Foundation
import Synchronization

/// A folder for one test, removed when the value goes.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "undertone-test-" + UUID().uuidString

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    func file(_ name: String) -> String { "\(path)/\(name)" }
    func data(_ name: String) -> Data? { FileManager.default.contents(atPath: file(name)) }
}

/// What a fetch said, and how often something happened.
final class Log: Sendable {
    private let entries = Mutex<[String]>([])
    private let counts = Mutex<[String: Int]>([:])

    var lines: [String] { entries.withLock { $0 } }
    func add(_ line: String) { entries.withLock { $0.append(line) } }

    /// - Returns: how often it was called so far, this time included.
    @discardableResult
    func count(_ what: String) -> Int {
        counts.withLock { counts in
            counts[what, default: 0] += 1
            return counts[what]!
        }
    }
}
