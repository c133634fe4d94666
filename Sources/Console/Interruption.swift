import Faults
import Foundation
import Synchronization

/// Ctrl-C and `kill`, heard politely: the first asks the work to stop at a safe place, the second ends the process at
/// once.
public enum Interruption {
    private static let requests = Atomic<Int>(0)

    /// Whether the user, or the machine's scheduler, has asked to stop.
    public static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

    /// Starts listening to SIGINT and SIGTERM. System calls under way go on (`SA_RESTART`): work asks `isRequested`
    /// between its steps.
    public static func install() {
        // The handler must not be the first to touch the counter: a lazy global's set-up is not safe inside a signal.
        _ = isRequested
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            if Interruption.requests.wrappingAdd(1, ordering: .relaxed).newValue > 1 {
                _exit(FaultKind.interrupted.exitCode)
            }
        }
        action.sa_flags = SA_RESTART
        // A parent may have blocked them, and a blocked signal is inherited: a launcher's worker thread often has.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // A limit on the size of files is then an error of the write, which says what to do, and no silent death.
        signal(SIGXFSZ, SIG_IGN)
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
    }

    /// - Throws: `Interrupted` if stopping was asked for.
    public static func check() throws(Interrupted) {
        if isRequested { throw Interrupted() }
    }
}

/// The work stopped where it was asked to, and what is done is kept.
public struct Interrupted: Fault {
    public init() {}
    public var kind: FaultKind { .interrupted }
    public var description: String { "interrupted; what is done is kept, the same command goes on from here" }
}
