import Foundation
import Synchronization
import Testing

@testable import Caching

private typealias Line = ComputeLine<Int, Int>

/// What happens on a line, seen from outside.
private final class Watch: Sendable {
    struct Counts {
        var decoded: [Int] = []
        var computing: [Int] = []
        var waitingSamples = 0
        var mostWaitingSamples = 0
        var results = 0
        var mostResults = 0
    }
    let counts = Mutex(Counts())

    /// Waits for what other threads have to do.
    func waits(until condition: (Counts) -> Bool) -> Bool {
        CachingTests.waits { counts.withLock { condition($0) } }
    }

    func line(
        _ samples: [Int], workers: Int = 1, decoders: Int = 2, decodedSamples: Int = 1000, computedSamples: Int = 1000,
        shouldStop: @escaping @Sendable () -> Bool = { false },
        decoding: @escaping @Sendable (Int) -> Void = { _ in }, computing: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> Line {
        Line(
            estimates: samples,
            limits: ComputeLineLimits(
                workerCount: workers, decoderCount: decoders, decodedSamples: decodedSamples,
                computedSamples: computedSamples),
            shouldStop: shouldStop,
            decode: { [self] index in
                counts.withLock { counts in
                    counts.waitingSamples += samples[index]
                    counts.mostWaitingSamples = max(counts.mostWaitingSamples, counts.waitingSamples)
                }
                decoding(index)
                counts.withLock { $0.decoded.append(index) }
                return (index, samples[index])
            },
            compute: { [self] index, value in
                counts.withLock { counts in
                    counts.waitingSamples -= samples[index]
                    counts.computing.append(index)
                }
                computing(index)
                counts.withLock { counts in
                    counts.results += 1
                    counts.mostResults = max(counts.mostResults, counts.results)
                }
                return value * value
            })
    }

    /// Takes everything, in whatever order it comes.
    func drain(_ line: Line) -> [Int: Int] {
        var results: [Int: Int] = [:]
        while case .computed(let index, let value) = line.next() {
            counts.withLock { $0.results -= 1 }
            #expect(results.updateValue(value, forKey: index) == nil, "each once")
        }
        line.stopAndJoin()
        return results
    }
}

@Test(arguments: 0..<30)
func everyItemIsComputedOnceWithinTheBounds(seed: Int) {
    let samples = (0..<60).map { 1 + ($0 * 7919 + seed * 104_729) % 90 }
    let watch = Watch()
    let pause: @Sendable (Int) -> Void = { usleep(UInt32(($0 * 31 + seed * 17) % 300)) }
    let results = watch.drain(
        watch.line(
            samples, workers: 1 + seed % 4, decoders: 1 + seed % 3, decodedSamples: 100 + seed * 10,
            computedSamples: 100, decoding: pause, computing: { pause($0 + 7) }))
    #expect(results == Dictionary(uniqueKeysWithValues: (0..<60).map { ($0, $0 * $0) }))
    let workers = 1 + seed % 4
    // Beside the limit, one for each idle worker; and a worker that has taken one may not yet have said so.
    #expect(watch.counts.withLock { $0.mostWaitingSamples } <= 100 + seed * 10 + 2 * workers * 90)
}

@Test func noItemsIsNoWork() {
    let watch = Watch()
    #expect(watch.drain(watch.line([])).isEmpty)
}

@Test func decodingGoesOnWhileAWorkerComputes() {
    let watch = Watch()
    let isAhead = Mutex(false)
    let line = watch.line(
        Array(repeating: 10, count: 8), decoders: 1,
        computing: { index in
            guard index == 0 else { return }
            isAhead.withLock { $0 = watch.waits { $0.decoded.count == 8 } }
        })
    #expect(watch.drain(line).count == 8)
    #expect(isAhead.withLock { $0 }, "all were decoded while the first was computed")
}

@Test func aSlowRecordingDoesNotHoldBackTheOthers() {
    let watch = Watch()
    let othersWereComputed = Mutex(false)
    let line = watch.line(
        Array(repeating: 10, count: 8),
        decoding: { index in
            guard index == 0 else { return }
            othersWereComputed.withLock { $0 = watch.waits { $0.computing.count == 7 } }
        })
    #expect(watch.drain(line).count == 8)
    #expect(othersWereComputed.withLock { $0 }, "seven were computed while the first was being decoded")
}

@Test func longItemsPassOneAtATime() {
    let watch = Watch()
    #expect(watch.drain(watch.line(Array(repeating: 5000, count: 6), computing: { _ in usleep(3000) })).count == 6)
    // One waits for the worker; another is begun only when the worker is idle.
    #expect(watch.counts.withLock { $0.mostWaitingSamples } <= 10_000)
}

@Test func theLongestOfTheLastGoFirst() {
    let watch = Watch()
    let samples = [5, 20, 70, 10, 90, 40]
    let line = watch.line(
        samples, decoders: 1,
        decoding: { index in if index > 0 { _ = watch.waits { !$0.computing.isEmpty } } },
        computing: { index in if index == 0 { _ = watch.waits { $0.decoded.count == samples.count } } })
    _ = watch.drain(line)
    #expect(watch.counts.withLock { $0.computing } == [0, 4, 2, 5, 1, 3])
}

@Test func resultsThatNobodyTakesHoldTheWorkersBack() {
    let watch = Watch()
    let line = watch.line(Array(repeating: 10, count: 40), workers: 2, computedSamples: 50)
    #expect(watch.waits { $0.results >= 6 })
    usleep(20_000)
    #expect(watch.counts.withLock { $0.results } <= 8)
    #expect(watch.drain(line).count == 40)
}

@Test func deadlineOfTheCallerPasses() {
    let watch = Watch()
    let mayEnd = Mutex(false)
    let line = watch.line(
        [10], computing: { _ in while !mayEnd.withLock({ $0 }) { usleep(500) } })
    guard case .nothingYet = line.next(until: .now() + 0.01) else {
        Issue.record("something came")
        return
    }
    mayEnd.withLock { $0 = true }
    #expect(watch.drain(line) == [0: 0])
}

@Test func whatWasBegunIsFinishedWhenAskedToStop() {
    let watch = Watch()
    let isStopping = Mutex(false)
    let line = watch.line(
        Array(repeating: 10, count: 100), workers: 3, shouldStop: { isStopping.withLock { $0 } },
        computing: { index in if index == 10 { isStopping.withLock { $0 = true } } })
    let results = watch.drain(line)
    #expect(results.count < 100 && results[10] == 100)
    #expect(Set(results.keys) == Set(watch.counts.withLock { $0.computing }), "nothing that was computed is lost")
}

@Test func lineEndsThoughNobodyTakesItsResults() {
    let watch = Watch()
    let line = watch.line(Array(repeating: 10, count: 100), workers: 3, computedSamples: 10)
    _ = line.next()
    line.stopAndJoin()
    #expect(watch.counts.withLock { $0.computing.count } < 100)
}
