import Buffers
import Checkpoints
import Kernels

#if canImport(Glibc)
    import Glibc
#endif

/// WavLM's bucketed relative positions: each distance between two frames falls into one of `bucketCount` buckets, half of them
/// for keys after the query; near distances have a bucket each, far ones share logarithmic buckets, and from `maximumDistance`
/// on all share the last.
/// - Source: Raffel et al. 2020 (T5), section 2.1; Chen et al. 2022; `WavLMAttention._relative_positions_bucket` of transformers.
package struct RelativePositions: Sendable, Equatable {
    /// `num_buckets`.
    package let bucketCount: Int
    /// `max_bucket_distance`, in frames.
    package let maximumDistance: Int

    /// - Parameter distance: the key's frame minus the query's.
    package func bucket(distance: Int) -> Int {
        let half = bucketCount / 2, exact = half / 2, magnitude = abs(distance)
        let side = distance > 0 ? half : 0
        guard magnitude >= exact else { return side + magnitude }
        // In float32, as the reference: at a bucket's edge the rounding decides.
        let fraction = log(Float(magnitude) / Float(exact)) / Float(log(Double(maximumDistance) / Double(exact)))
        return side + min(half - 1, Int(Float(exact) + fraction * Float(half - exact)))
    }

    /// `[H, 2·reach − 1]` float32: what each head adds at each distance from `−(reach − 1)` to `reach − 1`.
    /// - Parameter table: `[bucketCount, H]`, the embedding of the buckets.
    func biases(table: [Float], heads: Int, reach: Int, engine: any Engine) -> Matrix {
        let buckets = (1 - reach..<reach).map { bucket(distance: $0) }
        let values = (0..<heads).flatMap { head in buckets.map { table[$0 * heads + head] } }
        return engine.makeMatrix(values, rows: heads, columns: buckets.count)
    }

    /// The gradient with respect to the table, `[bucketCount, H]`, from that of `biases`.
    func tableGradient(_ dBiases: [Float], heads: Int, reach: Int) -> [Float] {
        var gradient = [Float](repeating: 0, count: bucketCount * heads)
        let distances = 2 * reach - 1
        for (index, distance) in (1 - reach..<reach).enumerated() {
            let bucket = bucket(distance: distance)
            for head in 0..<heads { gradient[bucket * heads + head] += dBiases[head * distances + index] }
        }
        return gradient
    }
}

/// Layer 0's embedding of the buckets, which every layer's attention reads; frozen or trained.
struct RelativeTable: Sendable {
    let positions: RelativePositions
    let heads: Int
    /// `[bucketCount, H]` float32.
    private let table: Matrix
    private let trained: TrainedTensor?
    /// Of what is trained.
    let parameters: [Parameter]
    private let engine: any Engine

    /// Nil for encoders without relative positions, or if no layer needs them.
    init?(
        _ configuration: EncoderConfiguration, from weights: WeightLoader, isTrained: Bool, isNeeded: Bool
    ) throws(CheckpointError) {
        guard let positions = configuration.variants.relativePositions, isNeeded else { return nil }
        self.positions = positions
        heads = configuration.headCount
        engine = weights.engine
        var parts = PartBuilder(weights: weights, precision: .float32, tuning: isTrained ? .full : nil)
        (table, trained) = try parts.tensor(TensorNames.relativeTable, role: .weight)
        parameters = parts.parameters
    }

    /// For utterances of at most `reach` frames.
    func biases(reach: Int) -> Matrix {
        positions.biases(table: engine.download(table), heads: heads, reach: reach, engine: engine)
    }

    /// For the longest utterance of a batch.
    func biases(offsets: PackedOffsets) -> Matrix {
        biases(reach: (0..<offsets.utteranceCount).map { offsets[$0].count }.max() ?? 1)
    }

    /// Adds to the table's gradient what the biases' gradient, `[H, 2·reach − 1]`, gives.
    func accumulate(_ dBiases: Matrix) {
        guard let trained else { return }
        let gradient = positions.tableGradient(
            engine.download(dBiases), heads: heads, reach: dBiases.columns / 2 + 1)
        engine.addForward(
            out: trained.gradient, x: trained.gradient,
            addend: engine.makeMatrix(gradient, rows: positions.bucketCount, columns: heads), dropout: .none)
    }
}
