import Foundation

/// Bytes from a pipe that may be silent for as long as it likes.
struct WaveSource {
    let descriptor: Int32
    /// As it is named in errors.
    let name: String
    /// Asked while nothing has come.
    let shouldStop: () -> Bool

    /// As many bytes as were asked for, fewer only at the stream's end.
    /// - Throws: `AudioError.unreadable`, or `.interrupted` once `shouldStop` says so.
    func read(_ count: Int) throws(AudioError) -> [UInt8] {
        var failure: AudioError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            do throws(AudioError) {
                while initialised < count {
                    try waitForBytes()
                    let got = Foundation.read(descriptor, buffer.baseAddress! + initialised, count - initialised)
                    if got < 0, errno == EINTR { continue }
                    if got < 0 { throw unreadable() }
                    guard got > 0 else { return }
                    initialised += got
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Until there is something to read, or the end. A signal that came just before the wait does not end it, so that `shouldStop`
    /// is asked several times a second.
    private func waitForBytes() throws(AudioError) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&request, 1, 200)
            if ready > 0 { return }
            if ready < 0, errno != EINTR, errno != EAGAIN { throw unreadable() }
            if shouldStop() { throw .interrupted(name: name) }
        }
    }

    private func unreadable() -> AudioError { .unreadable(path: name, reason: String(cString: strerror(errno))) }
}
