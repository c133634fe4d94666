import Buffers
import Kernels
import Runs
import SpeechEncoder

/// All that stands on the encoder: pooling, standardisation of the pooled rows, and heads. float32 throughout.
///
/// Its predictions are standardised labels, `(label − mean)/deviation` by the training split. The last layer of every form is linear,
/// so a model for other software takes the labels' scale into it, dimension `d` having row `d`: `W'_d = deviation_d W_d`,
/// `b'_d = deviation_d b_d + mean_d`. Standardisation folds into the first layer likewise: `W' = W · diag(scale)`, `b' = b − W' shift`.
public struct RegressionTop: Sendable {
    /// `(x − shift) · scale` on pooled rows, `[1, C]` or `[1, 2C]` each; fixed before the first step.
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

        /// One that changes nothing.
        static func identity(columns: Int) -> Self {
            Self(shift: [Float](repeating: 0, count: columns), scale: [Float](repeating: 1, count: columns))
        }
    }

    /// What a forward pass over some utterances leaves for their backward pass.
    public struct Tape: Sendable {
        let pooling: Pooling.Tape
        let heads: [RegressionHead.Tape]
    }

    public let dimensions: [String]
    public let standardisation: Standardisation
    let pooling: Pooling
    private let heads: [RegressionHead]
    private let shift: Matrix
    private let scale: Matrix
    private let engine: any Engine

    public init(
        dimensions: [String], pooling: Pooling, head: TrainConfiguration.Head, dropout: Float,
        standardisation: Standardisation, seed: UInt64, engine: any Engine
    ) {
        precondition(
            standardisation.shift.count == pooling.outputs && standardisation.scale.count == pooling.outputs,
            "standardisation of \(standardisation.shift.count) columns for \(pooling.outputs) pooled ones")
        self.dimensions = dimensions
        self.standardisation = standardisation
        self.pooling = pooling
        self.engine = engine
        shift = engine.makeRow(standardisation.shift)
        scale = engine.makeRow(standardisation.scale)
        heads = RegressionHead.Shape.shapes(head, inputs: pooling.outputs, dimensions: dimensions).map {
            RegressionHead($0, inputs: pooling.outputs, dropout: dropout, seed: seed, engine: engine)
        }
    }

    public var parameters: [Parameter] { pooling.parameters + heads.flatMap(\.parameters) }

    /// - Parameters:
    ///   - hidden: the encoder's frames, `[N, C]`.
    ///   - offsets: `[B + 1]`, where each utterance begins in them.
    ///   - step: nil for no dropout.
    /// - Returns: predictions `[dimension][utterance]`, and what `backward` needs.
    public func forward(
        _ hidden: Matrix, offsets: PackedOffsets, step: TrainingStep?
    ) -> (predictions: [[Float]], tape: Tape) {
        let (pooled, poolingTape) = pooling.forward(hidden, offsets: offsets)
        let (predictions, heads) = predictions(pooled, step: step)
        return (predictions, Tape(pooling: poolingTape, heads: heads))
    }

    /// Adds to the parameters' gradients.
    /// - Parameters:
    ///   - dPredictions: `[dimension][utterance]`, of the utterances of the forward pass.
    ///   - tape: what the forward pass returned.
    ///   - step: as it was in the forward pass.
    /// - Returns: the gradient with respect to `hidden`, `[N, C]`, which may have taken its place: a tape serves once.
    public func backward(dPredictions: [[Float]], tape: Tape, step: TrainingStep?) -> Matrix {
        pooling.backward(
            dOut: backward(dPredictions: dPredictions, heads: tape.heads, step: step), tape: tape.pooling)
    }

    /// The part above pooling, which sees all utterances of a batch at once, in however many pieces they were pooled.
    func predictions(
        _ pooled: Matrix, step: TrainingStep?
    ) -> (predictions: [[Float]], heads: [RegressionHead.Tape]) {
        let x = makePooled(pooled.rows)
        engine.standardise(out: x, x: pooled, shift: shift, scale: scale)
        let passes = heads.map { $0.forward(x, step: step) }
        let predictions = passes.flatMap { out, _ in
            let values = engine.download(out)
            return (0..<out.columns).map { column in
                stride(from: column, to: values.count, by: out.columns).map { values[$0] }
            }
        }
        return (predictions, passes.map(\.1))
    }

    /// - Returns: the gradient with respect to the pooled rows, `[B, C]` or `[B, 2C]`.
    func backward(dPredictions: [[Float]], heads tapes: [RegressionHead.Tape], step: TrainingStep?) -> Matrix {
        let batch = dPredictions.first?.count ?? 0, dPooled = makePooled(batch)
        engine.clear(dPooled)
        var first = 0
        for (head, tape) in zip(heads, tapes) {
            let own = dPredictions[first..<first + head.outputs]
            let dOut = engine.makeMatrix(
                (0..<batch).flatMap { utterance in own.map { $0[utterance] } }, rows: batch, columns: head.outputs)
            head.backward(dPooled: dPooled, dOut: dOut, tape: tape, step: step)
            first += head.outputs
        }
        engine.standardise(out: dPooled, x: dPooled, shift: nil, scale: scale)
        return dPooled
    }

    func makePooled(_ utterances: Int) -> Matrix {
        engine.makeMatrix(rows: utterances, columns: pooling.outputs, precision: .float32)
    }
}
