import Synchronization

/// Hands out consecutive numbers.
final class Counter: Sendable {
    private let next = Mutex(0)
    func take(below limit: Int) -> Int? {
        next.withLock { next in
            guard next < limit else { return nil }
            defer { next += 1 }
            return next
        }
    }
}
