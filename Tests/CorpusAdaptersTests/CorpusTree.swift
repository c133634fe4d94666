import Corpus
import CorpusAdapters
import Foundation
import Testing

/// A corpus's folder, made by a test and gone with the value.
final class CorpusTree {
    let path: String

    init() throws {
        let root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        path = "\(root)/undertone-adapter-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        let url = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ name: String, _ text: String) throws { try write(name, text.utf8) }

    /// A recording of a tenth of a second, or more, of its own sound.
    func record(_ name: String, pitch: Int = 1, frames: Int = 1600) throws {
        var bytes = Array("RIFF".utf8)
        func add(_ value: Int, _ width: Int) {
            for byte in 0..<width { bytes.append(UInt8(value >> (8 * byte) & 0xFF)) }
        }
        add(36 + 2 * frames, 4)
        bytes += Array("WAVEfmt ".utf8)
        for (value, width) in [(16, 4), (1, 2), (1, 2), (16_000, 4), (32_000, 4), (2, 2), (16, 2)] { add(value, width) }
        bytes += Array("data".utf8)
        add(2 * frames, 4)
        for index in 0..<frames { add(index * pitch % 997, 2) }
        try write(name, bytes)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    /// What comes of it, with a manifest in the tree itself.
    func assemble(_ adapter: some CorpusAdapter, checksAudio: Bool = false) throws -> AssembledCorpus {
        try AssembledCorpus(
            adapter.read(), of: adapter, manifestPath: "\(path)/manifest.csv", checksAudio: checksAudio)
    }

    /// The faults' lines, without the tree's own path.
    func faults(_ corpus: AssembledCorpus) -> [String] { corpus.faults.map(shortened) }
    func warnings(_ corpus: AssembledCorpus) -> [String] { corpus.report.warnings.map { shortened($0.text) } }
    func shortened(_ text: some CustomStringConvertible) -> String { "\(text)".replacing("\(path)/", with: "") }

    /// The error that reading the corpus ends in, without the tree's own path.
    func failure(_ adapter: some CorpusAdapter) -> String {
        do throws(AdapterError) {
            _ = try adapter.read()
            return "no error"
        } catch {
            return shortened(error)
        }
    }
}

extension AssembledCorpus {
    /// A column of the manifest, by id.
    func column(_ name: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: manifest.utterances.map { ($0.id, $0.cells[name] ?? "no such column") })
    }
}
