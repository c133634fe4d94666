import Caching
import Corpus
import FeatureStore
import Foundation

/// What a cache's corpus says about the utterances that are cached.
struct CorpusStatistics {
    let splits: [SplitSummary]
    let speakers: SpeakerSummary
    let unlistedUtterances: Int
    /// In seconds, an utterance each.
    let durations: [Double]
    let audioSeconds: Double

    init(manifest: CorpusManifest, entries: [UtteranceEntry], sampleRateHz: Int) {
        func seconds(_ entry: UtteranceEntry) -> Double { Double(entry.sampleCount) / Double(sampleRateHz) }
        durations = entries.map(seconds)
        // Whole samples first: a sum of seconds would depend on the order of the shards.
        audioSeconds = Double(entries.reduce(0) { $0 + $1.sampleCount }) / Double(sampleRateHz)
        let entryOfId = Dictionary(entries.map { ($0.id, $0) }) { first, _ in first }
        let members = manifest.utterances.compactMap { row in entryOfId[row.id].map { (row: row, entry: $0) } }
        unlistedUtterances = entries.count - members.count

        let labels = manifest.labelColumns
        let bySplit = Dictionary(grouping: members) { $0.row.split }
        splits = bySplit.sorted { $0.key < $1.key }.map { split, members in
            SplitSummary(
                split: split.description, utterances: members.count,
                speakers: Set(members.compactMap(\.row.speaker)).count,
                frames: members.reduce(0) { $0 + $1.entry.frameCount },
                audioSeconds: Double(members.reduce(0) { $0 + $1.entry.sampleCount }) / Double(sampleRateHz),
                labels: labels.map { name in
                    LabelSummary(name: name, values: members.compactMap { $0.row.label(name) })
                })
        }

        let named = members.filter { $0.row.speaker != nil }
        let bySpeaker = Dictionary(grouping: named) { $0.row.speaker! }
        let ranked = bySpeaker.map { speaker, members in
            SpeakerSummary.Speaker(
                speaker: speaker, utterances: members.count,
                audioSeconds: Double(members.reduce(0) { $0 + $1.entry.sampleCount }) / Double(sampleRateHz))
        }.sorted { ($1.audioSeconds, $0.speaker) < ($0.audioSeconds, $1.speaker) }
        speakers = SpeakerSummary(
            count: ranked.count, list: ranked, unnamedUtterances: members.count - named.count)
    }
}

extension RejectGroup {
    /// Rejects whose reasons are alike but for the file and for numbers, the most frequent first.
    static func grouped(_ rejects: [Reject]) -> [RejectGroup] {
        let reasons = rejects.map { reject in
            // The reason names the file by its whole path, which ends as the manifest has it, or by the utterance.
            let names = ["\(reject.path): ", "utterance '\(reject.id)': "]
            let name = names.lazy.compactMap { reject.reason.firstRange(of: $0) }.first
            return (path: reject.path, text: String(name.map { reject.reason[$0.upperBound...] } ?? reject.reason[...]))
        }
        let groups = Dictionary(grouping: reasons) { $0.text.replacing(/[0-9]+([.,][0-9]+)?/, with: "…") }
        return groups.map { pattern, members in
            let areEqual = members.allSatisfy { $0.text == members[0].text }
            return RejectGroup(
                reason: areEqual ? members[0].text : pattern, count: members.count, firstPath: members[0].path)
        }.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    }
}
