import CNumerics
import Caching
import Checkpoints
import Corpus
import FeatureStore
import Foundation
import SpeechEncoder

/// Whether `upper.safetensors` is the file that was written, and holds all that training above the lowest cut needs.
struct UpperWeightsCheck {
    static let fileName = "upper.safetensors"
    let directory: String
    let description: CacheDescription

    var findings: [Finding] {
        let name = UpperWeightsCheck.fileName
        let path = (directory as NSString).appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: path) else { return [Finding(.missing, name, "is not there")] }
        let weights: SafetensorsFile
        do {
            weights = try SafetensorsFile.open(path)
        } catch {
            return [Finding(.unreadable, name, words(error, path))]
        }
        var findings: [Finding] = []
        if let recorded = description.upperSHA256 {
            if weights.sha256 != recorded {
                findings.append(Finding(.contradiction, name, "its SHA-256 is not the one that cache.json records"))
            }
        } else {
            findings.append(
                Finding(.remark, name, "cache.json records no checksum of it; undertone-cache, run again, adds one"))
        }
        let wanted: [TensorEntry]
        do {
            wanted = try entries()
        } catch {
            let words = "the model's configuration cannot be understood: \(error)"
            return findings + [Finding(.unreadable, CacheDescription.fileName, words)]
        }
        for entry in wanted {
            do throws(CheckpointError) {
                let floats = try weights.floats(entry.name, shape: entry.shape)
                // No sum of squares of finite float32 values leaves a double's range.
                guard !ut_sum_of_squares(floats, floats.count).isFinite else { continue }
                findings.append(
                    Finding(.unreadable, name, "tensor \(entry.name) has values that are infinite or not a number"))
            } catch {
                findings.append(Finding(.unreadable, name, words(error, path)))
            }
        }
        return findings
    }

    private func entries() throws -> [TensorEntry] {
        let configuration = try EncoderConfiguration(
            ConfigurationFile(path: CacheDescription.fileName, data: try JSONEncoder().encode(description.model)))
        guard let lowest = description.cuts.compactMap({ Cut($0.name) }).min() else { return [] }
        return TensorNames(configuration).upper(above: lowest)
    }

    private func words(_ error: CheckpointError, _ path: String) -> String {
        error.description.replacing("\(path): ", with: "")
    }
}

/// Whether `corpus.csv` and `rejects.csv` can be read and account for every utterance.
struct MemberCheck {
    let directory: String
    /// The ids in all shards that could be opened.
    let cached: Set<String>
    let unknownShards: [Int: String]
    let shardCount: Int

    var findings: [Finding] {
        func path(_ name: String) -> String { (directory as NSString).appendingPathComponent(name) }
        var findings: [Finding] = []
        var rejected: Set<String>?
        do throws(StoreError) {
            rejected = Set(try Reject.load(path("rejects.csv")).map(\.id))
        } catch .missing {
            findings.append(Finding(.missing, "rejects.csv", "is not there"))
        } catch {
            let detail = if case .damaged(_, let detail) = error { detail } else { "\(error)" }
            findings.append(Finding(.unreadable, "rejects.csv", detail))
        }
        do throws(ManifestError) {
            let manifest = try CorpusManifest.load(path("corpus.csv"))
            findings += account(for: manifest, rejected: rejected)
        } catch {
            switch error {
            case .missing: findings.append(Finding(.missing, "corpus.csv", "is not there"))
            case .invalid(_, let problems):
                findings += problems.map { Finding(.unreadable, "corpus.csv", "line \($0.line): \($0.message)") }
            default:
                let words = error.description.replacing("\(path("corpus.csv")): ", with: "")
                findings.append(Finding(.unreadable, "corpus.csv", words))
            }
        }
        return findings
    }

    private func account(for manifest: CorpusManifest, rejected: Set<String>?) -> [Finding] {
        var findings: [Finding] = []
        var lost = [Int: Int]()
        for utterance in manifest.utterances
        where !cached.contains(utterance.id) && rejected?.contains(utterance.id) != true {
            let home = shardCount > 0 ? ShardLayout.shardIndex(id: utterance.id, shardCount: shardCount) : 0
            if unknownShards[home] != nil {
                // The shard is named already; its utterances are only counted.
                lost[home, default: 0] += 1
            } else if rejected != nil {
                findings.append(
                    Finding(
                        .uncached, "corpus.csv", utterance: utterance.id,
                        "line \(utterance.line): utterance '\(utterance.id)' is neither cached nor rejected"))
            }
        }
        for (shard, count) in lost.sorted(by: { $0.key < $1.key }) {
            findings.append(
                Finding(
                    .remark, unknownShards[shard]!,
                    "\(count) utterance\(count == 1 ? "" : "s") of corpus.csv belong\(count == 1 ? "s" : "") in it"))
        }
        let kept = cached.subtracting(manifest.utterances.map(\.id)).count
        if kept > 0 {
            findings.append(
                Finding(
                    .remark, "corpus.csv", "\(kept) cached utterance\(kept == 1 ? " is" : "s are") not in it any more"))
        }
        return findings
    }
}
