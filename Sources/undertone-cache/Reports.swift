import Caching
import Corpus
import FeatureStore
import Foundation

/// What `--dry-run` prints.
struct PlanReport: Encodable {
    var directory: String
    var utterances: Int
    var toCompute: Int
    var hoursToCompute: Double
    var shards: Int
    var shardsToDo: [Int]
    var estimatedGigabytes: Double
    var rejects: Int

    init(_ survey: CachingSurvey, _ layout: ShardLayout, directory: String) {
        self.directory = directory
        utterances = survey.utteranceCount
        toCompute = survey.pendingCount - survey.rejects.count
        hoursToCompute = survey.pendingSeconds / 3600
        shards = layout.shardCount
        shardsToDo = survey.shardsToDo
        estimatedGigabytes = Double(survey.pendingBytes) / 1e9
        rejects = survey.rejects.count
    }

    enum CodingKeys: String, CodingKey {
        case directory, utterances, shards, rejects
        case toCompute = "to_compute"
        case hoursToCompute = "hours_to_compute"
        case shardsToDo = "shards_to_do"
        case estimatedGigabytes = "estimated_gigabytes"
    }

    var text: String {
        """
        \(counted(utterances, "utterance")), \(toCompute) to decode and, where new, compute \
        (\(spelledHours(hoursToCompute)))
        \(shardsToDo.count) of \(counted(shards, "shard")) to do, about \(spelledBytes(estimatedGigabytes)) more in \(directory)
        \(rejects) rejected by their headers
        """
    }
}

/// What a finished run prints.
struct SummaryReport: Encodable {
    var directory: String
    var cacheKey: String
    var utterances: Int
    var hours: Double
    var frames: Int
    var gigabytes: Double
    var computed: Int
    var reused: Int
    var rejects: Int
    /// Of computed audio per second of the whole run; nil if nothing was computed.
    var audioSecondsPerSecond: Double?
    var elapsedSeconds: Double
    /// Nil if the cache is not complete yet, or no recording can be read.
    var fidelity: CacheDescription.Fidelity?
    /// Of the recordings computed in this run, how many there is something to say about, by its kind.
    var warnings: [String: Int]

    init(
        _ summary: CachingSummary, _ fidelity: CacheDescription.Fidelity?, _ notes: [RecordingNote.Kind: Int],
        key: String, directory: String
    ) {
        self.directory = directory
        cacheKey = key
        utterances = summary.utterances
        hours = summary.seconds / 3600
        frames = summary.frames
        gigabytes = Double(summary.bytes) / 1e9
        computed = summary.computed
        reused = summary.reused
        rejects = summary.rejects.count
        audioSecondsPerSecond = summary.computed > 0 ? summary.computedSeconds / summary.elapsedSeconds : nil
        elapsedSeconds = summary.elapsedSeconds
        self.fidelity = fidelity
        warnings = Dictionary(uniqueKeysWithValues: notes.map { ($0.key.rawValue, $0.value) })
    }

    enum CodingKeys: String, CodingKey {
        case directory, utterances, hours, frames, gigabytes, computed, reused, rejects, fidelity, warnings
        case cacheKey = "cache_key"
        case audioSecondsPerSecond = "audio_seconds_per_second"
        case elapsedSeconds = "elapsed_seconds"
    }

    var text: String {
        let speed = audioSecondsPerSecond.map { ", " + String(format: "%.1f", $0) + " audio seconds per second" } ?? ""
        return """
            \(counted(utterances, "utterance")), \(spelledHours(hours)), \(spelledBytes(gigabytes)) in \
            \(directory)
            \(computed) computed, \(reused) reused, \(rejects) rejected\(speed)
            """ + (fidelity.map { "\n" + SummaryReport.line($0) } ?? "") + warningLine
    }

    /// A cosine this near to 1 is told by its distance from 1.
    private static func line(_ fidelity: CacheDescription.Fidelity) -> String {
        let numbers = [fidelity.relativeError, 1 - fidelity.cosineMean, 1 - fidelity.cosineMinimum].map {
            String(format: "%.1e", max(0, $0))
        }
        return "against float32, on \(counted(fidelity.utterances, "utterance")): relative error \(numbers[0]); "
            + "1 − cosine \(numbers[1]) on average, \(numbers[2]) at worst (\(fidelity.worstRow))"
    }

    /// A line of its own, where there is something: `warnings: 2 truncated, 1 silent`.
    private var warningLine: String {
        let kinds = RecordingNote.Kind.allCases.compactMap { kind in
            warnings[kind.rawValue].map { "\($0) \(kind.rawValue)" }
        }
        return kinds.isEmpty ? "" : "\nwarnings: " + kinds.joined(separator: ", ")
    }
}

func json(_ report: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(report), as: UTF8.self)
}

private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

private func spelledHours(_ value: Double) -> String {
    let seconds = value * 3600
    if seconds < 60 { return String(format: "%.1f seconds", seconds) }
    return value < 1 ? String(format: "%.1f minutes", seconds / 60) : String(format: "%.2f hours", value)
}

private func spelledBytes(_ value: Double) -> String {
    value < 1 ? String(format: "%.1f MB", value * 1000) : String(format: "%.2f GB", value)
}
