import Corpus
import Foundation

/// Where waveforms come from. The protocol is there so that tests need no audio.
public protocol RecordingSource: Sendable {
    /// Of the file and the part that is heard of it, nil if the file is not there.
    func stamp(_ span: AudioSpan) -> FileStamp?
    /// Length in seconds according to the header, nil if the header does not say.
    /// - Throws: a `Fault` if the file cannot be a recording.
    func probe(_ span: AudioSpan) throws -> Double?
    /// - Throws: a `Fault`; one of kind `badInput` or `missingInput` rejects this recording and no other.
    func decode(_ span: AudioSpan) throws -> DecodedRecording
}

/// A file's size and modification time: if both are as they were, so are its contents, as far as can be told without reading them.
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

extension FileStamp {
    /// The stamp of a part of the file. The part's bounds are folded into the time, so that other bounds are another stamp, and
    /// the recording is looked at again.
    public func marked(by segment: Segment?) -> FileStamp {
        guard let segment else { return self }
        // FNV-1a, of 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for bound in [segment.startSeconds, segment.endSeconds ?? -1] {
            withUnsafeBytes(of: bound.bitPattern.littleEndian) {
                for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            }
        }
        return FileStamp(byteCount: byteCount, modifiedNanoseconds: modifiedNanoseconds ^ Int(hash >> 1))
    }

    /// The stamp of the file as this utterance's recording. Where a corpus was unpacked, files of one length commonly have one time,
    /// too: an utterance that is now another of them must have another stamp, so its path is folded into the time. It is the path as
    /// the manifest spells it, since a corpus may be found elsewhere by the next machine; and not the inode, which copies do not
    /// keep and some network file systems make up anew.
    func marked(by utterance: Utterance) -> FileStamp {
        FileStamp(byteCount: byteCount, modifiedNanoseconds: modifiedNanoseconds ^ Int(utterance.pathMark >> 1))
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

    public func stamp(_ span: AudioSpan) -> FileStamp? { FileStamp(path: span.path)?.marked(by: span.segment) }

    public func probe(_ span: AudioSpan) throws -> Double? {
        let header = try AudioFile.probe(span.path, segment: span.segment)
        guard let frames = header.frames else { return nil }
        // At another rate, how many samples there are after resampling is for the resampler to say.
        guard header.sampleRateHz != sampleRateHz || frames >= minimumSamples else {
            throw AudioError.tooShort(
                path: span.path, sampleCount: frames, minimumSamples: minimumSamples, sampleRateHz: sampleRateHz)
        }
        return header.durationSeconds
    }

    public func decode(_ span: AudioSpan) throws -> DecodedRecording {
        var waveform = try AudioFile.decode(
            span.path, segment: span.segment, sampleRateHz: sampleRateHz, minimumSamples: minimumSamples)
        if normalise { Waveform.normalise(&waveform.samples) }
        return DecodedRecording(
            samples: waveform.samples, sha256: waveform.sha256, notes: waveform.notes(normalised: normalise))
    }
}
