import Buffers
import Caching
import Corpus
import FeatureStore
import Files
import Foundation

/// What `--dry-run` prints.
struct PlanReport: Encodable {
    var directory: String
    var utterances: Int
    var toCompute: Int
    var hoursToCompute: Double
    var shards: Int
    var shardsToDo: [Int]
    /// Of features, that stay.
    var estimatedGigabytes: Double
    /// Of `upper.safetensors`.
    var upperWeightsGigabytes: Double
    /// Of both and of what is written on the way, at the fullest moment.
    var peakGigabytes: Double
    /// Nil if the file system does not say.
    var freeGigabytes: Double?
    /// Nil if there is nothing to compute.
    var estimatedSeconds: Double?
    /// What that rests on: of products, measured just now, in 10⁹ operations per second.
    var productGigaflops: Double?
    var absent: Int
    var rejects: Int
    private let compute: String
    private let prunes: Bool

    init(
        _ survey: CachingSurvey, _ layout: ShardLayout, _ time: TimeEstimate?, upperBytes: Int, directory: String,
        compute: Precision, prunes: Bool
    ) {
        self.directory = directory
        utterances = survey.utteranceCount
        toCompute = survey.pendingCount - survey.rejects.count
        hoursToCompute = survey.pendingSeconds / 3600
        shards = layout.shardCount
        shardsToDo = survey.shardsToDo
        estimatedGigabytes = Double(survey.pendingBytes) / 1e9
        upperWeightsGigabytes = Double(upperBytes) / 1e9
        peakGigabytes = Double(survey.peakBytes + upperBytes) / 1e9
        freeGigabytes = freeDiskBytes(at: directory).map { Double($0) / 1e9 }
        estimatedSeconds = time?.seconds
        productGigaflops = time.map { $0.productRate / 1e9 }
        absent = survey.absentCount
        rejects = survey.rejects.count
        self.compute = compute.rawValue
        self.prunes = prunes
    }

    enum CodingKeys: String, CodingKey {
        case directory, utterances, shards, rejects
        case toCompute = "to_compute"
        case hoursToCompute = "hours_to_compute"
        case shardsToDo = "shards_to_do"
        case estimatedGigabytes = "estimated_gigabytes"
        case upperWeightsGigabytes = "upper_weights_gigabytes"
        case peakGigabytes = "peak_gigabytes"
        case freeGigabytes = "free_gigabytes"
        case estimatedSeconds = "estimated_seconds"
        case productGigaflops = "product_gigaflops"
        case absent = "not_in_manifest"
    }

    /// For a run that is about to begin: what is to be done, and what it takes.
    var line: String {
        "\(counted(toCompute, "utterance")) to decode and, where new, compute (\(spelledHours(hoursToCompute))): about "
            + "\(spelled(gigabytes: estimatedGigabytes)) of features"
            + (estimatedSeconds.map { " and \(spelledHours($0 / 3600)) of work" } ?? "")
    }

    var text: String {
        let isTooMuch = freeGigabytes.map { $0 < peakGigabytes } ?? false
        let time = estimatedSeconds.map { seconds in
            "about \(spelledHours(seconds / 3600)) of work, estimated from products at "
                + "\(Int((productGigaflops ?? 0).rounded())) GFLOP/s in \(compute) just now"
        }
        let lines = [
            "\(counted(utterances, "utterance")), \(toCompute) to decode and, where new, compute "
                + "(\(spelledHours(hoursToCompute)))",
            "\(shardsToDo.count) of \(counted(shards, "shard")) to do, about \(spelled(gigabytes: estimatedGigabytes)) more in "
                + "\(directory), and \(spelled(gigabytes: upperWeightsGigabytes)) of weights above the cut",
            "\(spelled(gigabytes: peakGigabytes)) of disk at the fullest moment, \(isTooMuch ? "but only " : "")"
                + "\(freeGigabytes.map { spelled(gigabytes: $0) + " free" } ?? "the disk does not say how much is free")",
            time,
            absentLine(absent, prune: prunes ? "would drop" : "drops"),
            "\(rejects) rejected by their headers",
        ]
        return lines.compactMap(\.self).joined(separator: "\n")
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
    /// Cached utterances that the manifest no longer has.
    var absent: Int
    /// Of those, dropped by this run.
    var dropped: Int
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
        absent = summary.absent + summary.dropped
        dropped = summary.dropped
        audioSecondsPerSecond = summary.computed > 0 ? summary.computedSeconds / summary.elapsedSeconds : nil
        elapsedSeconds = summary.elapsedSeconds
        self.fidelity = fidelity
        warnings = Dictionary(uniqueKeysWithValues: notes.map { ($0.key.rawValue, $0.value) })
    }

    enum CodingKeys: String, CodingKey {
        case directory, utterances, hours, frames, gigabytes, computed, reused, rejects, dropped, fidelity, warnings
        case absent = "not_in_manifest"
        case cacheKey = "cache_key"
        case audioSecondsPerSecond = "audio_seconds_per_second"
        case elapsedSeconds = "elapsed_seconds"
    }

    var text: String {
        let speed = audioSecondsPerSecond.map { ", " + String(format: "%.1f", $0) + " audio seconds per second" } ?? ""
        let lines = [
            "\(counted(utterances, "utterance")), \(spelledHours(hours)), \(spelled(gigabytes: gigabytes)) in \(directory)",
            absentLine(absent, prune: dropped > 0 ? "dropped" : "drops"),
            "\(computed) computed, \(reused) reused, \(rejects) rejected\(speed)", fidelity.map(SummaryReport.line),
            warningLine,
        ]
        return lines.compactMap(\.self).joined(separator: "\n")
    }

    /// A cosine this near to 1 is told by its distance from 1.
    private static func line(_ fidelity: CacheDescription.Fidelity) -> String {
        let numbers = [fidelity.relativeError, 1 - fidelity.cosineMean, 1 - fidelity.cosineMinimum].map {
            String(format: "%.1e", max(0, $0))
        }
        let sample =
            fidelity.excerpt == true
            ? "the beginning of a recording, for all are long" : counted(fidelity.utterances, "utterance")
        return "against float32, on \(sample): relative error \(numbers[0]); "
            + "1 − cosine \(numbers[1]) on average, \(numbers[2]) at worst (\(fidelity.worstRow))"
    }

    /// A line of its own, where there is something: `warnings: 2 truncated, 1 silent`.
    private var warningLine: String? {
        let kinds = RecordingNote.Kind.allCases.compactMap { kind in
            warnings[kind.rawValue].map { "\($0) \(kind.rawValue)" }
        }
        return kinds.isEmpty ? nil : "warnings: " + kinds.joined(separator: ", ")
    }
}

func json(_ report: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(report), as: UTF8.self)
}

/// Nil if the manifest has everything that is cached.
private func absentLine(_ count: Int, prune verb: String) -> String? {
    guard count > 0 else { return nil }
    let subject = counted(count, "utterance") + (count == 1 ? " is" : " are")
    return "\(subject) no longer in the manifest; --prune \(verb) \(count == 1 ? "it" : "them")"
}

private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

private func spelledHours(_ value: Double) -> String {
    let seconds = value * 3600
    if seconds < 60 { return String(format: "%.1f seconds", seconds) }
    return value < 1 ? String(format: "%.1f minutes", seconds / 60) : String(format: "%.2f hours", value)
}

private func spelled(gigabytes: Double) -> String { spelledBytes(Int(gigabytes * 1e9)) }
