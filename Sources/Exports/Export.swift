import Checkpoints
import FeatureStore
import Files
import Foundation
import Prediction
import Training

/// What other software reads.
public enum ExportFormat: String, Sendable, CaseIterable {
    /// A folder that transformers loads.
    case huggingFace = "hf"
    /// Adapters that peft loads on the original checkpoint.
    case peft
    /// One graph from the waveform to the scores.
    case onnx
    /// All weights in one file.
    case safetensors
    /// One file that `undertone predict` takes in the place of a run and its checkpoint.
    case bundle
}

/// Writes a finetuned model for other software, with a model card beside it.
public struct Export {
    public let model: FinetunedModel
    public let format: ExportFormat
    public let directory: String
    /// Of the program, for the model card.
    let version: String

    public init(_ model: FinetunedModel, as format: ExportFormat, into directory: String, version: String) {
        self.model = model
        self.format = format
        self.directory = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        self.version = version
    }

    /// - Parameter replace: whether the folder may have something in it already, which stays unless it has one of the export's names.
    /// - Returns: paths of the files, the model card last.
    /// - Throws: `ExportError.unfit`, before anything is written, and `.occupied`; what writing throws.
    public func write(replace: Bool) throws -> [String] {
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        guard replace || contents.isEmpty else { throw ExportError.occupied(path: directory) }
        let heads = try FoldedHeads(model.configuration, hiddenSize: model.encoder.hiddenSize, trained: model.trained)
        let writer: (() throws -> [String])
        switch format {
        case .huggingFace: writer = try HuggingFaceExport(self, heads).write
        case .peft: writer = try AdapterExport(self, heads).write
        case .onnx: writer = { try self.writeONNX(heads) }
        case .safetensors: writer = { [try self.writeWeights(heads)] }
        case .bundle: writer = { [try self.writeBundle()] }
        }
        try writing(as: ExportError.self) { () throws(WriteFailure) in try makeFolder(directory) }
        var files = try writer()
        files.append(try write(ModelCard(self, files: files, dimensions: heads.dimensions).text, to: "README.md"))
        return files
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func unfit(_ reason: String, fitting: [ExportFormat]) -> ExportError {
        .unfit(run: model.location, format: format.rawValue, reason: reason, fitting: fitting.map(\.rawValue))
    }

    /// - Throws: `ExportError.unfit` for rows that are means of several frames.
    func requireWholeFrames(fitting formats: [ExportFormat]) throws(ExportError) {
        let pool = model.record.features.pool
        guard pool == 1 else {
            throw unfit(
                "it was trained on means of \(pool) frames, which no class of transformers takes", fitting: formats)
        }
    }

    func write(_ text: String, to name: String) throws(ExportError) -> String {
        let path = path(name)
        try writing(as: ExportError.self) { () throws(WriteFailure) in try AtomicFile.write(text, to: path) }
        return path
    }

    /// Pretty, keys sorted.
    func write(_ value: JSONValue, to name: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", to: name)
    }

    private func writeBundle() throws -> String {
        let path = path("bundle.safetensors")
        try ModelBundle.write(model, to: path)
        return path
    }

    /// The encoder under Hugging Face's names without the family's prefix, adapters merged, and the folded heads under the run's.
    private func writeWeights(_ heads: FoldedHeads) throws -> String {
        let path = path("model.safetensors"), merged = MergedWeights(model)
        try merged.write(
            to: path, encoderPrefix: "", heads: heads.tensors,
            metadata: [
                "format": "pt", "family": model.encoder.family, "pooling": model.configuration.pooling.rawValue,
                "head": model.configuration.head.form.rawValue, "dimensions": heads.dimensions.joined(separator: ","),
                "pool": "\(model.record.features.pool)", "cut": "\(model.cut)",
            ])
        return path
    }
}
