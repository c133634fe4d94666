import Synchronization

/// How much speech went through the encoder, as several workers tell of it.
final class SpeechTally: Sendable {
    private let sum = Mutex(0.0)

    var seconds: Double { sum.withLock { $0 } }

    func add(_ seconds: Double) { sum.withLock { $0 += seconds } }

    /// What is known exactly at the end.
    func set(_ seconds: Double) { sum.withLock { $0 = seconds } }
}
