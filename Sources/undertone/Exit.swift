import Console
import Foundation

/// Runs the body of a command; whatever it throws is said on standard error and becomes the exit code of its kind.
func reportingFaults(_ body: () throws -> Void) {
    do {
        try body()
    } catch {
        exitReporting(error)
    }
}

func printToStandardError(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
}
