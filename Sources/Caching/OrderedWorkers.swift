import Foundation
import Synchronization

/// Computes `produce(0)`, `produce(1)`, … on several threads and hands each result to `consume`, in order, on the
/// caller's thread.
///
/// At most `window` results are waiting or being made at any moment, so memory stays bounded however uneven they are.
/// Threads rather than tasks: each computes for seconds without ever suspending.
///
/// - Parameters:
///   - shouldStop: asked before each item is begun; once true, what has begun is finished and consumed, nothing more.
///   - consume: may throw, which stops everything.
/// - Returns: how many items were consumed: `count` unless stopped.
func inOrder<Value: Sendable>(
    count: Int, workers: Int, window: Int, shouldStop: @escaping @Sendable () -> Bool,
    produce: @escaping @Sendable (Int) -> Value, consume: (Int, Value) throws -> Void
) throws -> Int {
    precondition(workers > 0 && window >= workers, "every worker needs room for its result")
    let shared = Shared<Value>(count: count, workers: min(workers, max(1, count)), window: window)
    for _ in 0..<min(workers, max(1, count)) {
        let thread = Thread { shared.work(shouldStop: shouldStop, produce: produce) }
        // The default of 512 KiB is little for a mathematics library.
        thread.stackSize = 16 << 20
        thread.start()
    }
    defer { shared.stopAndJoin() }
    for index in 0..<count {
        guard let value = shared.take(index) else { return index }
        try consume(index, value)
        shared.slots.signal()
    }
    return count
}

private final class Shared<Value: Sendable>: Sendable {
    private struct State {
        var next = 0
        var finished: [Int: Value] = [:]
        var isStopped = false
        var liveWorkers: Int
    }

    private let state: Mutex<State>
    private let count: Int
    /// One for each item that may be begun.
    let slots = DispatchSemaphore(value: 0)
    /// One for each thing that happened: an item finished, a worker left.
    private let news = DispatchSemaphore(value: 0)
    private let group = DispatchGroup()

    init(count: Int, workers: Int, window: Int) {
        self.count = count
        state = Mutex(State(liveWorkers: workers))
        // Raised one by one: a semaphore that begins at `window` may not be released below it.
        for _ in 0..<window { slots.signal() }
        for _ in 0..<workers { group.enter() }
    }

    func work(shouldStop: () -> Bool, produce: (Int) -> Value) {
        while true {
            slots.wait()
            let index = state.withLock { state -> Int? in
                guard !state.isStopped, state.next < count, !shouldStop() else {
                    state.isStopped = true
                    return nil
                }
                defer { state.next += 1 }
                return state.next
            }
            guard let index else { break }
            let value = produce(index)
            state.withLock { $0.finished[index] = value }
            news.signal()
        }
        slots.signal()  // wakes the next worker, so that it leaves as well
        state.withLock { $0.liveWorkers -= 1 }
        news.signal()
        group.leave()
    }

    /// Waits for item `index`; nil if nobody is going to make it.
    func take(_ index: Int) -> Value? {
        while true {
            let (value, isOver) = state.withLock { state in
                let value = state.finished.removeValue(forKey: index)
                return (value, value == nil && state.liveWorkers == 0)
            }
            if let value { return value }
            if isOver { return nil }
            news.wait()
        }
    }

    func stopAndJoin() {
        state.withLock { $0.isStopped = true }
        slots.signal()
        group.wait()
    }
}
