import Faults
import Foundation

/// What a failed make failed for. Its own exit code is 2 whatever happened; the programs' it only says, on standard error.
struct MakeFailure: Equatable {
    private(set) var kinds: [FaultKind] = []

    /// Takes a line of standard error in, which must not be a translation.
    mutating func read(_ line: String) {
        // `make: *** [build/x/rules.mk:40: build/x/cache/shard-00000.h5] Error 73`, or in the place of the last words those for a signal.
        if let match = line.firstMatch(of: /\*\*\* \[.*\] (?:Error ([0-9]+)|([A-Z].*))$/) {
            kinds.append(
                match.output.1.flatMap { Int32($0) }.map { Self.kind($0) } ?? Self.kind(ofSignal: match.output.2))
        } else if line.contains("*** No rule to make target ") {
            kinds.append(.missingInput)
        }
    }

    /// Of the first failure that is more than an interruption, which goes on with the same command; nil where nothing was said.
    var kind: FaultKind? { kinds.first { $0 != .interrupted } ?? kinds.first }

    private static let crashes = [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE]

    /// A shell adds 128 to the number of the signal that ended a program; 126 and 127 are its own, for one that cannot be started.
    private static func kind(_ code: Int32) -> FaultKind {
        if let kind = FaultKind(rawValue: code) { return kind }
        if code == 126 || code == 127 { return .missingInput }
        return code > 128 && !crashes.contains(code - 128) ? .interrupted : .bug
    }

    private static func kind(ofSignal words: Substring?) -> FaultKind {
        crashes.contains { words?.hasPrefix(String(cString: strsignal($0))) == true } ? .bug : .interrupted
    }
}
