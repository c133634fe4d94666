import Dispatch
import Synchronization

/// A lock whose holders can wait for what other threads do under it: a condition variable that keeps its state inside,
/// so that nothing of it can be reached without the lock.
final class Monitor<State: Sendable>: Sendable {
    private struct Guarded {
        var state: State
        /// One per waiting thread. With a semaphore that they shared, a thread that has just come could take the wake-up
        /// of one that was there before, which would then sleep on.
        var sleepers: [DispatchSemaphore] = []
    }

    private let guarded: Mutex<Guarded>

    init(_ state: State) { guarded = Mutex(Guarded(state: state)) }

    /// Changes the state, and has everybody who waits look at it again.
    func update(_ change: (inout State) -> Void) {
        wake(
            guarded.withLock { guarded in
                change(&guarded.state)
                return Monitor.takeSleepers(&guarded)
            })
    }

    /// Tries until `attempt` gives something, again after each change; what it gives counts as a change.
    ///
    /// - Parameter deadline: when to give up.
    /// - Returns: nil only after the deadline.
    func wait<Outcome: Sendable>(
        until deadline: DispatchTime = .distantFuture, _ attempt: (inout State) -> Outcome?
    ) -> Outcome? {
        let bell = DispatchSemaphore(value: 0)
        while true {
            let (outcome, sleepers): (Outcome?, [DispatchSemaphore]) = guarded.withLock { guarded in
                let outcome = attempt(&guarded.state)
                if outcome != nil { return (outcome, Monitor.takeSleepers(&guarded)) }
                guarded.sleepers.append(bell)
                return (nil, [])
            }
            wake(sleepers)
            if let outcome { return outcome }
            if bell.wait(timeout: deadline) == .timedOut {
                guarded.withLock { $0.sleepers.removeAll { $0 === bell } }
                return nil
            }
        }
    }

    private static func takeSleepers(_ guarded: inout Guarded) -> [DispatchSemaphore] {
        defer { guarded.sleepers.removeAll() }
        return guarded.sleepers
    }

    private func wake(_ sleepers: [DispatchSemaphore]) { for bell in sleepers { bell.signal() } }
}
