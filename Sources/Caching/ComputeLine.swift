import Foundation

/// How much of everything may be under way in a `ComputeLine`.
package struct ComputeLineLimits: Sendable {
    /// Items computed at the same time.
    package var workerCount: Int
    package var decoderCount: Int
    /// Samples being decoded or waiting for a worker. Where none waits, an item of any length is begun; while workers
    /// idle, one for each.
    package var decodedSamples: Int
    /// Samples whose results wait for the caller, beyond those being computed.
    package var computedSamples: Int

    package init(workerCount: Int, decoderCount: Int, decodedSamples: Int, computedSamples: Int) {
        precondition(workerCount > 0 && decoderCount > 0, "at least one thread for each stage")
        self.workerCount = workerCount
        self.decoderCount = decoderCount
        self.decodedSamples = decodedSamples
        self.computedSamples = computedSamples
    }
}

/// Two stages on threads of their own, so that waiting for a disk or a network never idles compute:
///
///     decoders ──▶ decoded, waiting ──▶ workers ──▶ computed, waiting ──▶ the caller, by `next(until:)`
///
/// Decoders begin items in order and stay ahead of the workers. Both places of waiting are bounded by audio rather than by
/// count, so that a corpus of hours costs no more memory than one of words. Results come as they are finished, not in
/// order: else a long recording would hold back what is computed beside it, in memory, where a kill reaches it.
///
/// Threads rather than tasks: each decodes or computes for seconds without ever suspending.
package final class ComputeLine<Decoded: Sendable, Value: Sendable>: Sendable {
    package enum Event: Sendable {
        case computed(index: Int, Value)
        /// The deadline has passed and nothing has come.
        case nothingYet
        /// Everything that was begun is handed over: all items, or fewer if asked to stop.
        case over
    }

    private struct State {
        var nextToDecode = 0
        /// Being decoded or waiting for a worker.
        var reservedCount = 0
        var reservedSamples = 0
        var decoded: [(index: Int, value: Decoded, samples: Int)] = []
        var computingCount = 0
        var computed: [(index: Int, value: Value, samples: Int)] = []
        var computedSamples = 0
        var liveWorkers: Int
        var isStopped = false
    }

    private let state: Monitor<State>
    private let estimates: [Int]
    private let limits: ComputeLineLimits
    private let threads = DispatchGroup()
    private let shouldStop: @Sendable () -> Bool
    private let decode: @Sendable (Int) -> (Decoded, samples: Int)
    private let compute: @Sendable (Int, Decoded) -> Value

    /// Starts the threads; `stopAndJoin()` ends them.
    ///
    /// - Parameters:
    ///   - estimates: samples of each item as far as known before decoding.
    ///   - limits: threads of either stage, and how many samples may wait behind it.
    ///   - shouldStop: asked before each item is decoded or computed; once true, nothing more is begun; what is being
    ///     computed is awaited, and may ask the same itself.
    ///   - decode: on several threads; with how many samples it really gave.
    ///   - compute: on several threads, in no order.
    package init(
        estimates: [Int], limits: ComputeLineLimits, shouldStop: @escaping @Sendable () -> Bool,
        decode: @escaping @Sendable (Int) -> (Decoded, samples: Int),
        compute: @escaping @Sendable (Int, Decoded) -> Value
    ) {
        self.estimates = estimates
        self.limits = limits
        self.shouldStop = shouldStop
        self.decode = decode
        self.compute = compute
        let workerCount = min(limits.workerCount, max(1, estimates.count))
        state = Monitor(State(liveWorkers: workerCount))
        for _ in 0..<min(limits.decoderCount, estimates.count) { start { $0.decodeAll() } }
        for _ in 0..<workerCount { start { $0.computeAll() } }
    }

    private func start(_ body: @escaping @Sendable (ComputeLine) -> Void) {
        threads.enter()
        let thread = Thread { [self] in
            body(self)
            threads.leave()
        }
        // The default of 512 KiB is little for a mathematics library.
        thread.stackSize = 16 << 20
        thread.start()
    }

    // MARK: - The caller's end

    /// The next result, whichever comes first.
    package func next(until deadline: DispatchTime = .distantFuture) -> Event {
        let event = state.wait(until: deadline) { state -> Event? in
            guard !state.computed.isEmpty else { return state.liveWorkers == 0 ? .over : nil }
            let item = state.computed.removeFirst()
            state.computedSamples -= item.samples
            return .computed(index: item.index, item.value)
        }
        return event ?? .nothingYet
    }

    /// Begins nothing more, and waits until every thread has ended.
    package func stopAndJoin() {
        state.update { $0.isStopped = true }
        threads.wait()
    }

    // MARK: - In a decoder

    private func decodeAll() {
        while let index = nextToDecode() {
            let (value, samples) = decode(index)
            state.update { state in
                state.reservedSamples += samples - estimates[index]
                state.decoded.append((index, value, samples))
            }
        }
    }

    /// Nil at the end.
    private func nextToDecode() -> Int? {
        let choice = state.wait { state -> Int?? in
            let index = state.nextToDecode
            guard index < estimates.count, !isStopped(&state) else { return .some(nil) }
            let idleWorkers = state.liveWorkers - state.computingCount
            guard
                state.reservedCount == 0 || state.reservedCount < idleWorkers
                    || state.reservedSamples + estimates[index] <= limits.decodedSamples
            else { return nil }
            state.nextToDecode += 1
            state.reservedCount += 1
            state.reservedSamples += estimates[index]
            return index
        }
        return choice ?? nil
    }

    // MARK: - In a worker

    private func computeAll() {
        while let item = nextToCompute() {
            let value = compute(item.index, item.value)
            state.update { state in
                state.computingCount -= 1
                state.computed.append((item.index, value, item.samples))
                state.computedSamples += item.samples
            }
        }
        state.update { $0.liveWorkers -= 1 }
    }

    /// Nil at the end.
    private func nextToCompute() -> (index: Int, value: Decoded, samples: Int)? {
        let choice = state.wait { state -> (index: Int, value: Decoded, samples: Int)?? in
            let isLastDecoding = state.nextToDecode == estimates.count
            guard !isStopped(&state), !(isLastDecoding && state.reservedCount == 0) else { return .some(nil) }
            guard !state.decoded.isEmpty, state.computedSamples <= limits.computedSamples else { return nil }
            // Towards the end the longest goes first, so that no worker is left alone with it.
            let choice =
                isLastDecoding
                ? state.decoded.indices.max { state.decoded[$0].samples < state.decoded[$1].samples }! : 0
            let item = state.decoded.remove(at: choice)
            state.reservedCount -= 1
            state.reservedSamples -= item.samples
            state.computingCount += 1
            return item
        }
        return choice ?? nil
    }

    private func isStopped(_ state: inout State) -> Bool {
        if !state.isStopped, shouldStop() { state.isStopped = true }
        return state.isStopped
    }
}
