import Corpus
import FeatureStore
import Foundation

extension StageOne {
    /// Measures how far stored rows are from float32 compute and float32 storage, on a sample of the corpus.
    ///
    /// The sample is chosen by the hash of the ids, so it is spread over the corpus and the same on every machine.
    /// - Parameter reference: the same frozen layers computed in float32.
    /// - Returns: nil if no sampled recording can be read.
    public func measureFidelity(
        reference: any FrozenEncoder, sampleCount: Int = 4
    ) throws -> CacheDescription.Fidelity? {
        let layout = settings.layout
        let ranked = manifest.utterances.map { (rank: ShardLayout.shardIndex(id: $0.id, shardCount: .max), $0) }
            .sorted { $0.rank < $1.rank }.map(\.1)
        var measure = FidelityMeasure(cutCount: layout.cuts.count)
        for utterance in ranked where measure.utterances < sampleCount {
            if observer.shouldStop() { throw CachingError.interrupted }
            let shard = ShardLayout.shardIndex(id: utterance.id, shardCount: layout.shardCount)
            let path = (settings.directory as NSString).appendingPathComponent(ShardLayout.fileName(shard: shard))
            let reader = try ShardReader(path: path)
            guard let row = reader.index(of: utterance.id),
                let recording = try? recordings.decode(utterance.audioPath),
                recording.sha256 == reader.entries[row].audioSHA256
            else { continue }
            let states = try reference.hiddenStates(of: recording.samples)
            for (number, cut) in layout.cuts.enumerated() {
                let stored = try reader.readFloats(cut: cut.name, utterance: row)
                guard let exact = states[cut.name]?.values, exact.count == stored.count else {
                    throw CachingError.encoder(id: utterance.id, detail: "other rows in float32 at cut \(cut.name)")
                }
                measure.add(stored, exact, width: cut.hiddenSize, cut: number, label: "\(utterance.id)/\(cut.name)")
            }
            measure.utterances += 1
        }
        return measure.result
    }
}

/// Sums over sampled rows, in float64.
struct FidelityMeasure {
    var utterances = 0
    private var rows = 0
    private var squaredError: [Double]
    private var squaredReference: [Double]
    private var cosineSum = 0.0
    private var worst = (cosine: Double.infinity, row: "")
    private let cutCount: Int

    init(cutCount: Int) {
        self.cutCount = cutCount
        squaredError = Array(repeating: 0, count: cutCount)
        squaredReference = squaredError
    }

    /// - Parameters:
    ///   - stored: `[frames, width]`
    ///   - exact: `[frames, width]`
    mutating func add(_ stored: [Float], _ exact: [Float], width: Int, cut: Int, label: String) {
        for row in 0..<stored.count / width {
            var (dot, ours, theirs, error) = (0.0, 0.0, 0.0, 0.0)
            for column in row * width..<(row + 1) * width {
                let (a, b) = (Double(stored[column]), Double(exact[column]))
                dot += a * b
                ours += a * a
                theirs += b * b
                error += (a - b) * (a - b)
            }
            squaredError[cut] += error
            squaredReference[cut] += theirs
            // Two rows of zeros are alike; a zero row is unlike any other.
            let cosine =
                ours == 0 && theirs == 0 ? 1 : ours == 0 || theirs == 0 ? 0 : dot / (ours * theirs).squareRoot()
            cosineSum += cosine
            rows += 1
            if cosine < worst.cosine { worst = (cosine, "\(label)/\(row)") }
        }
    }

    var result: CacheDescription.Fidelity? {
        guard rows > 0 else { return nil }
        let relative = zip(squaredError, squaredReference).map { $1 > 0 ? ($0 / $1).squareRoot() : $0.squareRoot() }
        return CacheDescription.Fidelity(
            utterances: utterances, frames: rows / cutCount, relativeError: relative.max() ?? 0,
            cosineMean: cosineSum / Double(rows), cosineMinimum: worst.cosine, worstRow: worst.row)
    }
}
