import Faults
import Foundation

/// Prints what went wrong to standard error and leaves with the exit code of its kind (70 if it has none: a bug).
public func exitReporting(_ error: any Error) -> Never {
    writeStandardError(errorLines(error).map { $0 + "\n" }.joined())
    exit(exitCode(of: error))
}

/// The lines that a user sees: `error: ` before the description, and before every line of it, since a fault may list
/// one problem a line.
public func errorLines(_ error: any Error) -> [String] {
    let text =
        (error as? any Fault)?.description
        ?? "\(error); this is a bug in Undertone, please report it with the command that led here"
    return text.split(separator: "\n").map { "error: \($0)" }
}

/// The process's exit code for an error, in the terms of `sysexits.h`.
public func exitCode(of error: any Error) -> Int32 {
    (error as? any Fault)?.kind.exitCode ?? FaultKind.bug.exitCode
}

/// Writes the text in as few system calls as possible, so that lines of several threads do not mix.
func writeStandardError(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let count = write(STDERR_FILENO, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            // Nowhere to complain to.
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }
}
