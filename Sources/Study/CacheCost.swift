/// What a cache took.
public struct CacheCost: Sendable, Equatable, Encodable {
    /// `cnn`, or the number of the layer whose output is kept.
    public var cut: String
    public var store: String
    /// How many neighbouring frames each row is the mean of.
    public var pool: Int
    /// Of all shards.
    public var bytes: Int
    /// Of stage one from its start to its end, for the whole corpus.
    public var seconds: Double
    public var peakMemoryBytes: Int

    public init(cut: String, store: String, pool: Int = 1, bytes: Int, seconds: Double, peakMemoryBytes: Int) {
        self.cut = cut
        self.store = store
        self.pool = pool
        self.bytes = bytes
        self.seconds = seconds
        self.peakMemoryBytes = peakMemoryBytes
    }

    /// What each of so many runs has to bear of it.
    public func seconds(perRunOf runs: Int) -> Double { seconds / Double(runs) }
}
