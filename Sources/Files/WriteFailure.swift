import Faults
import Foundation

/// A file that could not be written, a full disk included. Modules turn it into an error of their own with `writing`.
package struct WriteFailure: Fault, Equatable {
    package let path: String
    package let reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var kind: FaultKind { .cannotWrite }
    package var description: String { "\(path): cannot be written: \(reason)" }
}

/// A module's error that has a case for files that cannot be written.
package protocol WritingFault: Fault {
    init(_ failure: WriteFailure)
}

/// Does what `body` does, with a module's own error where it fails.
package func writing<Failure: WritingFault, Outcome: ~Copyable>(
    as _: Failure.Type, _ body: () throws(WriteFailure) -> Outcome
) throws(Failure) -> Outcome {
    do throws(WriteFailure) {
        return try body()
    } catch {
        throw Failure(error)
    }
}

/// What the system says of its last call that failed.
package func lastSystemError() -> String { String(cString: strerror(errno)) }
