/// An error that a person is meant to read and a program to act on.
///
/// Every module throws typed errors that conform to `Fault`. The description is one line (or one line per offending row or
/// file) and says what was found and where, what was expected, and what to do about it; `kind` decides the exit code.
public protocol Fault: Error, Sendable, CustomStringConvertible {
    var kind: FaultKind { get }
}

/// What sort of failure it was, in the terms of `sysexits.h`: the raw value is the process's exit code.
public enum FaultKind: Int32, Sendable, CaseIterable {
    /// Wrong usage: a flag, a key or a combination that cannot be.
    case usage = 64
    /// Input that is there but wrong.
    case badInput = 65
    /// Input that is not there or cannot be opened.
    case missingInput = 66
    /// Something of the machine that nothing works without is not there.
    case unavailable = 69
    /// A bug of ours: an invariant that did not hold.
    case bug = 70
    /// Output that cannot be written, a full disk included.
    case cannotWrite = 73
    /// Interrupted; the same command goes on from where it stopped.
    case interrupted = 75

    public var exitCode: Int32 { rawValue }
}
