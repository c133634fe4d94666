import Estimation
import Foundation

/// An estimate on a terminal.
struct EstimateText {
    let text: String

    init(_ estimate: Estimate, _ basis: EstimateJob.Basis) {
        let all = Speech(joining: basis.speech)
        let onNodes = estimate.nodes > 1
        var lines = [
            "\(basis.plan.source.path): \(Words.counted(all.utterances, "utterance")), \(Self.speech(all.seconds)) of speech",
            "",
        ]
        func header(_ columns: [String]) -> [String] {
            columns + ["time"] + (onNodes ? ["on \(estimate.nodes) nodes"] : [])
        }
        func times(_ seconds: Double, _ nodeSeconds: Double) -> [String] {
            [Self.time(seconds)] + (onNodes ? [Self.time(nodeSeconds)] : [])
        }
        let timeColumns: [TextTable.Alignment] = onNodes ? [.right, .right] : [.right]

        var caches = TextTable([.left, .left, .right, .right, .right, .right, .right] + timeColumns)
        caches.add(header(["stage one", "cut", "GFLOP/s", "compute", "disk", "files", "memory"]))
        for cache in estimate.caches {
            let work = cache.work
            caches.add(
                [
                    work.name, work.cuts.map(\.description).joined(separator: ","),
                    String(format: "%.1f", work.gigaflopsPerSecond), Self.operations(work.operations),
                    Self.bytes(work.bytes),
                    "\(work.files)", Self.bytes(cache.memoryBytes),
                ] + times(cache.seconds, cache.nodeSeconds))
        }
        lines += caches.lines + [""]

        var runs = TextTable([.left, .right, .right, .right, .right, .right, .right, .right] + timeColumns)
        runs.add(header(["stage two", "runs", "epochs", "GFLOP/s", "an epoch", "its disk", "files", "memory"]))
        for phase in estimate.phases {
            let work = phase.phase.work
            runs.add(
                [
                    phase.phase.name, "\(phase.phase.runs)", "\(phase.phase.epochs)",
                    String(format: "%.1f", work.trainingOperations / max(work.trainingSeconds, 1e-9) / 1e9),
                    Self.time(phase.trainingSecondsPerEpoch + phase.evaluatingSecondsPerEpoch),
                    Self.bytes(Int(work.bytes)),
                    "\(work.files)", Self.bytes(Int(work.memoryBytes)),
                ] + times(phase.seconds, phase.nodeSeconds))
        }
        lines += runs.lines + [""]

        lines.append(
            "in all \(Self.time(estimate.seconds)) on one machine"
                + (onNodes ? ", \(Self.time(estimate.nodeSeconds)) on \(estimate.nodes) nodes" : "")
                + "; \(Self.bytes(Int(estimate.bytes))) in \(estimate.files) files")
        lines += ["", Self.rates(estimate, basis)]
        lines += Self.assumptions(estimate, basis).map { "assumed: \($0)" }
        text = lines.map { "\($0)\n" }.joined()
    }

    private static func rates(_ estimate: Estimate, _ basis: EstimateJob.Basis) -> String {
        let rates = estimate.rates
        func gigaflops(_ name: String, _ rates: [String: Double]) -> String {
            "\(name) "
                + rates.sorted { $0.key < $1.key }.map { "\(Int(($0.value / 1e9).rounded())) GFLOP/s in \($0.key)" }
                .joined(
                    separator: ", ")
        }
        let runs =
            basis.adoptedRuns == 0
            ? "" : ", steps of training by \(Words.counted(basis.adoptedRuns, "run")) under \(basis.plan.folder)"
        let from = basis.measuringSeconds.map { String(format: "measured here in %.1f s", $0) + runs } ?? "as given"
        return "\(from), \(rates.processor), \(Words.counted(rates.threads, "thread")): "
            + [
                gigaflops("frozen layers", rates.stageOne), gigaflops("training steps", rates.training),
                gigaflops("predictions", rates.scoring),
                String(format: "optimiser %.0f million parameters per second", rates.optimiser / 1e6),
                String(format: "decoding %.0f s of speech per second", rates.decoding),
                String(format: "writing %.0f MB/s", rates.writing / 1e6),
                String(format: "a start of stage one %.1f s", rates.openSeconds + rates.loadSeconds),
            ].joined(separator: "; ")
    }

    static func origin(of speech: [Speech]) -> String {
        if speech.contains(where: { $0.origin == .assumed }) { return "assumed" }
        return speech.contains { if case .sample = $0.origin { true } else { false } }
            ? "headers of a sample" : "headers"
    }

    /// What was not looked at, in words.
    static func assumptions(_ estimate: Estimate, _ basis: EstimateJob.Basis) -> [String] {
        var lines: [String] = []
        let all = Speech(joining: basis.speech)
        switch origin(of: basis.speech) {
        case "assumed":
            lines.append(
                String(
                    format:
                        "utterances of %.1f s, %.0f %% to train on, %.0f %% for development, as in MSP-Podcast 1.11",
                    all.seconds / Double(max(1, all.utterances)),
                    100 * Double(all.utterances(.train)) / Double(max(1, all.utterances)),
                    100 * Double(all.utterances(.development)) / Double(max(1, all.utterances))))
        case "headers of a sample": lines.append("lengths as those of an evenly spread sample of the recordings")
        default: break
        }
        lines.append("all epochs are trained, and each is better than those before it, so that its weights are written")
        if estimate.nodes > 1 {
            lines.append("each node is as fast as this machine, is there at once, and shares one file system")
        }
        if basis.plan.study != nil {
            lines.append("a study is made on one machine, a run at a time, since it is times that it compares")
        }
        if basis.plan.rungs.count > 1 { lines.append("trials that go on take as much as all do on average") }
        return lines
    }

    /// As long as it is, in hours where it is long.
    private static func speech(_ seconds: Double) -> String {
        seconds < 100 * 3600 ? Words.duration(seconds) : String(format: "%.0f h", seconds / 3600)
    }

    /// `3.2 TFLOP`
    static func operations(_ count: Double) -> String {
        scaled(count, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP"])
    }

    static func bytes(_ count: Int) -> String { scaled(Double(count), ["B", "kB", "MB", "GB", "TB", "PB", "EB"]) }

    private static func scaled(_ value: Double, _ units: [String]) -> String {
        var value = value, unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return String(format: value < 10 ? "%.1f " : "%.0f ", value) + units[unit]
    }

    /// As elsewhere; of more than four days in days, of more than three years in years.
    static func time(_ seconds: Double) -> String {
        let days = seconds / 86_400
        if days > 1000 { return String(format: "%.1f years", days / 365.25) }
        return days > 4 ? String(format: "%.1f days", days) : Words.duration(seconds)
    }
}
