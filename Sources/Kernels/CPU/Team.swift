import Dispatch
import Synchronization

/// How an operation's work is divided among threads.
///
/// Every piece of work is computed the same way whichever thread takes it, so the number of threads does not change a bit of the
/// result. With one thread nothing is handed over: stage one gives each worker its own utterance and one thread.
struct Team: Sendable {
    let threads: Int

    /// Runs `body(0) … body(count − 1)`, each once, in no particular order, and waits for all.
    func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        if threads == 1 || count <= 1 {
            for index in 0..<count { body(index) }
            return
        }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                body(index)
            }
        }
    }

    /// Runs `body` over consecutive ranges that cover `0 ..< count`: one per thread, whole multiples of `multiple` but for
    /// the last, and none smaller than `minimum` unless it is all there is.
    func forEachRange(_ count: Int, multiple: Int = 1, minimum: Int = 1, _ body: @Sendable (Range<Int>) -> Void) {
        let pieces = max(1, min(threads, count / max(1, minimum)))
        let size = ((count + pieces - 1) / pieces + multiple - 1) / multiple * multiple
        guard size > 0 else { return }
        // What is left over where it is too small goes with the range before.
        let ranges = max(1, count / size + (count % size >= minimum ? 1 : 0))
        forEach(ranges) { index in body(index * size..<(index == ranges - 1 ? count : (index + 1) * size)) }
    }
}
