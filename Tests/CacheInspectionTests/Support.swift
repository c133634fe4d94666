import Synchronization

/// Sums that several threads add to.
final class Counter: Sendable {
    private let state = Mutex((0, 0))

    func add(_ a: Int, _ b: Int) { state.withLock { $0 = ($0.0 + a, $0.1 + b) } }

    var sums: (Int, Int) { state.withLock { $0 } }
}
