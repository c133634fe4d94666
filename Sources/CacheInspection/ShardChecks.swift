import FeatureStore
import Foundation

/// Reads every row of one shard and compares it with its checksum.
struct RowCheck {
    let shard: CacheVerifier.OpenShard

    func run(shouldStop: () -> Bool, onProgress: (_ utterances: Int, _ bytes: Int) -> Void) -> [Finding] {
        let reader = shard.reader
        var findings: [Finding] = []
        var scratch: [UInt8] = []
        for (row, entry) in reader.entries.enumerated() {
            if shouldStop() { break }
            var (mismatched, unreadable, bytes) = ([String](), [String](), 0)
            var detail = ""
            for cut in reader.layout.cuts {
                bytes += reader.byteCount(cut: cut.name, utterance: row)
                do throws(StoreError) {
                    if try !reader.isIntact(cut: cut.name, utterance: row, scratch: &scratch) {
                        mismatched.append(cut.name)
                    }
                } catch {
                    unreadable.append(cut.name)
                    if case .damaged(_, let reason) = error { detail = " (\(reason))" }
                }
            }
            if !mismatched.isEmpty {
                findings.append(
                    finding(entry.id, mismatched, "does not match its checksum", "do not match their checksums"))
            }
            if !unreadable.isEmpty {
                let words = "cannot be read\(detail)"
                findings.append(finding(entry.id, unreadable, words, words))
            }
            onProgress(1, bytes)
        }
        return findings
    }

    private func finding(_ id: String, _ cuts: [String], _ singular: String, _ plural: String) -> Finding {
        let subject = "cut\(cuts.count == 1 ? "" : "s") \(cuts.joined(separator: ", ")) of utterance '\(id)'"
        return Finding(
            .rows, shard.file, utterance: id, cuts: cuts, "\(subject) \(cuts.count == 1 ? singular : plural)")
    }
}

/// Whether every utterance is in the shard that the hash of its id names, which also finds one that is there twice.
struct PlaceCheck {
    let shards: [CacheVerifier.OpenShard]
    let shardCount: Int

    var findings: [Finding] {
        var findings: [Finding] = []
        for shard in shards {
            for entry in shard.reader.entries {
                let home = ShardLayout.shardIndex(id: entry.id, shardCount: shardCount)
                guard home != shard.number else { continue }
                let isTwice = shards.contains { $0.number == home && $0.reader.index(of: entry.id) != nil }
                findings.append(
                    Finding(
                        .misplaced, shard.file, utterance: entry.id,
                        "utterance '\(entry.id)' belongs in \(ShardLayout.fileName(shard: home))"
                            + (isTwice ? ", and is there as well" : "")))
            }
        }
        return findings
    }
}

/// Whether `cache.json` counts what the shards hold.
struct CountCheck {
    let description: CacheDescription
    let shards: [CacheVerifier.OpenShard]
    let directory: String

    var findings: [Finding] {
        var claims: [(what: String, stated: Int, found: Int)] = []
        for shard in shards where shard.number < description.shards.count {
            let listed = description.shards[shard.number]
            let path = (directory as NSString).appendingPathComponent(shard.file)
            claims.append(("utterances of \(shard.file)", listed.utterances, shard.reader.entries.count))
            claims.append(("frames of \(shard.file)", listed.frames, shard.reader.rowCount))
            claims.append(("bytes of \(shard.file)", listed.bytes, fileByteCount(path)))
        }
        let (listed, totals) = (description.shards, description.totals)
        claims.append(("utterances in all", totals.utterances, listed.reduce(0) { $0 + $1.utterances }))
        claims.append(("frames in all", totals.frames, listed.reduce(0) { $0 + $1.frames }))
        claims.append(("bytes in all", totals.bytes, listed.reduce(0) { $0 + $1.bytes }))
        var findings = claims.filter { $0.stated != $0.found }.map {
            Finding(.contradiction, CacheDescription.fileName, "states \($0.stated) \($0.what); there are \($0.found)")
        }
        if shards.count == description.shards.count {
            let samples = shards.reduce(0) { $0 + $1.reader.entries.reduce(0) { $0 + $1.sampleCount } }
            let seconds = Double(samples) / Double(description.preprocessing.sampleRateHz)
            if !(abs(seconds - totals.seconds) <= 1e-6 * max(1, seconds)) {
                findings.append(
                    Finding(
                        .contradiction, CacheDescription.fileName,
                        "states \(totals.seconds) seconds of audio; there are \(seconds)"))
            }
        }
        return findings
    }

    private func fileByteCount(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }
}
