import Foundation
import Synchronization
import Testing

/// One of the programs, as a user runs it.
enum Program: String, CaseIterable, Sendable {
    case cache = "undertone-cache"
    case train = "undertone-train"
    case undertone

    /// Beside the test bundle: the build under test, debug or release.
    var url: URL {
        get throws {
            let bundle = try #require(Bundle.main.executableURL).resolvingSymlinksInPath()
            let url = bundle.deletingLastPathComponent().appending(path: rawValue)
            try #require(FileManager.default.isExecutableFile(atPath: url.path), "\(url.path) is not built")
            return url
        }
    }

    /// Runs to the end.
    /// - Parameter input: a file of the folder, given as standard input.
    func run(_ arguments: [String], input: String? = nil, in folder: Scratch) throws -> Outcome {
        try Running(try url, arguments, input: input, in: folder).wait()
    }

    func start(_ arguments: [String], in folder: Scratch) throws -> Running {
        try Running(try url, arguments, in: folder)
    }

    /// Starts the program and sends it a signal once standard error has the text.
    ///
    /// On a busy machine a short piece of work may be over before this process gets its turn: then what it left is removed, and it is
    /// tried again.
    func stop(_ arguments: [String], with signal: Int32, at text: String, leaving path: String, in folder: Scratch)
        throws
        -> Outcome
    {
        for _ in 0..<50 {
            let running = try start(arguments, in: folder)
            running.waitUntilSaid(text)
            running.send(signal)
            let outcome = try running.wait()
            guard outcome.code == 0 else { return outcome }
            try folder.remove(path)
        }
        throw TooQuick()
    }

    /// Runs to the end under limits set by bash's `ulimit`.
    func run(_ arguments: [String], limits: String, in folder: Scratch) throws -> Outcome {
        try run(arguments, after: "ulimit \(limits)", in: folder)
    }

    /// Runs to the end in a shell that has done something first, such as `umask 077` or `export NAME=value`.
    func run(_ arguments: [String], after preparation: String, in folder: Scratch) throws -> Outcome {
        let script = "\(preparation) && exec \"$@\""
        return try Running(
            URL(filePath: "/bin/bash"), ["-c", script, "bash", try url.path] + arguments, in: folder
        ).wait()
    }
}

/// A program was through before the signal came, every time.
struct TooQuick: Error {}

/// How a program ended and what it said.
struct Outcome {
    /// The exit code; of a process that a signal ended, the signal's number negated.
    var code: Int32
    var output: String
    /// Standard error.
    var said: String

    /// Lines of standard error that begin so.
    func lines(_ prefix: String) -> [String] {
        said.split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    var errors: [String] { lines("error: ") }
}

/// A program while it runs. Its output goes to files, so that no pipe can fill up.
final class Running {
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let outputPath: String
    private let errorPath: String

    init(_ executable: URL, _ arguments: [String], input: String? = nil, in folder: Scratch) throws {
        let name = UUID().uuidString
        (outputPath, errorPath) = (folder.logs + "/\(name).out", folder.logs + "/\(name).err")
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder.path)
        // Help is wrapped to this, whatever terminal the tests run in.
        process.environment = ProcessInfo.processInfo.environment.merging(["COLUMNS": "80"]) { $1 }
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: URL(filePath: "\(folder.path)/\($0)")) }
            ?? FileHandle.nullDevice
        for path in [outputPath, errorPath] { try Data().write(to: URL(filePath: path)) }
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    var said: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

    /// Standard output so far.
    var printed: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

    var isRunning: Bool { process.isRunning }

    /// Waits until standard output has the text, or the process has ended.
    func waitUntilPrinted(_ text: String) {
        while process.isRunning, !printed.contains(text) { usleep(2000) }
    }

    /// Waits until standard error has the text, or the process has ended.
    func waitUntilSaid(_ text: String) {
        while process.isRunning, !said.contains(text) { usleep(2000) }
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// On the thread that started it: its run loop closes the two descriptors that Foundation opens for each process; else they stay
    /// open, and hundreds of processes later there are none left.
    func wait(seconds: Int = 600) throws -> Outcome {
        let identifier = process.processIdentifier, isTooLong = Mutex(false)
        let deadline = DispatchWorkItem {
            isTooLong.withLock { $0 = true }
            kill(identifier, SIGKILL)
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds), execute: deadline)
        process.waitUntilExit()
        ended.wait()
        deadline.cancel()
        if isTooLong.withLock({ $0 }) {
            Issue.record("still running after \(seconds) s: \(process.arguments ?? [])\n\(said)")
        }
        let output = try String(contentsOfFile: outputPath, encoding: .utf8)
        let code = process.terminationStatus
        return Outcome(
            code: process.terminationReason == .uncaughtSignal ? -code : code, output: output, said: said)
    }
}
