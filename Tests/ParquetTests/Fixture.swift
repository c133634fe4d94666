import Foundation
import Parquet

/// The tests' files, and `Fuzz/Corpora/parquet`.
enum Fixture {
    private static func folder(_ path: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: path).standardized.path(
            percentEncoded: false)
    }

    static let goldens = folder("Fixtures")
    static let hostile = folder("../../Fuzz/Corpora/parquet")

    static func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".parquet") }
            .sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    /// Opens the file and reads all of it.
    /// - Returns: the first error, without the path; nil where there is none.
    static func failure(_ path: String, bytes: [UInt8]) -> String? {
        do throws(ParquetError) {
            let file = try ParquetFile(path: path, bytes: bytes)
            for column in file.columns { _ = try file.values(of: column) }
            return nil
        } catch {
            return "\(error)".replacing("\(path): ", with: "")
        }
    }
}
