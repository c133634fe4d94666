import Foundation
import Runs
import Testing

/// What fuzzing found, and what it starts from, in the ordinary build: `Fuzz/Corpora/training`.
@Suite struct FuzzCorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fuzz/Corpora/training").standardized.path(percentEncoded: false)
    static let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

    @Test(arguments: files)
    func whatIsReadIsWrittenTheSame(file: String) throws {
        let yaml = try String(contentsOfFile: "\(Self.folder)/\(file)", encoding: .utf8)
        let configuration = try TrainConfiguration(yaml: yaml, source: file)
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "config.yaml") == configuration)
    }

    /// A line feed in a label was written as it is, and read back as a space.
    @Test(arguments: [
        "a\nb", "a\tb\u{7F}", "\u{85}\u{2028}\u{FEFF}", "ünï \u{1F600}", "back\\slash \"quoted\"", "no", " a",
    ])
    func anyLabelNameRoundTrips(name: String) throws {
        let configuration = TrainConfiguration(labels: [.init(name: name), .init(name: "b", scale: -1...1)])
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "config.yaml") == configuration)
    }
}
