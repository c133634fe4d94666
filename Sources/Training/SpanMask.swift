import Buffers
import Kernels
import Runs

/// Masks spans of frames and of channels of cached rows, as SpecAugment does of spectrograms.
///
/// Along an axis of extent `n` (an utterance's rows, or the channels), `⌊p·n/length + u⌋` spans are drawn, `u` uniform in 0 ..< 1, but
/// no fewer than the minimum and no more than fit end to end; they begin at different places and may overlap. That is
/// `_compute_mask_indices` of transformers, with a draw of `u` for every utterance instead of one for a batch, and an utterance's own
/// extent in place of the padded one.
///
/// What is masked is set to zero, frames too. transformers puts a learned vector in a masked frame's place, but that belongs to
/// what enters the encoder: at a higher cut it means nothing, and caches do not hold it.
///
/// An utterance's mask follows from seed, step and its id: it does not depend on the batch's other utterances or their order.
/// - Source: Park et al. 2019, section 2; Baevski et al. 2020, section 3.1, on latent frames.
struct SpanMask: Sendable {
    let configuration: TrainConfiguration.Mask
    let seed: UInt64
    let engine: any Engine

    /// - Parameters:
    ///   - rows: `[N, C]`, changed in place.
    ///   - ids: of the utterances, in the order of `offsets`.
    ///   - step: counted over the whole run, so that a resumed run draws the same masks.
    func apply(to rows: Matrix, offsets: PackedOffsets, ids: [String], step: Int) {
        for (index, id) in ids.enumerated() {
            let own = offsets[index]
            for span in spans("time", configuration.time, extent: own.count, id: id, step: step) {
                engine.clear(rows.rows(own.lowerBound + span.lowerBound..<own.lowerBound + span.upperBound))
            }
            for span in spans("channels", configuration.channels, extent: rows.columns, id: id, step: step) {
                engine.clear(rows.rows(own).columns(span))
            }
        }
    }

    private func spans(
        _ axis: String, _ form: TrainConfiguration.Mask.Spans, extent: Int, id: String, step: Int
    ) -> [Range<Int>] {
        guard form.probability > 0 else { return [] }
        var stream = RandomStream(seed: seed, "mask \(axis) \(id)", UInt64(step))
        return Self.spans(form, extent: extent, using: &stream)
    }

    static func spans(
        _ form: TrainConfiguration.Mask.Spans, extent: Int, using stream: inout RandomStream
    ) -> [Range<Int>] {
        let expected = form.probability * Double(extent) / Double(form.length)
        let drawn = max(form.minimum, Int(expected + Double(stream.uniform())))
        let places = max(0, extent - (form.length - 1))
        let count = min(drawn, extent / form.length, places)
        return (0..<places).shuffled(using: &stream).prefix(count).map { $0..<$0 + form.length }
    }
}
