import Console
import Corpus
import Faults
import Foundation
import Prediction
import Reports

/// From recordings to rows of scores.
struct PredictJob {
    let model: FinetunedModel
    let inputs: [String]
    let format: PredictCommand.Format
    let output: String?
    /// Nil for whole recordings.
    let windows: (seconds: Double, hopSeconds: Double)?
    let plot: String?
    let threads: Int

    func run() throws {
        let recordings = try RecordingList(inputs)
        let predictor = try Predictor(model, threads: threads)
        var sink = try PredictionSink(
            format, dimensions: predictor.dimensions, hasTimes: windows != nil, output: output)
        var curves: [CurvePicture.Recording] = [], rejectedCount = 0
        for item in recordings.items {
            try checkInterruption()
            var curve = CurvePicture.Recording(name: item.id, dimensionCount: predictor.dimensions.count)
            do {
                try predict(item, predictor, &sink, &curve)
            } catch AudioError.interrupted {
                throw interrupted
            } catch let fault as any Fault where fault.kind == .badInput || fault.kind == .missingInput {
                printToStandardError("rejected: \(fault)")
                rejectedCount += 1
            }
            if plot != nil, !curve.times.isEmpty { curves.append(curve) }
        }
        try sink.finish()
        if let plot {
            try CurvePicture(
                dimensions: predictor.dimensions, scales: model.configuration.labels.compactMap(\.scale),
                recordings: curves
            ).write(to: plot)
        }
        if rejectedCount > 0 { throw Rejections(count: rejectedCount, of: recordings.items.count) }
    }

    private func predict(
        _ item: RecordingList.Item, _ predictor: Predictor, _ sink: inout PredictionSink,
        _ curve: inout CurvePicture.Recording
    ) throws {
        let isStandardInput = item.span.path == "-"
        guard let windows else {
            let scores =
                isStandardInput
                ? try predictor.scores(of: try stream(item)) : try predictor.scores(ofFile: item.span)
            return try sink.write(item.id, times: nil, scores)
        }
        guard item.span.segment == nil else { throw WindowedSegment(id: item.id) }
        try predictor.slide(
            over: try stream(item), windowSeconds: windows.seconds, hopSeconds: windows.hopSeconds
        ) { start, end, scores in
            try sink.write(item.id, times: (start, end), scores)
            if plot != nil { curve.append(startSeconds: start, endSeconds: end, scores) }
            return !Interruption.isRequested
        }
        try checkInterruption()
    }

    private func checkInterruption() throws {
        if Interruption.isRequested { throw interrupted }
    }

    private var interrupted: PredictionsInterrupted { PredictionsInterrupted(output: output) }

    private func stream(_ item: RecordingList.Item) throws -> AudioStream {
        let rate = model.record.features.preprocessing.sampleRateHz
        return item.span.path == "-"
            ? try AudioStream(
                wave: STDIN_FILENO, name: "standard input", sampleRateHz: rate,
                shouldStop: { Interruption.isRequested })
            : try AudioStream(path: item.span.path, sampleRateHz: rate)
    }
}

/// Windows over a part of a file.
private struct WindowedSegment: Fault {
    let id: String

    var kind: FaultKind { .badInput }
    var description: String {
        "\(id): is a part of a file, and windows run over whole files; leave --window out, or give the file itself"
    }
}

/// Some recordings have no row, and have been named.
private struct Rejections: Fault {
    let count: Int
    let of: Int

    var kind: FaultKind { .badInput }
    var description: String {
        "\(count) of \(of) recordings could not be used; mend or leave out those that are named above"
    }
}

/// Stopping was asked for, and predictions are not gone on with.
private struct PredictionsInterrupted: Fault {
    /// Nil for standard output.
    let output: String?

    var kind: FaultKind { .interrupted }
    var description: String {
        guard let output else {
            return "interrupted; rows that were printed are whole, the rest is missing; the same command begins anew"
        }
        return "interrupted; nothing was written to \(output); the same command begins anew"
    }
}
