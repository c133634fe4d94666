import Faults
import FrozenModels

/// What a model is, for a terminal.
struct ModelText {
    private let overview: ModelOverview

    init(_ overview: ModelOverview) { self.overview = overview }

    var text: String {
        var table = TextTable([.left, .left])
        table.add("model", printable(overview.model))
        if let folder = overview.folder, folder != overview.model { table.add("folder", folder) }
        if let provenance = overview.provenance {
            table.add("from", printable("\(provenance.repository) at \(provenance.commit)"))
        }
        if let architecture = overview.architecture { add(architecture, to: &table) }
        if let weights = overview.weights { add(weights, to: &table) }
        if let preprocessing = overview.preprocessing {
            table.add(
                "hears", "\(preprocessing.sampleRateHz) Hz, \(preprocessing.normalises ? "" : "not ")normalised")
        }
        table.add("licence", overview.licence.map(printable) ?? "not said here; see where the model comes from")
        table.add("usable", overview.isUsable ? "yes" : "no")
        return (table.lines + overview.problems.map { "problem: \($0)" }).joined(separator: "\n")
    }

    private func add(_ architecture: ModelOverview.Architecture, to table: inout TextTable) {
        table.add(
            "family",
            "\(architecture.family), \(architecture.isPreNorm ? "pre" : "post")-norm, positions by "
                + architecture.positions)
        table.add(
            "layers",
            "\(architecture.layers) of hidden size \(architecture.hiddenSize), \(architecture.heads) heads, "
                + "feed-forward \(architecture.intermediateSize)")
        let convolutions = architecture.convolutions.map { "\($0.channels)x\($0.kernel)/\($0.stride)" }
        table.add("CNN", "\(convolutions.joined(separator: " ")), \(architecture.convolutionNorm) norm")
        table.add("parameters", "\(ModelText.millions(architecture.parameters)) in the encoder")
        table.add(
            "frames", "every \(architecture.hopSamples) samples, the first from \(architecture.minimumSamples) on")
        table.add("cuts", "cnn, 0 to \(architecture.layers)")
    }

    private func add(_ weights: ModelOverview.Weights, to table: inout TextTable) {
        let types = weights.tensorsByType.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        table.add(
            "tensors", "\(weights.tensors): " + types.map { "\($0.value) \(printable($0.key))" }.joined(separator: ", ")
        )
        for (index, file) in weights.files.enumerated() {
            table.add(index == 0 ? "weights" : "", "\(printable(file.name)), \(Words.bytes(file.bytes))")
        }
        if !weights.ignored.isEmpty {
            table.add("ignored", "\(abbreviated(weights.ignored, limit: 6)) (not part of the encoder)")
        }
    }

    /// `94.4 million`
    private static func millions(_ count: Int) -> String {
        let tenths = (count + 50_000) / 100_000
        return tenths == 0 ? "\(count)" : "\(tenths / 10).\(tenths % 10) million"
    }
}
