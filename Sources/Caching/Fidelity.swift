import Corpus
import FeatureStore
import Files
import Foundation

/// How much of a corpus is computed once more, in float32, to compare with what is stored.
public struct FidelitySample: Sendable, Equatable {
    public var utteranceCount: Int
    /// Of audio.
    public var seconds: Double
    /// The longest single recording that is computed again where none fits into `seconds`.
    public var longestSeconds: Double

    /// Small beside the caching of any corpus that can be trained from.
    public init(utteranceCount: Int = 8, seconds: Double = 60, longestSeconds: Double = 300) {
        self.utteranceCount = utteranceCount
        self.seconds = seconds
        self.longestSeconds = longestSeconds
    }
}

extension StageOne {
    /// Measures how far stored rows are from float32 compute and float32 storage, on a sample of the corpus.
    ///
    /// Utterances are taken by the hash of their ids, so the sample is spread over the corpus and the same on every
    /// machine, and each as long as it still fits; where none fits, the shortest is taken. An hour of speech would take longer in
    /// float32 than it took to cache: of a recording that is too long, the beginning is computed in both ways, stored in memory, and
    /// compared. That tells what precision and storage cost, though its rows are not those of the cache, which depend on the whole
    /// recording; the result says so.
    /// - Parameters:
    ///   - encoder: what computed the cache.
    ///   - reference: the same frozen layers computed in float32.
    ///   - limit: none of its numbers is exceeded, but `seconds` by a single recording that is longer.
    /// - Returns: nil if no sampled recording can be read.
    /// - Throws: `CachingError.interrupted`; `StoreError`; what an encoder throws.
    public func measureFidelity(
        of encoder: any FrozenEncoder, reference: any FrozenEncoder, limit: FidelitySample = FidelitySample()
    ) throws -> CacheDescription.Fidelity? {
        let ranked = manifest.utterances.map { (rank: ShardLayout.shardIndex(id: $0.id, shardCount: .max), $0) }
            .sorted { $0.rank < $1.rank }.map(\.1)
        var readers: [Int: ShardReader] = [:]
        // Where hardly any recording is short enough, all of them.
        allowOpenFiles(settings.layout.shardCount)
        var measure = FidelityMeasure(cuts: settings.layout.cuts)
        var shortest: (utterance: Utterance, reader: ShardReader, row: Int)?
        for utterance in ranked where measure.utterances < limit.utteranceCount {
            let shard = ShardLayout.shardIndex(id: utterance.id, shardCount: settings.layout.shardCount)
            let path = (settings.directory as NSString).appendingPathComponent(ShardLayout.fileName(shard: shard))
            let reader = try readers[shard] ?? ShardReader(path: path)
            readers[shard] = reader
            guard let row = reader.index(of: utterance.id) else { continue }
            guard measure.seconds + seconds(reader.entries[row]) <= limit.seconds else {
                let length = reader.entries[row].sampleCount
                if length < shortest.map({ $0.reader.entries[$0.row].sampleCount }) ?? .max {
                    shortest = (utterance, reader, row)
                }
                continue
            }
            try compare(utterance, reader, row, with: reference, in: &measure)
        }
        if measure.utterances == 0, let (utterance, reader, row) = shortest {
            if seconds(reader.entries[row]) <= limit.longestSeconds {
                try compare(utterance, reader, row, with: reference, in: &measure)
            } else {
                try compareBeginning(
                    of: utterance, reader.entries[row], seconds: limit.seconds, encoder, reference, in: &measure)
            }
        }
        return measure.result
    }

    /// Does nothing if the recording cannot be read, or is no longer the one that was cached.
    private func compare(
        _ utterance: Utterance, _ reader: ShardReader, _ row: Int, with reference: any FrozenEncoder,
        in measure: inout FidelityMeasure
    ) throws {
        let entry = reader.entries[row]
        guard let recording = try recording(of: utterance, entry) else { return }
        let states = try reference.hiddenStates(of: recording.samples)
        for (number, cut) in settings.layout.cuts.enumerated() {
            let stored = try reader.readFloats(cut: cut.name, utterance: row)
            guard let exact = states[cut.name]?.pooled(by: settings.layout.pool).values, exact.count == stored.count
            else {
                throw CachingError.encoder(id: utterance.id, detail: "other rows in float32 at cut \(cut.name)")
            }
            measure.add(stored, exact, cut: number, id: utterance.id)
        }
        measure.utterances += 1
        measure.seconds += seconds(entry)
    }

    private func compareBeginning(
        of utterance: Utterance, _ entry: UtteranceEntry, seconds: Double, _ encoder: any FrozenEncoder,
        _ reference: any FrozenEncoder, in measure: inout FidelityMeasure
    ) throws {
        guard let recording = try recording(of: utterance, entry) else { return }
        let samples = Array(recording.samples.prefix(Int(seconds * Double(settings.layout.sampleRateHz))))
        let computed = try encoder.hiddenStates(of: samples), reference = try reference.hiddenStates(of: samples)
        var rows: [(stored: [Float], exact: [Float])] = []
        for cut in settings.layout.cuts {
            guard let exact = reference[cut.name]?.pooled(by: settings.layout.pool).values,
                let values = computed[cut.name]?.pooled(by: settings.layout.pool).values, values.count == exact.count
            else {
                throw CachingError.encoder(id: utterance.id, detail: "other rows in float32 at cut \(cut.name)")
            }
            // Where the whole could be stored, a part of it need not be.
            guard let stored = settings.layout.storage.rounded(values, channels: cut.hiddenSize) else { return }
            rows.append((stored, exact))
        }
        for (cut, rows) in rows.enumerated() { measure.add(rows.stored, rows.exact, cut: cut, id: utterance.id) }
        measure.isExcerpt = true
        measure.utterances += 1
        measure.seconds += Double(samples.count) / Double(settings.layout.sampleRateHz)
    }

    /// Nil if it cannot be read, or is no longer the one that was cached.
    private func recording(of utterance: Utterance, _ entry: UtteranceEntry) throws(CachingError) -> DecodedRecording? {
        if observer.shouldStop() { throw .interrupted }
        guard let recording = try? recordings.decode(utterance.span), recording.sha256 == entry.audioSHA256
        else { return nil }
        return recording
    }

    private func seconds(_ entry: UtteranceEntry) -> Double {
        Double(entry.sampleCount) / Double(settings.layout.sampleRateHz)
    }
}

/// Sums over sampled rows per cut, in float64.
struct FidelityMeasure {
    var utterances = 0
    /// Of audio.
    var seconds = 0.0
    /// Whether it is of a part of a recording, and of no stored rows.
    var isExcerpt = false
    private var sums: [Sums]

    private struct Sums {
        let cut: CutLayout
        var rows = 0
        var squaredError = 0.0
        var squaredReference = 0.0
        var cosine = 0.0
        var worst = (cosine: Double.infinity, row: "")
    }

    init(cuts: [CutLayout]) { sums = cuts.map { Sums(cut: $0) } }

    /// - Parameters:
    ///   - stored: `[frames, hiddenSize]` of the cut.
    ///   - exact: `[frames, hiddenSize]`
    ///   - cut: its number.
    mutating func add(_ stored: [Float], _ exact: [Float], cut: Int, id: String) {
        let width = sums[cut].cut.hiddenSize
        for row in 0..<stored.count / width {
            var (dot, ours, theirs, error) = (0.0, 0.0, 0.0, 0.0)
            for column in row * width..<(row + 1) * width {
                let (a, b) = (Double(stored[column]), Double(exact[column]))
                dot += a * b
                ours += a * a
                theirs += b * b
                error += (a - b) * (a - b)
            }
            sums[cut].squaredError += error
            sums[cut].squaredReference += theirs
            // Two rows of zeros are alike; a zero row is unlike any other.
            let cosine =
                ours == 0 && theirs == 0 ? 1 : ours == 0 || theirs == 0 ? 0 : dot / (ours * theirs).squareRoot()
            sums[cut].cosine += cosine
            sums[cut].rows += 1
            if cosine < sums[cut].worst.cosine { sums[cut].worst = (cosine, "\(id)/\(sums[cut].cut.name)/\(row)") }
        }
    }

    var result: CacheDescription.Fidelity? {
        guard let frames = sums.first?.rows, frames > 0 else { return nil }
        let cuts = sums.map { sums in
            CacheDescription.Fidelity.Cut(
                cut: sums.cut.name,
                relativeError: (sums.squaredError / (sums.squaredReference > 0 ? sums.squaredReference : 1))
                    .squareRoot(),
                cosineMean: sums.cosine / Double(sums.rows), cosineMinimum: sums.worst.cosine,
                worstRow: sums.worst.row)
        }
        return CacheDescription.Fidelity(
            utterances: utterances, frames: frames, seconds: seconds, excerpt: isExcerpt ? true : nil, cuts: cuts)
    }
}
