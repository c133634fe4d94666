import Caching
import Corpus
import FeatureStore
import Foundation
import Kernels

extension StageOne {
    /// Makes a folder of shards a cache, one process at a time: writes the weights above the cut, the corpus, the rejects, and
    /// `cache.json` last.
    ///
    /// - Parameters:
    ///   - summary: of a run over all shards; see `finish`.
    ///   - model: whose layers computed them.
    ///   - programVersions: of the program and what it was built with; those of the libraries are added.
    ///   - fidelity: measures the finished shards, or says what is known of them.
    /// - Throws: `CheckpointError`, `ManifestError` or `StoreError` where a file cannot be written; what `finish` throws.
    public func complete(
        _ summary: inout CachingSummary, model: FrozenModel, programVersions: [String: String],
        fidelity: () throws -> CacheDescription.Fidelity?
    ) throws {
        let layout = settings.layout
        try finish(&summary) { summary in
            let fidelity = try fidelity()
            let before = try? CacheDescription.read(directory: settings.directory)
            let upperSHA256 = try model.writeUpperWeights(to: settings.directory + "/upper.safetensors")
            var preprocessing = model.preprocessing
            preprocessing.hopSamples = layout.hopSamples
            return CacheDescription(
                key: layout.key, cuts: layout.cuts, frozenWeightsSHA256: model.frozenWeightsSHA256,
                upperSHA256: upperSHA256, model: try model.configurationJSON(),
                modelSource: settings.withholdsPaths ? model.locationWithoutFolders : model.location,
                preprocessing: preprocessing, storage: layout.storage, pool: layout.pool,
                compute: model.compute.rawValue, shards: summary.shards,
                totals: .init(
                    utterances: summary.utterances, frames: summary.frames, seconds: summary.seconds,
                    bytes: summary.bytes),
                pathsWithheld: settings.withholdsPaths ? true : nil, fidelity: fidelity,
                arithmetic: model.arithmetic(since: before, computed: summary.computed),
                versions: programVersions.merging([
                    "onednn": CPUEngine.libraryVersion, "hdf5": ShardLayout.libraryVersion,
                    "resampler": AudioFile.resamplerDescription,
                ]) { $1 })
        }
    }
}
