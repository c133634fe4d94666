import Foundation

@testable import Checkpoints

/// Files written by torch and safetensors themselves: see `Fixtures/make_fixtures.py`.
enum Fixtures {
    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
            .path(percentEncoded: false)
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(name))))
    }

    /// The tensors of `state()` in the script, under their canonical names.
    static let state: [(name: String, shape: [Int], floats: [Float])] = [
        ("classifier.weight", [1, 2], [-0.5, 0.5]),
        ("encoder.layer_norm.weight", [6], ramp(6).map { ($0 - 2.5) / 3 }),
        ("encoder.pos_conv_embed.conv.weight_g", [1, 1, 3], [1, 2, 3]),
        ("encoder.pos_conv_embed.conv.weight_v", [2, 2, 3], ramp(12).map { $0 / 7 }),
        ("feature_projection.projection.weight", [4, 6], ramp(24).map { $0 * 0.125 - 1 }),
    ]

    static func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0) } }
}

/// A folder of its own for one test; removed when the value goes.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-tests-\(UUID().uuidString)")
            .path(percentEncoded: false)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var contents: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }

    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    /// The error's text with this folder's path taken out, so that messages can be compared literally.
    func message(_ error: (any Error)?) -> String? {
        error.map { "\($0)".replacing("\(path)/", with: "").replacing(path, with: "FOLDER") }
    }
}
