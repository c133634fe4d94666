import Caching
import Checkpoints
import SpeechEncoder
import Synchronization

/// The frozen layers behind the interface that caching knows, loaded once, by whoever comes first.
public final class EncoderOnDemand: FrozenEncoder {
    /// Of the engine, for each utterance.
    public let threads: Int
    private let make: @Sendable () throws -> LowerEncoder
    private let loaded = Mutex<LowerEncoder?>(nil)

    init(threads: Int, make: @escaping @Sendable () throws -> LowerEncoder) {
        self.threads = threads
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

    public func hiddenStates(of waveform: [Float]) throws -> [String: HiddenStates] {
        let encoder = try load()
        let states = encoder.downloadedHiddenStates(of: waveform)
        return Dictionary(
            uniqueKeysWithValues: states.map { cut, values in
                let width = encoder.configuration.width(at: cut)
                return ("\(cut)", HiddenStates(rows: values.count / width, columns: width, values: values))
            })
    }
}
