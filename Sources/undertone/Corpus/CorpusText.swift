import CorpusAdapters

/// What was found in a corpus, for a terminal.
struct CorpusText {
    let report: CorpusReport

    private static let listedSpeakers = 5
    private static let listedWarnings = 20

    var text: String {
        ([[heading]] + [splits, speakers, labels, warnings, report.remarks.map { "note: \($0)" }]).filter {
            !$0.isEmpty
        }
        .map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private var heading: String {
        let time = report.seconds.map { ", \(Words.duration($0))" } ?? ""
        let parts = report.segments > 0 ? ", of which \(report.segments) are parts of a file" : ""
        let faults = report.faults.isEmpty ? "" : ", and \(Words.counted(report.faults.count, "line")) with faults"
        return "\(report.source): \(Words.counted(report.utterances, "utterance")) in "
            + "\(Words.counted(report.files, "file"))\(time)\(parts)\(faults)"
    }

    private var splits: [String] {
        var table = TextTable([.left, .right, .right, .right, .right])
        table.add("split", "utterances", "speakers", "unknown", report.seconds == nil ? "" : "speech")
        for split in report.splits {
            table.add(
                split.split, "\(split.utterances)", "\(split.speakers)", "\(split.withoutSpeaker)",
                split.seconds.map(Words.duration) ?? "")
        }
        return report.splits.isEmpty ? [] : table.lines
    }

    private var speakers: [String] {
        guard !report.speakers.isEmpty else { return [] }
        var table = TextTable([.left, .right, .left])
        table.add("speaker", "utterances", "splits")
        for speaker in report.speakers.prefix(Self.listedSpeakers) {
            table.add(Words.short(speaker.speaker), "\(speaker.utterances)", speaker.splits.joined(separator: ", "))
        }
        let others = report.speakers.count - Self.listedSpeakers
        return table.lines + (others > 0 ? ["and \(others) more, with fewer"] : [])
    }

    private var labels: [String] {
        guard !report.labels.isEmpty else { return [] }
        var table = TextTable([.left, .right, .right, .right, .right, .right, .right, .left])
        table.add("label", "n", "unlabelled", "mean", "sd", "min", "max", "scale")
        for label in report.labels {
            let scale = label.scale.map { scale in
                let bounds = "\(Words.number(scale.minimum)) to \(Words.number(scale.maximum))"
                return label.outOfScale > 0 ? "\(bounds), \(label.outOfScale) outside" : bounds
            }
            let summary = label.summary
            table.add(
                Words.short(summary.name, 24), "\(summary.count)", "\(label.unlabelled)", Words.number(summary.mean),
                Words.number(summary.standardDeviation), Words.number(summary.minimum), Words.number(summary.maximum),
                scale ?? "-")
        }
        return table.lines
    }

    private var warnings: [String] {
        let others = report.warnings.count - Self.listedWarnings
        return report.warnings.prefix(Self.listedWarnings).map { "warning: \($0.text)" }
            + (others > 0 ? ["and \(Words.counted(others, "warning")) more; --json has them all"] : [])
    }
}
