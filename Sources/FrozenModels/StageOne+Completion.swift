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
    ///   - measureFidelity: measures the finished shards; not asked where these very rows have been measured.
    /// - Returns: the fidelity that `cache.json` has: where nothing could be measured, what was known of the rows of before.
    /// - Throws: `CheckpointError`, `ManifestError` or `StoreError` where a file cannot be written; what `finish` throws.
    @discardableResult
    public func complete(
        _ summary: inout CachingSummary, model: FrozenModel, programVersions: [String: String],
        measureFidelity: () throws -> CacheDescription.Fidelity?
    ) throws -> CacheDescription.Fidelity? {
        let layout = settings.layout
        var fidelity: CacheDescription.Fidelity?
        try finish(&summary) { summary in
            let before = try? CacheDescription.read(directory: settings.directory)
            let fingerprint = String(summary.fingerprint, radix: 16)
            fidelity = before?.fidelity
            if fidelity?.rowFingerprint != fingerprint, var measured = try measureFidelity() {
                measured.rowFingerprint = fingerprint
                fidelity = measured
            }
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
                arithmetic: arithmetic(of: summary, since: before),
                versions: programVersions.merging([
                    "onednn": CPUEngine.libraryVersion, "hdf5": ShardLayout.libraryVersion,
                    "resampler": AudioFile.resamplerDescription,
                ]) { $1 })
        }
        return fidelity
    }

    /// What the shards say. Of rows of before shards said it, what the cache said of all of its own; nil where nobody knows.
    private func arithmetic(of summary: CachingSummary, since before: CacheDescription?) -> [String]? {
        var known = summary.arithmetic
        if let told = before?.arithmetic, known.remove(CacheDescription.unknownArithmetic) != nil {
            known.formUnion(told)
        }
        return known.subtracting([CacheDescription.unknownArithmetic]).isEmpty ? nil : known.sorted()
    }
}
