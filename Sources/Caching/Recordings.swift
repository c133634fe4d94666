import Corpus
import Foundation

/// Where waveforms come from. The protocol is there so that tests need no audio.
public protocol RecordingSource: Sendable {
    /// Size and time of a file, nil if it is not there.
    func stamp(_ path: String) -> FileStamp?
    /// Length according to the header, nil if the header does not say.
    /// - Throws: a `Fault` if the file cannot be a recording.
    func probe(_ path: String) throws -> Double?
    /// - Throws: a `Fault`; one of kind `badInput` or `missingInput` rejects this recording and no other.
    func decode(_ path: String) throws -> DecodedRecording
}

/// A file's size and modification time: if both are as they were, so are its contents.
public struct FileStamp: Sendable, Hashable {
    public var byteCount: Int
    public var modifiedNanoseconds: Int

    public init(byteCount: Int, modifiedNanoseconds: Int) {
        self.byteCount = byteCount
        self.modifiedNanoseconds = modifiedNanoseconds
    }

    /// Nil if there is no such file.
    public init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        byteCount = Int(status.st_size)
        modifiedNanoseconds = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
    }
}

public struct DecodedRecording: Sendable {
    /// As the encoder takes them.
    public var samples: [Float]
    /// Of what was decoded, before resampling and normalising.
    public var sha256: String
    /// What the user should know about it.
    public var notes: [RecordingNote]

    public init(samples: [Float], sha256: String, notes: [RecordingNote] = []) {
        self.samples = samples
        self.sha256 = sha256
        self.notes = notes
    }
}

/// Recordings in audio files, decoded as the model's preprocessor asks.
public struct AudioRecordings: RecordingSource {
    public var sampleRateHz: Int
    public var minimumSamples: Int
    /// Zero mean and unit variance per utterance.
    public var normalise: Bool

    public init(sampleRateHz: Int, minimumSamples: Int, normalise: Bool) {
        self.sampleRateHz = sampleRateHz
        self.minimumSamples = minimumSamples
        self.normalise = normalise
    }

    public func stamp(_ path: String) -> FileStamp? { FileStamp(path: path) }

    public func probe(_ path: String) throws -> Double? {
        let header = try AudioFile.probe(path)
        guard let frames = header.frames else { return nil }
        // At another rate, how many samples there are after resampling is for the resampler to say.
        guard header.sampleRateHz != sampleRateHz || frames >= minimumSamples else {
            throw AudioError.tooShort(
                path: path, sampleCount: frames, minimumSamples: minimumSamples, sampleRateHz: sampleRateHz)
        }
        return header.durationSeconds
    }

    public func decode(_ path: String) throws -> DecodedRecording {
        var waveform = try AudioFile.decode(path, sampleRateHz: sampleRateHz, minimumSamples: minimumSamples)
        if normalise { Waveform.normalise(&waveform.samples) }
        return DecodedRecording(
            samples: waveform.samples, sha256: waveform.sha256, notes: waveform.notes(normalised: normalise))
    }
}
