import Dispatch
import Synchronization
import Training

/// Calls `body(0) … body(count − 1)`, each once, several at a time.
///
/// - Throws: the first error that `body` threw, after which nothing more is begun; `StopRequest` once `shouldStop` says so.
func forEach(
    _ count: Int, workers: Int, shouldStop: @escaping @Sendable () -> Bool, _ body: @Sendable (Int) throws -> Void
) throws {
    let next = Atomic(0), failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: min(workers, count)) { _ in
        while failure.withLock({ $0 == nil }) {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            do {
                if shouldStop() { throw StopRequest() }
                try body(index)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
    }
    if let error = failure.withLock({ $0 }) { throw error }
}
