import CSndFile
import Foundation

/// A file as libsndfile should see it: with other bytes in its header, or longer than it is.
///
/// libsndfile reads it through callbacks, always from the thread that decodes.
final class AlteredFile {
    private let file: RandomAccessFile
    private let patch: SoundExtent.Patch?
    private let length: Int
    private var position = 0

    /// - Parameter stretch: how many times longer than it is the file is made out to be. Reading stops at its true end;
    ///   only what is asked for beyond that (a tag, by which MPEG files end) reads as zeros.
    init(_ file: RandomAccessFile, patch: SoundExtent.Patch? = nil, stretch: Int = 1) {
        self.file = file
        self.patch = patch
        length = file.length * stretch
    }

    /// - Parameter info: overwritten with what libsndfile finds.
    /// - Returns: libsndfile's handle, nil if it does not open; it must not outlive this object.
    func open(_ info: inout SF_INFO) -> OpaquePointer? {
        var callbacks = SF_VIRTUAL_IO(
            get_filelen: { sf_count_t(AlteredFile.of($0).length) },
            seek: { offset, whence, file in sf_count_t(AlteredFile.of(file).seek(Int(offset), whence)) },
            read: { buffer, count, file in
                guard let buffer, count > 0 else { return 0 }
                return sf_count_t(
                    AlteredFile.of(file).read(UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))))
            },
            write: { _, _, _ in 0 },
            tell: { sf_count_t(AlteredFile.of($0).position) })
        return sf_open_virtual(&callbacks, Int32(SFM_READ), &info, Unmanaged.passUnretained(self).toOpaque())
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> AlteredFile {
        Unmanaged<AlteredFile>.fromOpaque(pointer!).takeUnretainedValue()
    }

    private func seek(_ offset: Int, _ whence: Int32) -> Int {
        let base = whence == SEEK_END ? length : whence == SEEK_CUR ? position : 0
        position = max(0, base + offset)
        return position
    }

    private func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if position > file.length {
            let count = min(buffer.count, max(0, length - position))
            buffer[..<count].initializeMemory(as: UInt8.self, repeating: 0)
            position += count
            return count
        }
        let count = file.read(into: buffer, at: position)
        if let patch {
            for (index, byte) in patch.bytes.enumerated() where position..<position + count ~= patch.offset + index {
                buffer[patch.offset + index - position] = byte
            }
        }
        position += count
        return count
    }
}
