import CSndFile
import Foundation
import Synchronization

/// An audio file open in libsndfile; closed when the value goes.
struct SoundFile: ~Copyable {
    let path: String
    private let info: SF_INFO
    private let handle: OpaquePointer
    private let extent: SoundExtent?
    /// Kept for as long as libsndfile reads through it.
    private let altered: AlteredFile?
    private let isEstimated: Bool
    /// Frames from the beginning of the file to what is read next.
    private var position = 0

    /// libsndfile keeps the reason of a failed open in one global: opening and asking happen under one lock, so that a
    /// worker never reports another's reason.
    private static let opening = Mutex(())

    static var libraryVersion: String {
        String(cString: sf_version_string()).split(separator: "-").last.map(String.init) ?? "of unknown version"
    }

    /// - Throws: `AudioError.missing`, `.unreadable`, `.damaged`, `.unsupported`, `.empty` or `.sampleRate`.
    init(_ path: String) throws(AudioError) {
        let file = try RandomAccessFile(path)
        let extent = SoundExtent(file)
        let isEstimated = MPEGStream.lacksFrameCount(file)
        let altered: AlteredFile? =
            if let repair = extent?.repair {
                AlteredFile(file, patch: repair)
            } else if isEstimated {
                AlteredFile(file, stretch: MPEGStream.stretch)
            } else {
                nil
            }
        var info = SF_INFO()
        var reason = ""
        let opened = SoundFile.opening.withLock { _ in
            // An address is Sendable where the pointer is not; it comes straight back out of the lock.
            let handle = altered?.open(&info) ?? sf_open(path, Int32(SFM_READ), &info)
            if handle == nil { reason = String(cString: sf_strerror(nil)) }
            return UInt(bitPattern: handle)
        }
        guard let handle = OpaquePointer(bitPattern: opened) else {
            let reason = reason.trimmingCharacters(in: .whitespacesAndNewlines.union(["."]))
            throw .unopened(path: path, reason: reason, head: file.bytes(at: 0, count: 64))
        }
        guard info.channels > 0, AudioFile.sampleRatesHz.contains(Int(info.samplerate)) else {
            sf_close(handle)
            throw .sampleRate(path: path, sampleRateHz: Int(info.samplerate))
        }
        self.path = path
        self.info = info
        self.handle = handle
        self.extent = extent
        self.altered = altered
        self.isEstimated = isEstimated
    }

    deinit { sf_close(handle) }

    var sampleRateHz: Int { Int(info.samplerate) }
    var channels: Int { Int(info.channels) }

    /// nil when the header does not say, as in a FLAC file written to a pipe.
    var promisedFrames: Int? { info.frames < Int64.max / 2 && !isEstimated ? Int(info.frames) : nil }

    /// The same of a segment: where the header leaves the length open, as many as the segment asks for.
    /// - Throws: `AudioError.beyondEnd`.
    func promisedFrames(of segment: Segment?) throws(AudioError) -> Int? {
        guard let segment else { return promisedFrames }
        let start = segment.startFrame(sampleRateHz: sampleRateHz)
        let end = segment.endFrame(sampleRateHz: sampleRateHz)
        guard let promisedFrames else { return end.map { $0 - start } }
        guard promisedFrames - start >= segment.leastFrameCount(sampleRateHz: sampleRateHz) else {
            let seconds = Double(promisedFrames) / Double(sampleRateHz)
            throw .beyondEnd(path: path, segment: segment, readableSeconds: seconds)
        }
        return min(end ?? promisedFrames, promisedFrames) - start
    }

    /// The container's name in libsndfile's words, such as `FLAC (Free Lossless Audio Codec)`.
    var formatName: String {
        var format = SF_FORMAT_INFO()
        format.format = container
        let size = Int32(MemoryLayout<SF_FORMAT_INFO>.size)
        guard sf_command(handle, Int32(SFC_GET_FORMAT_INFO), &format, size) == 0, let name = format.name else {
            return "unknown"
        }
        return String(cString: name)
    }

    private var container: Int32 { info.format & Int32(bitPattern: UInt32(0x0FFF_0000)) }  // SF_FORMAT_TYPEMASK

    /// How many frames to read at a time. Where an MPEG stream ends within a frame, libsndfile drops the whole block.
    var blockFrames: Int { isEstimated ? MPEGStream.shortestFrame : max(256, 65_536 / channels) }

    /// Goes to a second before a frame, from where codecs that carry a state from frame to frame (MP3's bit reservoir, the overlap of
    /// Vorbis, the predictors of Opus) have it again when they reach that frame.
    /// - Returns: false if the format cannot be sought in, or the file ends before; it is then to be opened again.
    mutating func seek(towards frame: Int) -> Bool {
        // Where the length is an estimate, so are the places.
        guard info.seekable != 0, !isEstimated else { return false }
        let target = max(0, frame - sampleRateHz)
        position = Int(sf_seek(handle, sf_count_t(target), Int32(SEEK_SET)))
        return position == target
    }

    /// Reads on to a frame and forgets what was before it.
    /// - Returns: where that ended: at the frame, or at the end of the file.
    mutating func discard(upTo frame: Int) -> Int {
        guard position < frame else { return position }
        var block = [Float](repeating: 0, count: blockFrames * channels)
        while position < frame {
            let count = read(into: &block, frames: min(blockFrames, frame - position))
            guard count > 0 else { break }
        }
        return position
    }

    /// Reads the next frames, channels interleaved, scaled to −1…1.
    /// - Returns: how many frames were read; fewer than `frames` only at the end.
    mutating func read(into buffer: inout [Float], frames: Int) -> Int {
        precondition(buffer.count >= frames * channels)
        let count = buffer.withUnsafeMutableBufferPointer {
            Int(sf_readf_float(handle, $0.baseAddress, sf_count_t(frames)))
        }
        position += count
        return count
    }

    /// How the length of what was read to the end goes with the header.
    func lengthNote(framesRead: Int) -> RecordingNote? {
        let seconds = Double(framesRead) / Double(sampleRateHz)
        if let extent {
            guard let stated = extent.statedBytes else { return .lengthOpen(seconds: seconds) }
            // A byte that fills the last sample up to an even length, some writers count and do not write.
            let missing = Double(stated - extent.availableBytes) * Double(framesRead)
            if missing >= Double(extent.availableBytes) {
                let share = Double(stated) / Double(extent.availableBytes)
                return .truncated(seconds: seconds, promisedSeconds: seconds * share)
            }
        }
        if let promisedFrames {
            guard framesRead < promisedFrames else { return nil }
            return .truncated(seconds: seconds, promisedSeconds: Double(promisedFrames) / Double(sampleRateHz))
        }
        // An Ogg file's length is the position on its last page, which is marked as the last.
        if container == SF_FORMAT_OGG || sf_error(handle) != 0 {
            return .truncated(seconds: seconds, promisedSeconds: nil)
        }
        return isEstimated ? nil : .lengthOpen(seconds: seconds)
    }

    /// Whether the header promises sound, for a file that has none.
    var promisesSound: Bool { (extent?.statedBytes ?? promisedFrames ?? 1) > 0 }
}
