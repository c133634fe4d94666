import ArgumentParser
import Faults
import Foundation

/// Runs the body of a command; a `Fault` is said in a line on standard error and becomes the exit code of its kind.
func reportingFaults(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let fault as any Fault {
        printToStandardError("error: \(fault.description)")
        throw ExitCode(fault.kind.exitCode)
    }
}

func printToStandardError(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
}
