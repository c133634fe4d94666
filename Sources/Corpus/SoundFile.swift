import CSndFile
import Foundation
import Synchronization

/// An audio file open in libsndfile; closed when the value goes.
struct SoundFile: ~Copyable {
    let path: String
    let info: SF_INFO
    private let handle: OpaquePointer

    /// libsndfile keeps the reason of a failed open in one global: opening and asking happen under one lock, so that a
    /// worker never reports another's reason.
    private static let opening = Mutex(())

    init(_ path: String) throws(AudioError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw .missing(path: path)
        }
        guard !isDirectory.boolValue else { throw .unreadable(path: path, reason: "it is a folder") }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if attributes?[.size] as? Int == 0 { throw .empty(path: path) }
        var info = SF_INFO()
        var reason = ""
        let opened = SoundFile.opening.withLock { _ in
            // An address is Sendable where the pointer is not; it comes straight back out of the lock.
            let handle = sf_open(path, Int32(SFM_READ), &info)
            if handle == nil { reason = String(cString: sf_strerror(nil)) }
            return UInt(bitPattern: handle)
        }
        guard let handle = OpaquePointer(bitPattern: opened) else {
            throw .unreadable(path: path, reason: reason.trimmingCharacters(in: .whitespacesAndNewlines.union(["."])))
        }
        guard info.channels > 0, AudioFile.sampleRatesHz.contains(Int(info.samplerate)) else {
            sf_close(handle)
            throw .sampleRate(path: path, sampleRateHz: Int(info.samplerate))
        }
        self.path = path
        self.info = info
        self.handle = handle
    }

    deinit { sf_close(handle) }

    var sampleRateHz: Int { Int(info.samplerate) }
    var channels: Int { Int(info.channels) }

    /// nil when the header does not say, as in a FLAC file written to a pipe.
    var promisedFrames: Int? { info.frames < Int64.max / 2 ? Int(info.frames) : nil }

    /// The container's name in libsndfile's words, such as `FLAC (Free Lossless Audio Codec)`.
    var formatName: String {
        var format = SF_FORMAT_INFO()
        format.format = info.format & Int32(bitPattern: UInt32(0x0FFF_0000))  // SF_FORMAT_TYPEMASK
        let size = Int32(MemoryLayout<SF_FORMAT_INFO>.size)
        guard sf_command(handle, Int32(SFC_GET_FORMAT_INFO), &format, size) == 0, let name = format.name else {
            return "unknown"
        }
        return String(cString: name)
    }

    /// Whether opening it, libsndfile found less data than the header promises. It then corrects `info.frames` and
    /// leaves only a line in its log: `data : 64000 (should be 32000)`.
    var isShorterThanItsHeader: Bool {
        var log = [CChar](repeating: 0, count: 16384)
        let length = sf_command(handle, Int32(SFC_GET_LOG_INFO), &log, Int32(log.count))
        guard length > 0 else { return false }
        let text = String(decoding: log.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.split(separator: "\n").contains { line in
            guard let found = line.firstMatch(of: /data\s*: (\d+) \(should be (\d+)\)/),
                let promised = UInt64(found.1), let there = UInt64(found.2)
            else { return false }
            // A program writing to a pipe cannot know the length and leaves the largest number: that promises nothing.
            return promised > there && promised < 0x7FFF_0000
        }
    }

    /// Reads the next frames, channels interleaved, scaled to −1…1.
    /// - Returns: how many frames were read; fewer than `frames` only at the end.
    mutating func read(into buffer: inout [Float], frames: Int) -> Int {
        precondition(buffer.count >= frames * channels)
        return buffer.withUnsafeMutableBufferPointer { Int(sf_readf_float(handle, $0.baseAddress, sf_count_t(frames))) }
    }
}
