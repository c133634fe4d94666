import Faults
import Files
import Foundation

/// A program and all that it starts, in a process group of their own: a signal reaches all of them, and each once.
///
/// Foundation's `Process` leaves open which group the child is in.
final class ChildProcess {
    private let identifier: pid_t
    private var status: Int32?

    /// - Parameters:
    ///   - arguments: the first is the program, found through PATH.
    ///   - output: file descriptors for its standard output and error; nil: this program's own.
    init(_ arguments: [String], environment: [String: String], output: (Int32, Int32)? = nil) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        posix_spawnattr_setpgroup(&attributes, 0)
        // Of a program in the background, a shell may have had interruptions ignored.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output.0, STDOUT_FILENO)
            posix_spawn_file_actions_adddup2(&actions, output.1, STDERR_FILENO)
        }
        // Whoever waits for this program by a pipe of its own must not wait for what lives on when it is killed.
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        let words = arguments.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var child = pid_t()
        let code = posix_spawnp(&child, arguments[0], &actions, &attributes, words, variables)
        guard code == 0 else { throw ChildError.cannotStart(arguments[0], String(cString: strerror(code))) }
        identifier = child
    }

    /// Nil while it runs; then its exit code, or of one that a signal ended, the signal's number negated.
    var exitCode: Int32? {
        if status == nil {
            var found: Int32 = 0
            if waitpid(identifier, &found, WNOHANG) == identifier { status = found }
        }
        return status.map { $0 & 0x7f == 0 ? ($0 >> 8) & 0xff : -($0 & 0x7f) }
    }

    func send(_ signal: Int32) { kill(-identifier, signal) }
}

enum ChildError: Fault {
    case cannotStart(String, String)
    case noPipe(String)

    var kind: FaultKind {
        switch self {
        case .cannotStart: .missingInput
        case .noPipe: .bug
        }
    }

    var description: String {
        switch self {
        case .cannotStart(let program, let reason):
            "\(program): cannot be started (\(reason)); install it, or look at PATH"
        case .noPipe(let reason): "no pipe for what make says: \(reason)"
        }
    }
}

/// The reading end of a pipe, as lines, read without waiting.
final class LinePipe {
    private let reading: Int32
    let writing: Int32
    private var rest: [UInt8] = []

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildError.noPipe(lastSystemError()) }
        (reading, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Whole lines that have come since the last call; at the end, what is left without its end.
    func lines(isEnd: Bool = false) -> [String] {
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(reading, &buffer, buffer.count)
            guard count > 0 else { break }
            rest += buffer[..<count]
        }
        var lines: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeSubrange(...end)
        }
        if isEnd, !rest.isEmpty {
            lines.append(String(decoding: rest, as: UTF8.self))
            rest = []
        }
        return lines
    }
}
