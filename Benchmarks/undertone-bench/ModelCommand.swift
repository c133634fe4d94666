import ArgumentParser
import Checkpoints
import Foundation
import SpeechEncoder

/// A model as a folder in Hugging Face layout: what is loaded at start-up, and by peers, is then a file's weights as users have them,
/// and not drawn from a seed.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Write a model as a folder in Hugging Face layout.")

    @Argument(help: "The model.")
    var model = "random:wav2vec2-base?seed=0"

    @Option(help: "The folder.")
    var to: String

    func run() throws {
        let source = try ModelSpecification(model).open()
        try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
        try source.configuration.data.write(to: URL(filePath: "\(to)/config.json"))
        try source.preprocessor?.data.write(to: URL(filePath: "\(to)/preprocessor_config.json"))
        let names = source.names
        var writer = try SafetensorsWriter(
            path: "\(to)/model.safetensors",
            tensors: names.map { (name: $0, shape: source.shape(of: $0)!, precision: .float32) },
            metadata: ["format": "pt"])
        for name in names { try writer.append(try source.floats(name)) }
        try writer.finish()
    }
}
