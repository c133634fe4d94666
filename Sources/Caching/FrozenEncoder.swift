/// What stage one needs from a model: the hidden states of one utterance at the cuts.
public protocol FrozenEncoder: Sendable {
    /// Rows per cut, keyed by the cut's text (`cnn`, `0`, `9`).
    ///
    /// Called by several workers at once. One utterance's rows must be the same bits whatever is computed beside it.
    /// - Parameter waveform: at the cache's sample rate, normalised if the model's preprocessor says so.
    /// - Throws: `CachingError.interrupted` where it is asked to stop before it is through; what the model throws.
    func hiddenStates(of waveform: [Float]) throws -> [String: HiddenStates]
}

/// The hidden states of one utterance at one cut.
public struct HiddenStates: Sendable, Equatable {
    /// Frames.
    public var rows: Int
    /// Channels.
    public var columns: Int
    /// `[rows, columns]`
    public var values: [Float]

    public init(rows: Int, columns: Int, values: [Float]) {
        self.rows = rows
        self.columns = columns
        self.values = values
    }
}
