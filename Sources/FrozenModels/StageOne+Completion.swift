import Caching
import Corpus
import FeatureStore
import Foundation
import Kernels

extension StageOne {
    /// Makes a folder of shards a cache: writes the weights above the cut, the corpus, the rejects, and `cache.json` last.
    ///
    /// - Parameters:
    ///   - summary: of a run over all shards.
    ///   - model: whose layers computed them.
    ///   - programVersions: of the program and what it was built with; those of the libraries are added.
    /// - Throws: `CheckpointError`, `ManifestError` or `StoreError` where a file cannot be written.
    public func complete(
        _ summary: CachingSummary, model: FrozenModel, fidelity: CacheDescription.Fidelity?,
        programVersions: [String: String]
    ) throws {
        let layout = settings.layout
        let upperSHA256 = try model.writeUpperWeights(to: settings.directory + "/upper.safetensors")
        let description = CacheDescription(
            key: layout.key, cuts: layout.cuts, frozenWeightsSHA256: model.frozenWeightsSHA256,
            upperSHA256: upperSHA256, model: try model.configurationJSON(), modelSource: model.location,
            preprocessing: model.preprocessing, storage: layout.storage, compute: model.compute.rawValue,
            shards: summary.shards,
            totals: .init(
                utterances: summary.utterances, frames: summary.frames, seconds: summary.seconds, bytes: summary.bytes),
            fidelity: fidelity,
            versions: programVersions.merging([
                "onednn": CPUEngine.libraryVersion, "hdf5": ShardLayout.libraryVersion,
                "resampler": AudioFile.resamplerDescription,
            ]) { $1 })
        try writeSummaryFiles(summary, description: description)
    }
}
