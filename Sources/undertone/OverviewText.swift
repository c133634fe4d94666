import CacheInspection
import Foundation

/// A cache's overview for a terminal, in at most 100 columns.
struct OverviewText {
    let directory: String
    let cache: CacheOverview

    private static let width = 100
    private static let listedChannels = 8
    private static let listedSpeakers = 5
    private static let listedRejects = 8

    var text: String {
        let parts = [
            facts, splits, speakers, durations, labels, rows, rejects,
        ]
        return ([[directory]] + parts).filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n")
    }

    private var facts: [String] {
        let cuts = cache.cuts.map { "\($0.name) (\($0.hiddenSize) channels)" }.joined(separator: ", ")
        var table = TextTable([.left, .left])
        table.add("key", "\(cache.key.prefix(16))…")
        table.add("model", "\(Words.short(cache.modelSource, 60)) (\(cache.family))")
        table.add(cache.cuts.count == 1 ? "cut" : "cuts", cuts)
        table.add("stored as", "\(cache.storage), computed in \(cache.compute)")
        table.add(
            "speech",
            "\(Words.duration(cache.audioSeconds)): \(Words.counted(cache.utterances, "utterance")), \(cache.frames) frames"
        )
        table.add("on disk", "\(Words.bytes(cache.bytes)) in \(Words.counted(cache.shards, "shard"))")
        if let fidelity = cache.fidelity {
            table.add(
                "fidelity",
                "relative error \(Words.number(fidelity.relativeError)) against float32, over "
                    + (fidelity.excerpt == true
                        ? "the beginning of a recording" : Words.counted(fidelity.utterances, "utterance")))
            table.add(
                "",
                "cosine of rows \(Words.number(1 - fidelity.cosineMean)) below 1 on average, "
                    + "\(Words.number(1 - fidelity.cosineMinimum)) at worst")
        }
        if cache.unlistedUtterances > 0 {
            table.add("kept", "\(Words.counted(cache.unlistedUtterances, "utterance")) that corpus.csv no longer has")
        }
        return table.lines
    }

    private var splits: [String] {
        var table = TextTable([.left, .right, .right, .right, .right])
        table.add("split", "utterances", "speakers", "frames", "speech")
        for split in cache.splits {
            table.add(
                split.split, "\(split.utterances)", "\(split.speakers)", "\(split.frames)",
                Words.duration(split.audioSeconds))
        }
        return table.lines
    }

    private var speakers: [String] {
        let speakers = cache.speakers
        guard speakers.count > 0 else { return [] }
        var table = TextTable([.left, .right, .right])
        table.add("speaker", "utterances", "speech")
        for speaker in speakers.list.prefix(OverviewText.listedSpeakers) {
            table.add(Words.short(speaker.speaker), "\(speaker.utterances)", Words.duration(speaker.audioSeconds))
        }
        var lines = table.lines
        let others = speakers.count - OverviewText.listedSpeakers
        if others > 0 { lines.append("and \(others) more, who speak less") }
        if speakers.unnamedUtterances > 0 {
            lines.append("and \(Words.counted(speakers.unnamedUtterances, "utterance")) of unnamed speakers")
        }
        return lines
    }

    private var durations: [String] {
        guard let durations = cache.durations else { return [] }
        let most = durations.bins.map(\.count).max() ?? 1
        var table = TextTable([.right, .right, .left])
        let room = 60
        for bin in durations.bins {
            let range =
                bin.toSeconds.map { String(format: "%.1f to %.1f s", bin.fromSeconds, $0) }
                ?? String(format: "%.1f s and more", bin.fromSeconds)
            // A bin with something in it shows something.
            let length = bin.count == 0 ? 0 : max(1, bin.count * room / most)
            table.add(range, "\(bin.count)", String(repeating: "#", count: length))
        }
        let summary =
            "durations from \(Words.duration(durations.minimumSeconds)) to \(Words.duration(durations.maximumSeconds)), "
            + "median \(Words.duration(durations.medianSeconds)), mean \(Words.duration(durations.meanSeconds))"
        return [summary] + table.lines
    }

    private var labels: [String] {
        guard cache.splits.contains(where: { !$0.labels.isEmpty }) else { return [] }
        var table = TextTable([.left, .left, .right, .right, .right, .right, .right])
        table.add("label", "split", "n", "mean", "sd", "min", "max")
        for (index, label) in (cache.splits.first?.labels ?? []).enumerated() {
            for split in cache.splits {
                let summary = split.labels[index]
                table.add(
                    Words.short(label.name, 24), split.split, "\(summary.count)", Words.number(summary.mean),
                    Words.number(summary.standardDeviation), Words.number(summary.minimum),
                    Words.number(summary.maximum))
            }
        }
        return table.lines
    }

    // MARK: - Rows

    private var rows: [String] {
        guard let first = cache.rows.first else { return [] }
        var table = TextTable([.left, .right, .right, .right, .right, .right, .right])
        table.add("cut", "mean", "sd", "min", "max", "dead", "exploding")
        for cut in cache.rows {
            table.add(
                cut.cut, Words.number(cut.mean), Words.number(cut.standardDeviation), Words.number(cut.minimum),
                Words.number(cut.maximum), "\(cut.deadChannels.count)", "\(cut.explodingChannels.count)")
        }
        let read =
            first.frames == first.ofFrames
            ? "rows, all \(first.frames) frames" : "rows, \(first.frames) of \(first.ofFrames) frames"
        return [read] + table.lines + cache.rows.flatMap(channels)
    }

    private func channels(_ cut: RowStatistics) -> [String] {
        var lines = [
            "cut \(cut.cut): largest magnitude \(Words.number(cut.largest.magnitude)), channel \(cut.largest.channel) "
                + "of '\(Words.short(cut.largest.utterance))'"
        ]
        if cut.notFinite > 0 {
            lines.append("cut \(cut.cut): \(cut.notFinite) values are infinite or not a number; verify the cache")
        }
        if !cut.deadChannels.isEmpty {
            lines.append("cut \(cut.cut): dead channels \(listed(cut.deadChannels) { "\($0.channel)" })")
        }
        if !cut.explodingChannels.isEmpty {
            let words = listed(cut.explodingChannels) {
                "\($0.channel) (\(Words.number($0.rms / cut.medianRMS)) times)"
            }
            lines.append("cut \(cut.cut): rms far above the median channel's in \(words)")
        }
        return lines
    }

    private func listed(
        _ channels: [RowStatistics.Channel], _ word: (RowStatistics.Channel) -> String
    ) -> String {
        // Three exploding channels with their factors fill a line.
        var shown = channels.prefix(OverviewText.listedChannels).map(word)
        while shown.joined(separator: ", ").count > 48 { shown.removeLast() }
        let rest = channels.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private var rejects: [String] {
        guard !cache.rejects.isEmpty else { return [] }
        let count = cache.rejects.reduce(0) { $0 + $1.count }
        let lines = cache.rejects.prefix(OverviewText.listedRejects).map { group in
            String("  \(group.count) × \(group.reason)".prefix(OverviewText.width))
        }
        return ["\(Words.counted(count, "recording")) rejected"] + lines
    }
}
