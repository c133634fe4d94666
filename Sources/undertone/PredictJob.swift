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
                for note in try predict(item, predictor, &sink, &curve) {
                    printToStandardError("warning: \(isStream(item) ? Self.streamName : item.id): \(note)")
                }
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

    /// - Returns: what is to be said of the recording, which is used all the same.
    private func predict(
        _ item: RecordingList.Item, _ predictor: Predictor, _ sink: inout PredictionSink,
        _ curve: inout CurvePicture.Recording
    ) throws -> [RecordingNote] {
        if let windows { return try predict(item, in: windows, predictor, &sink, &curve) }
        let (scores, notes) =
            isStream(item) ? try predictor.scores(of: try stream(item)) : try predictor.scores(ofFile: item.span)
        try sink.write(item.id, times: nil, scores)
        return notes
    }

    /// A file's rows are held until all of it is through: one that turns out to be of no use has none. Those of a stream,
    /// which may go on for hours, are there as they come.
    private func predict(
        _ item: RecordingList.Item, in windows: (seconds: Double, hopSeconds: Double), _ predictor: Predictor,
        _ sink: inout PredictionSink, _ curve: inout CurvePicture.Recording
    ) throws -> [RecordingNote] {
        guard item.span.segment == nil else { throw WindowedSegment(id: item.id) }
        let isStream = isStream(item)
        var held: [Window] = [], writtenSeconds: Double?
        let notes: [RecordingNote]
        do {
            notes = try predictor.slide(
                over: try stream(item), windowSeconds: windows.seconds, hopSeconds: windows.hopSeconds
            ) { start, end, scores in
                let window = Window(startSeconds: start, endSeconds: end, scores: scores)
                if isStream {
                    try write(window, of: item, &sink, &curve)
                    writtenSeconds = end
                } else {
                    held.append(window)
                }
                return !Interruption.isRequested
            }
        } catch let fault as any Fault where fault.kind == .badInput {
            guard let writtenSeconds else { throw fault }
            throw BrokenStream(fault: fault, writtenSeconds: writtenSeconds)
        }
        try checkInterruption()
        for window in held { try write(window, of: item, &sink, &curve) }
        return notes
    }

    private struct Window {
        let startSeconds: Double
        let endSeconds: Double
        let scores: [Double]
    }

    private func write(
        _ window: Window, of item: RecordingList.Item, _ sink: inout PredictionSink,
        _ curve: inout CurvePicture.Recording
    ) throws {
        try sink.write(item.id, times: (window.startSeconds, window.endSeconds), window.scores)
        guard plot != nil else { return }
        curve.append(startSeconds: window.startSeconds, endSeconds: window.endSeconds, window.scores)
    }

    private func checkInterruption() throws {
        if Interruption.isRequested { throw interrupted }
    }

    private var interrupted: PredictionsInterrupted { PredictionsInterrupted(output: output) }

    private static let streamName = "standard input"

    private func isStream(_ item: RecordingList.Item) -> Bool { item.span.path == "-" }

    private func stream(_ item: RecordingList.Item) throws -> AudioStream {
        let rate = model.record.features.preprocessing.sampleRateHz
        return isStream(item)
            ? try AudioStream(
                wave: STDIN_FILENO, name: Self.streamName, sampleRateHz: rate,
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

/// A stream that turned out to be of no use when some of its windows had been scored.
private struct BrokenStream: Fault {
    let fault: any Fault
    /// Where the last of them ends.
    let writtenSeconds: Double

    var kind: FaultKind { fault.kind }
    var description: String { "\(fault); its rows up to \(writtenSeconds) s were written before that" }
}

/// Some recordings cannot be used, and have been named.
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
