import CacheInspection
import Foundation

/// What `undertone verify` prints.
struct VerifyReport: Encodable {
    var directory: String
    var verification: CacheVerification
    var repair: RepairJob.Outcome?
    /// Verified again after the repair.
    var after: CacheVerification?

    var text: String { (verification.findings.map(\.line) + [summary(verification)]).joined(separator: "\n") }

    /// What is new to a reader who has seen `text`.
    var repairText: String {
        guard let repair, let after else { return text }
        var lines = repair.setAside.map { "set aside: \($0.file), now \($0.renamed)" }
        lines += repair.lost.map {
            "lost: utterance '\($0)' is not in corpus.csv any more, so it was dropped and not computed again"
        }
        lines += repair.changed.map {
            "changed: the recording of utterance '\($0)' is not what it was; its rows are now those of the new one"
        }
        let rejected = repair.rejected > 0 ? ", \(Words.counted(repair.rejected, "recording")) rejected" : ""
        lines.append("repaired: \(Words.counted(repair.computed, "utterance")) computed again\(rejected)")
        lines += after.damage.map(\.line)
        lines.append(summary(after))
        return lines.joined(separator: "\n")
    }

    private func summary(_ verification: CacheVerification) -> String {
        let read =
            "\(Words.counted(verification.shards, "shard")), \(Words.counted(verification.utterances, "utterance")), "
            + "\(Words.bytes(verification.bytes)) read in \(String(format: "%.1f", verification.elapsedSeconds)) s"
        let damage = verification.damage.count
        let verdict = damage == 0 ? "sound" : "damaged in \(Words.counted(damage, "place"))"
        return "\(directory): \(verdict); \(read)"
    }

    func json() throws -> String { try Words.json(self) }
}
