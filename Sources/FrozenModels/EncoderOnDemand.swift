import Caching
import Checkpoints
import SpeechEncoder
import Synchronization

/// The frozen layers behind the interface that caching knows, loaded once, by whoever comes first.
public final class EncoderOnDemand: FrozenEncoder {
    /// Of the engine, for each utterance.
    public let threads: Int
    private let shouldStop: @Sendable () -> Bool
    private let make: @Sendable () throws -> LowerEncoder
    private let loaded = Mutex<LowerEncoder?>(nil)

    /// - Parameter shouldStop: the one of the engine that `make` gives the encoder.
    init(
        threads: Int, shouldStop: @escaping @Sendable () -> Bool, make: @escaping @Sendable () throws -> LowerEncoder
    ) {
        self.threads = threads
        self.shouldStop = shouldStop
        self.make = make
    }

    @discardableResult
    public func load() throws -> LowerEncoder {
        try loaded.withLock { loaded in
            if let loaded { return loaded }
            let encoder = try make()
            loaded = encoder
            return encoder
        }
    }

    /// - Throws: `CachingError.interrupted` when asked to stop; what loading throws.
    public func hiddenStates(of waveform: [Float]) throws -> [String: HiddenStates] {
        let encoder = try load()
        let states = try encoder.downloadedHiddenStates(of: waveform, check: checkInterruption)
        // The engine may have left the last step unfinished.
        try checkInterruption()
        return Dictionary(
            uniqueKeysWithValues: states.map { cut, values in
                let width = encoder.configuration.width(at: cut)
                return ("\(cut)", HiddenStates(rows: values.count / width, columns: width, values: values))
            })
    }

    private func checkInterruption() throws(CachingError) {
        if shouldStop() { throw .interrupted }
    }
}
