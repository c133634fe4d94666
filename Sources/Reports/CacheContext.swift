import CacheInspection
import FeatureStore

/// A cache, as the template shows it.
extension Report {
    func details(of cache: CacheFacts, index: Int) -> [String: Any] {
        let id = caches.count == 1 ? "cache" : "cache\(index)"
        var context: [String: Any] = ["id": id, "facts": facts(of: cache)]
        context["name"] = cache.corpus
        guard let overview = cache.overview else { return context }
        // Of a corpus's many columns, those that were learnt.
        let labels = Set(runs.flatMap(\.dimensions) + (sweep?.dimensions ?? []))
        context["splits"] = [
            "labels": overview.splits.first?.labels.map(\.name).filter(labels.contains) ?? [],
            "rows": overview.splits.map { splitRow($0, labels: labels) },
        ]
        if !overview.speakers.list.isEmpty {
            context["speakers"] = [
                "count": Format.count(overview.speakers.count),
                "rows": overview.speakers.list.map {
                    [
                        "speaker": $0.speaker, "utterances": Format.count($0.utterances),
                        "speech": Format.seconds($0.audioSeconds),
                    ]
                },
            ]
        }
        if let fidelity = overview.fidelity { context["fidelity"] = details(of: fidelity) }
        if let durations = overview.durations {
            let title = "How long the recordings are"
            let chart = HistogramChart(id: "\(id)-durations", title: title, colour: 5, histogram: durations)
            context["durations"] = [
                "title": title, "svg": chart.svg, "shortest": Format.seconds(durations.minimumSeconds),
                "median": Format.seconds(durations.medianSeconds), "longest": Format.seconds(durations.maximumSeconds),
            ]
        }
        if let first = overview.rows.first {
            context["rows"] = [
                "read": Format.count(first.frames), "all": Format.count(first.ofFrames),
                "cuts": overview.rows.map(cutRow),
            ]
        }
        if !overview.rejects.isEmpty {
            context["rejects"] = [
                "count": Format.count(overview.rejects.reduce(0) { $0 + $1.count }),
                "reasons": overview.rejects.prefix(12).map {
                    ["count": Format.count($0.count), "reason": $0.reason, "example": $0.firstPath]
                },
            ]
        }
        return context
    }

    private func details(of fidelity: CacheDescription.Fidelity) -> [String: Any] {
        let sample =
            fidelity.excerpt == true
            ? "the beginning of a recording, computed anew"
            : "\(Format.count(fidelity.utterances)) utterance\(fidelity.utterances == 1 ? "" : "s")"
        let cuts = fidelity.cuts.map { cut in
            [
                "cut": cut.cut, "error": Format.significant(cut.relativeError),
                "mean": Self.fidelity(cut.cosineMean), "minimum": Self.fidelity(cut.cosineMinimum),
                "worst": cut.worstRow,
            ]
        }
        return ["sample": sample, "frames": Format.count(fidelity.frames), "cuts": cuts]
    }

    private func splitRow(_ split: SplitSummary, labels: Set<String>) -> [String: Any] {
        let cells = split.labels.filter { labels.contains($0.name) }.map { label -> [String: String] in
            guard let mean = label.mean else { return ["text": "–", "count": "0"] }
            let deviation = Format.significant(label.standardDeviation)
            return ["text": "\(Format.significant(mean)) ± \(deviation)", "count": Format.count(label.count)]
        }
        return [
            "split": split.split, "utterances": Format.count(split.utterances),
            "speakers": Format.count(split.speakers), "frames": Format.count(split.frames),
            "speech": Format.seconds(split.audioSeconds), "cells": cells,
        ]
    }

    private func cutRow(_ cut: RowStatistics) -> [String: String] {
        [
            "cut": cut.cut, "channels": Format.count(cut.hiddenSize), "mean": Format.significant(cut.mean),
            "deviation": Format.significant(cut.standardDeviation), "minimum": Format.significant(cut.minimum),
            "maximum": Format.significant(cut.maximum), "dead": listed(cut.deadChannels.map { "\($0.channel)" }),
            "exploding": listed(
                cut.explodingChannels.map { "\($0.channel) (\(Format.significant($0.rms / cut.medianRMS))×)" }),
        ]
    }

    /// A few by name and the others by number.
    private func listed(_ channels: [String]) -> String {
        guard !channels.isEmpty else { return "none" }
        let rest = channels.count - 4
        return channels.prefix(4).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
