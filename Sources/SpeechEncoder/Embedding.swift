import Buffers
import Checkpoints
import Kernels

/// From the CNN's output to the input of the first transformer layer, frozen or trained:
///
///     p = drop(W LN(features) + b)        out = drop(LN(p + positions(p))), or drop(p + positions(p)) for pre-norm encoders
///
/// - Source: Baevski et al. 2020, section 2; `Wav2Vec2FeatureProjection` and `Wav2Vec2Encoder` for where the dropouts sit.
struct Embedding: Sendable {
    /// Of what is trained.
    let parameters: [Parameter]
    private let projectionNorm: LayerNorm?
    private let projection: LinearMap
    private let positions: PositionalEmbedding
    /// Nil for pre-norm encoders.
    private let encoderNorm: LayerNorm?
    private let precision: Precision
    private let engine: any Engine

    init(
        _ configuration: EncoderConfiguration, weights: WeightLoader, precision: Precision, tuning: Tuning? = nil,
        learns: Bool = true
    ) throws(CheckpointError) {
        engine = weights.engine
        self.precision = precision
        var parts = PartBuilder(weights: weights, precision: precision, tuning: tuning, learns: learns)
        let variants = configuration.variants, epsilon = configuration.layerNormEpsilon
        projectionNorm =
            variants.projectionHasNorm ? try parts.norm("feature_projection.layer_norm", epsilon: epsilon) : nil
        projection = try parts.linear("feature_projection.projection")
        positions = try PositionalEmbedding(variants.positionalEmbedding, from: &parts)
        encoderNorm = variants.isPreNorm ? nil : try parts.norm("encoder.layer_norm", epsilon: epsilon)
        parameters = parts.parameters
    }

    /// `[N, C]` from the CNN's output, `[N, channels]` float32; without dropout, nothing is kept.
    func callAsFunction(_ features: Matrix, offsets: PackedOffsets) -> EncoderRows {
        let projected = make(features, columns: projection.weight.outputs)
        _ = projection.forward(normed(features, statistics: nil), into: projected)
        let position = positions(projected, offsets: offsets)
        guard let encoderNorm else {
            engine.addForward(out: projected, x: projected, addend: position, dropout: .none)
            return EncoderRows(residual: projected, operand: nil)
        }
        let out = EncoderRows(rows: projected.rows, columns: projected.columns, operand: precision, engine: engine)
        encoderNorm.forward(out: out.residual, operand: out.separateOperand, x: projected, addend: position)
        return out
    }

    /// What the backward pass needs.
    struct Tape: Sendable {
        let features: LayerNorm.Tape
        let input: Matrix
        let positions: [PositionalEmbedding.Tape]
        let encoderNorm: LayerNorm.Tape?
    }

    func forward(_ features: Matrix, offsets: PackedOffsets, step: TrainingStep) -> (EncoderRows, Tape) {
        let statistics = make(features, columns: 2), input = normed(features, statistics: statistics)
        let projected = make(features, columns: projection.weight.outputs)
        _ = projection.forward(input, into: projected)
        engine.dropoutForward(out: projected, x: projected, dropout: step.projectionDropout)
        let (position, positionTapes) = positions.forward(projected, offsets: offsets)
        let residual = make(projected)
        var normTape: LayerNorm.Tape?
        if let encoderNorm {
            let sum = make(projected), statistics = make(projected, columns: 2)
            encoderNorm.forward(
                out: residual, operand: nil, sum: sum, statistics: statistics, x: projected, addend: position)
            normTape = LayerNorm.Tape(sum: sum, statistics: statistics)
        } else {
            engine.addForward(out: residual, x: projected, addend: position, dropout: .none)
        }
        engine.dropoutForward(out: residual, x: residual, dropout: step.embeddingDropout)
        let rows =
            encoderNorm == nil
            ? EncoderRows(residual: residual, operand: nil)
            : EncoderRows(residual, operand: precision, engine: engine)
        let tape = Tape(
            features: LayerNorm.Tape(sum: features, statistics: statistics), input: input, positions: positionTapes,
            encoderNorm: normTape)
        return (rows, tape)
    }

    /// Adds to every parameter's gradient and gives that of the features, `[N, channels]` float32.
    /// - Parameter dOut: `[N, C]` float32; overwritten.
    func backward(dOut: Matrix, tape: Tape, offsets: PackedOffsets, step: TrainingStep) -> Matrix {
        engine.dropoutForward(out: dOut, x: dOut, dropout: step.embeddingDropout)
        if let encoderNorm, let normTape = tape.encoderNorm {
            encoderNorm.backward(dx: dOut, accumulate: false, dAddend: nil, dOut: dOut, tape: normTape)
        }
        positions.backward(dOut, tapes: tape.positions, offsets: offsets)
        engine.dropoutForward(out: dOut, x: dOut, dropout: step.projectionDropout)
        let dFeatures = make(dOut, columns: projection.weight.inputs)
        projection.backward(
            dx: dFeatures, accumulate: false, dOut: EncoderRows(dOut, operand: precision, engine: engine).operands,
            x: tape.input, step: step)
        projectionNorm?.backward(
            dx: dFeatures, accumulate: false, dAddend: nil, dOut: dFeatures, tape: tape.features)
        return dFeatures
    }

    /// What the projection reads, as operands.
    private func normed(_ features: Matrix, statistics: Matrix?) -> Matrix {
        guard let projectionNorm else { return EncoderRows(features, operand: precision, engine: engine).operands }
        let out = engine.makeMatrix(rows: features.rows, columns: features.columns, precision: precision)
        projectionNorm.forward(out, statistics: statistics, x: features)
        return out
    }

    private func make(_ rows: Matrix, columns: Int? = nil) -> Matrix {
        engine.makeMatrix(rows: rows.rows, columns: columns ?? rows.columns, precision: .float32)
    }
}
