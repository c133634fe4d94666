import Buffers
import Kernels
import SpeechEncoder

/// What is trained: the upper encoder, mean pooling, standardisation of the pooled rows, and one head per dimension.
public struct RegressionModel: Sendable {
    /// `(x − shift) · scale` on pooled rows, `[1, C]` each; fixed before the first step.
    ///
    /// Pooled rows of different utterances differ by little beside what they share; without this the heads see a constant and
    /// finetuning collapses to it.
    public struct Standardisation: Sendable, Equatable {
        public var shift: [Float]
        public var scale: [Float]

        public init(shift: [Float], scale: [Float]) {
            self.shift = shift
            self.scale = scale
        }
    }

    public let dimensions: [String]
    public let encoder: UpperEncoder
    public let standardisation: Standardisation
    private let heads: [RegressionHead]
    private let headDropout: Float
    private let shift: Matrix
    private let scale: Matrix
    private let engine: any Engine

    public init(
        encoder: UpperEncoder, dimensions: [String], headWidth: Int, headLayers: Int, headDropout: Float,
        standardisation: Standardisation, seed: UInt64, engine: any Engine
    ) {
        self.encoder = encoder
        self.dimensions = dimensions
        self.standardisation = standardisation
        self.headDropout = headDropout
        self.engine = engine
        shift = engine.makeRow(standardisation.shift)
        scale = engine.makeRow(standardisation.scale)
        heads = dimensions.map {
            RegressionHead(
                dimension: $0, inputs: encoder.configuration.hiddenSize, hidden: headWidth, hiddenLayers: headLayers,
                seed: seed, engine: engine)
        }
    }

    public var encoderParameters: [Parameter] { encoder.parameters }
    public var headParameters: [Parameter] { heads.flatMap(\.parameters) }

    /// Mean-pooled rows before standardisation, `[B, C]` row by row.
    public static func pooled(
        _ rows: Matrix, offsets: PackedOffsets, encoder: UpperEncoder, engine: any Engine
    ) -> Matrix {
        let hidden = encoder(rows, offsets: offsets)
        let pooled = engine.makeMatrix(rows: offsets.utteranceCount, columns: hidden.columns, precision: .float32)
        engine.meanPoolForward(out: pooled, x: hidden, offsets: offsets)
        return pooled
    }

    /// `[dimension][utterance]`, without dropout.
    public func predictions(_ rows: Matrix, offsets: PackedOffsets) -> [[Float]] {
        let pooled = Self.pooled(rows, offsets: offsets, encoder: encoder, engine: engine)
        engine.standardise(out: pooled, x: pooled, shift: shift, scale: scale)
        return heads.map { engine.download($0.forward(pooled, dropout: 0, step: nil).0) }
    }

    public struct StepResult: Sendable {
        public let loss: ConcordanceLoss
        public let predictions: [[Float]]
        /// `[N, C]`, when it was asked for.
        public let inputGradient: Matrix?
    }

    /// One forward and backward pass over a whole batch: adds to every parameter's gradient.
    ///
    /// Predictions come first, then the loss over all of them and its gradient, then the backward passes.
    /// - Parameters:
    ///   - rows: hidden states at the cut, `[N, C]` float32.
    ///   - labels: `[dimension][utterance]`, nil where unlabelled.
    public func accumulateGradients(
        _ rows: Matrix, offsets: PackedOffsets, labels: [[Double?]], step: TrainingStep, needsInput: Bool = false
    ) -> StepResult {
        let (hidden, tape) = encoder.forward(rows, offsets: offsets, step: step)
        let batch = offsets.utteranceCount, columns = hidden.columns
        let pooled = engine.makeMatrix(rows: batch, columns: columns, precision: .float32)
        engine.meanPoolForward(out: pooled, x: hidden, offsets: offsets)
        engine.standardise(out: pooled, x: pooled, shift: shift, scale: scale)
        let passes = heads.map { $0.forward(pooled, dropout: headDropout, step: step) }
        let predictions = passes.map { engine.download($0.0) }
        let loss = ConcordanceLoss(predictions: predictions, labels: labels)

        let dPooled = engine.makeMatrix(rows: batch, columns: columns, precision: .float32)
        engine.clear(dPooled)
        for (index, head) in heads.enumerated() {
            let dOut = engine.makeMatrix(loss.gradient[index], rows: batch, columns: 1)
            head.backward(dOut: dOut, tape: passes[index].1, dPooled: dPooled, dropout: headDropout, step: step)
        }
        engine.standardise(out: dPooled, x: dPooled, shift: nil, scale: scale)
        // The last hidden rows are not needed any more: their gradient takes their place.
        engine.meanPoolBackward(dx: hidden, dOut: dPooled, offsets: offsets)
        let dRows = encoder.backward(dOut: hidden, tape: tape, step: step, needsInput: needsInput)
        return StepResult(loss: loss, predictions: predictions, inputGradient: needsInput ? dRows : nil)
    }
}
