import Buffers
import Checkpoints
import Kernels

/// What distinguishes one training step's randomness from another's.
public struct TrainingStep: Sendable {
    public let dropoutProbabilities: EncoderConfiguration.Dropouts
    public let seed: UInt64
    /// Counted over the whole run, so that a resumed run draws the same masks.
    public let number: UInt64
    /// Where the rows at hand begin in the batch's.
    private var firstRow = 0

    public init(dropouts: EncoderConfiguration.Dropouts, seed: UInt64, number: UInt64) {
        dropoutProbabilities = dropouts
        self.seed = seed
        self.number = number
    }

    /// The same step for a piece of its batch, which draws the masks of its place in the whole.
    public func piece(firstRow: Int) -> TrainingStep {
        var step = self
        step.firstRow = firstRow
        return step
    }

    /// Dropout at a place of the model named by `site` and `index`.
    public func dropout(_ site: String, _ index: UInt64, probability: Float) -> Dropout {
        guard probability > 0 else { return .none }
        return Dropout(
            probability: probability, key: RandomStream(seed: seed, site, index, number).key, firstRow: firstRow)
    }

    var projectionDropout: Dropout {
        dropout("feature projection", 0, probability: dropoutProbabilities.featureProjection)
    }
    var embeddingDropout: Dropout { dropout("embedding", 0, probability: dropoutProbabilities.hidden) }

    /// Whether a layer is left out of this step (LayerDrop).
    func skips(layer: UInt64) -> Bool {
        guard dropoutProbabilities.layer > 0 else { return false }
        var stream = RandomStream(seed: seed, "layer drop", layer, number)
        return stream.uniform() < dropoutProbabilities.layer
    }

    func dropouts(layer: UInt64) -> LayerDropouts {
        LayerDropouts(
            attention: dropout("attention", layer, probability: dropoutProbabilities.attention),
            attentionOutput: dropout("attention output", layer, probability: dropoutProbabilities.hidden),
            intermediate: dropout("intermediate", layer, probability: dropoutProbabilities.activation),
            output: dropout("output", layer, probability: dropoutProbabilities.hidden))
    }
}
