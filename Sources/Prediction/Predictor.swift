import Buffers
import Caching
import Corpus
import Kernels
import SpeechEncoder
import Training

/// From a waveform to scores, one utterance at a time, with the bits of the run's own evaluation: frozen layers as stage one computes
/// them, rows rounded as the cache stored them, trained layers and heads as stage two computes them.
public struct Predictor: Sendable {
    public let model: FinetunedModel
    private let lower: LowerEncoder
    private let trained: TrainedModel
    private let engine: any Engine

    /// Loads all weights. The scores do not depend on the number of the engine's threads.
    public init(_ model: FinetunedModel, threads: Int) throws {
        self.model = model
        engine = CPUEngine(threads: threads)
        lower = try LowerEncoder(
            model.encoder, weights: model.weights, cuts: [model.cut], precision: model.frozenPrecision, engine: engine)
        trained = try TrainedModel(
            model.configuration, encoder: model.encoder, cut: model.cut, weights: model.weights, trained: model.trained,
            precision: model.trainedPrecision, engine: engine)
    }

    public var dimensions: [String] { trained.dimensions }

    /// In the labels' own scale, by dimension.
    ///
    /// - Parameters:
    ///   - waveform: at the model's rate, at least one frame long, normalised where the model's preprocessor says so.
    ///   - recording: names it in an error.
    /// - Throws: `PredictionError.unstorable`.
    public func scores(of waveform: [Float], recording: String) throws(PredictionError) -> [Double] {
        let columns = model.encoder.width(at: model.cut)
        guard let values = lower.downloadedHiddenStates(of: waveform)[model.cut] else {
            preconditionFailure("no hidden states at the only cut")
        }
        let frames = HiddenStates(rows: values.count / columns, columns: columns, values: values).pooled(
            by: model.record.features.pool)
        guard let rounded = model.record.features.storage.rounded(frames.values, channels: columns) else {
            throw .unstorable(recording: recording, storage: model.record.features.storage.rawValue)
        }
        let rows = engine.makeMatrix(rounded, rows: frames.rows, columns: columns)
        return trained.predictions(rows, offsets: PackedOffsets(single: frames.rows)).map { $0[0] }
    }

    /// Of a file or a part of one, as the cache would have heard it, and what its user should know about it.
    /// - Throws: `AudioError`, `PredictionError.unstorable`.
    public func scores(ofFile span: AudioSpan) throws -> (scores: [Double], notes: [RecordingNote]) {
        let recording = try model.recordings.decode(span)
        return (try scores(of: recording.samples, recording: span.path), recording.notes)
    }

    /// Of a whole stream, likewise.
    public func scores(of stream: AudioStream) throws -> (scores: [Double], notes: [RecordingNote]) {
        var samples: [Float] = []
        while let block = try stream.next() { samples += block }
        try require(samples.count, of: stream)
        return (try scores(of: prepared(samples), recording: stream.name), notes(of: stream))
    }

    /// Of windows over a recording as it comes; memory grows with the window and not with the recording.
    ///
    /// - Parameters:
    ///   - stream: at the model's rate.
    ///   - windowSeconds: length of a window, rounded to samples; never less than a frame of the encoder takes.
    ///   - hopSeconds: from the beginning of one window to that of the next; the last one ends with the recording.
    ///   - body: called for each window, in order, with its times in seconds and its scores; false stops.
    /// - Returns: what its user should know about the recording, nothing if that was stopped.
    public func slide(
        over stream: AudioStream, windowSeconds: Double, hopSeconds: Double,
        _ body: (_ startSeconds: Double, _ endSeconds: Double, [Double]) throws -> Bool
    ) throws -> [RecordingNote] {
        let rate = Double(stream.sampleRateHz), minimum = model.record.features.preprocessing.minimumSamples
        var windows = SlidingWindows(
            windowSamples: max(minimum, Int((windowSeconds * rate).rounded())),
            hopSamples: max(1, Int((hopSeconds * rate).rounded())))
        func give(_ window: SlidingWindows.Window) throws -> Bool {
            let scores = try scores(of: prepared(window.samples), recording: stream.name)
            return try body(
                Double(window.start) / rate, Double(window.start + window.samples.count) / rate, scores)
        }
        while let block = try stream.next() {
            windows.append(block)
            while let window = windows.next() {
                guard try give(window) else { return [] }
            }
        }
        try require(windows.sampleCount, of: stream)
        if let last = windows.last(), try !give(last) { return [] }
        return notes(of: stream)
    }

    private func notes(of stream: AudioStream) -> [RecordingNote] {
        stream.notes(normalised: model.record.features.preprocessing.normalise)
    }

    private func prepared(_ samples: [Float]) -> [Float] {
        model.record.features.preprocessing.normalise ? Waveform.normalised(samples) : samples
    }

    private func require(_ samples: Int, of stream: AudioStream) throws(AudioError) {
        let minimum = model.record.features.preprocessing.minimumSamples
        guard samples >= minimum else {
            throw .tooShort(
                path: stream.name, sampleCount: samples, minimumSamples: minimum, sampleRateHz: stream.sampleRateHz)
        }
    }
}
