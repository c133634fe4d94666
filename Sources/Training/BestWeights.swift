import Checkpoints
import Foundation
import Kernels
import Runs
import SpeechEncoder

/// `best.safetensors`: every trained tensor under its Hugging Face name, the heads, and how to use them.
///
/// What is frozen is in the checkpoint; low-rank adapters are `….lora_A.weight` and `….lora_B.weight` beside the map's name, as in peft.
/// Where the weights are averaged, these are the averages. Beside the parameters it holds `pooled.shift` and `pooled.scale` (`[C]` or
/// `[2C]`, applied to pooled rows before the heads) and, as metadata, the set-up (`SetUp.metadata`), how many frames each row of the cut
/// is the mean of, how frames are pooled and the form of the head by the names that the training configuration has for them, and the
/// dimensions with the affine map from a head's output to the labels' own scale: `label = deviation · output + mean`. Widths and numbers
/// of layers are in the tensors' names and shapes (`RegressionHead.Shape`).
enum BestWeights {
    struct Label: Codable {
        let name: String
        let mean: Double
        let deviation: Double
    }

    static func save(
        _ model: RegressionModel, statistics: [LabelStatistics], configuration: TrainConfiguration, setUp: SetUp,
        pool: Int, to path: String, engine: any Engine
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let labels = zip(model.dimensions, statistics).map {
            Label(name: $0, mean: $1.mean, deviation: $1.deviation)
        }
        let parameters = model.encoderParameters + model.headParameters, standardisation = model.standardisation
        let pooled = [("pooled.shift", standardisation.shift), ("pooled.scale", standardisation.scale)]
        var metadata = setUp.metadata
        metadata["format"] = "undertone-run-1"
        metadata["pool"] = "\(pool)"
        metadata["pooling"] = configuration.pooling.rawValue
        metadata["head"] = configuration.head.form.rawValue
        metadata["labels"] = String(decoding: try encoder.encode(labels), as: UTF8.self)
        var writer = try SafetensorsWriter(
            path: path,
            tensors: parameters.map { ($0.name, $0.shape, .float32) }
                + pooled.map { name, values in (name, [values.count], .float32) }, metadata: metadata)
        // A tensor at a time: the trained part need not be in memory twice.
        for parameter in parameters { try writer.append(engine.download(parameter.value)) }
        for (_, values) in pooled { try writer.append(values) }
        try writer.finish()
    }

    /// The metadata's dimensions with their affine maps.
    /// - Throws: `TrainingError.weights` where the file says nothing of them.
    static func labels(in file: SafetensorsFile) throws(TrainingError) -> [Label] {
        guard let text = file.metadata["labels"],
            let labels = try? JSONDecoder().decode([Label].self, from: Data(text.utf8)), !labels.isEmpty
        else {
            throw .weights(path: file.location, detail: "its metadata has no labels, as best.safetensors of a run has")
        }
        return labels
    }

    /// Puts the saved values back into the model's parameters.
    static func restore(_ model: RegressionModel, from path: String, engine: any Engine) throws {
        let file = try SafetensorsFile.open(path)
        try restore(model.encoderParameters + model.headParameters, from: file, engine: engine)
    }

    static func restore(
        _ parameters: [Parameter], from file: SafetensorsFile, engine: any Engine
    ) throws(CheckpointError) {
        for parameter in parameters {
            TrainingState.load(
                parameter, value: try file.floats(parameter.name, shape: parameter.shape), engine: engine)
        }
    }
}
