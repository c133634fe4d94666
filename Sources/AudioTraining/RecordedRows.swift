import Buffers
import Caching
import Corpus
import FrozenModels
import Kernels
import SpeechEncoder
import Training

/// Runs the frozen layers over the recordings of a batch, several utterances at a time, each on one thread, as stage one does.
struct RecordedRows: RowSource {
    let recordings: [String: RecordedFeatures.Recording]
    let source: AudioRecordings
    let encoder: EncoderOnDemand
    let cut: Cut
    let columns: Int
    let workers: Int
    let workingBytes: Int
    let withholdsPaths: Bool
    let shouldStop: @Sendable () -> Bool
    let engine: any Engine

    var isCostly: Bool { true }

    /// - Throws: `RecordingError.changed` for a recording that no longer is what it was when the run began; what decoding
    ///   throws; `RecordingError.withheld` in the place of both where paths are withheld; `StopRequest`.
    func read(_ examples: [TrainingCorpus.Example]) throws -> Matrix {
        let rows = engine.makeMatrix(
            rows: examples.reduce(0) { $0 + $1.frameCount }, columns: columns, precision: .float32)
        let offsets = try PackedOffsets(lengths: examples.map(\.frameCount))
        try forEach(examples.count, workers: workers, shouldStop: shouldStop) { index in
            engine.upload(try hiddenStates(of: examples[index]), to: rows.rows(offsets[index]))
        }
        return rows
    }

    private func hiddenStates(of example: TrainingCorpus.Example) throws -> [Float] {
        guard let recording = recordings[example.id] else {
            preconditionFailure("rows of '\(example.id)', which has no recording")
        }
        let values = try hiddenStates(of: try decode(recording).samples), wanted = example.frameCount * columns
        return values.count > wanted ? Array(values.prefix(wanted)) : values
    }

    private func hiddenStates(of samples: [Float]) throws -> [Float] {
        do {
            guard let states = try encoder.hiddenStates(of: samples)["\(cut)"] else {
                preconditionFailure("the frozen layers gave nothing at cut \(cut)")
            }
            return states.values
        } catch CachingError.interrupted {
            throw StopRequest()
        }
    }

    private func decode(_ recording: RecordedFeatures.Recording) throws -> DecodedRecording {
        do {
            let decoded = try source.decode(recording.utterance.span)
            guard decoded.sha256 == recording.features.audioSHA256 else {
                throw RecordingError.changed(path: recording.utterance.audioPath)
            }
            return decoded
        } catch {
            guard withholdsPaths, let reject = Reject(recording.utterance, error, withholdsPaths: true) else {
                throw error
            }
            throw RecordingError.withheld(reason: reject.reason, isMissing: reject.isMissing)
        }
    }
}
