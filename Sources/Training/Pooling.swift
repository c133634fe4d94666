import Buffers
import Kernels
import Runs
import SpeechEncoder

/// From an utterance's frames to one row: their mean, their mean and standard deviation, or both weighted by an attention.
///
/// With frames `h_t` and weights `α_t`, which are `1/T` but for the attention's, the row is `μ = Σ α_t h_t`, or `μ` and
/// `σ = √(Σ α_t (h_t − μ)² + ε)` side by side, `ε = 1e-8`. The attention scores each frame by
/// `e_t = v · tanh(W h_t + b)`, and `α` is the softmax of the scores over the utterance's frames.
///
/// Parameters, of the attention only: `pooling.attention.weight` and `.bias` (`W`, `[hidden, C]`, and `b`), `pooling.score.weight`
/// (`v`, `[1, hidden]`).
/// - Source: Okabe, Koshinaka and Shinoda 2018, "Attentive statistics pooling for deep speaker embedding"; their constant added to
///   every score cancels in the softmax, so there is none.
public struct Pooling: Sendable {
    /// What the backward pass needs.
    public struct Tape: Sendable {
        let x: Matrix
        let offsets: PackedOffsets
        /// As it was pooled, `[B, outputs]`.
        let out: Matrix
        let attention: AttentionTape?
    }

    struct AttentionTape: Sendable {
        let preactivation: Matrix
        let activation: Matrix
        let weights: Matrix
    }

    private struct Attention: Sendable {
        let hidden: LinearLayer
        let score: LinearLayer
    }

    package static let epsilon: Float = 1e-8

    /// Columns of a pooled row: `C` or `2C`.
    public let outputs: Int
    public let parameters: [Parameter]
    private let attention: Attention?
    private let hasDeviation: Bool
    private let engine: any Engine

    /// - Parameters:
    ///   - form: what of the frames is kept.
    ///   - columns: `C`.
    ///   - attentionWidth: `hidden`, read by attentive pooling alone.
    ///   - seed: of the attention's first values.
    ///   - engine: where the attention's weights are put, and what computes.
    public init(
        _ form: TrainConfiguration.Pooling, columns: Int, attentionWidth: Int, seed: UInt64, engine: any Engine
    ) {
        hasDeviation = form != .mean
        outputs = hasDeviation ? 2 * columns : columns
        if form == .attentive {
            let hidden = LinearLayer(
                "pooling.attention", inputs: columns, outputs: attentionWidth,
                stream: RandomStream(seed: seed, "pooling", 0), engine: engine)
            let score = LinearLayer(
                "pooling.score", inputs: attentionWidth, outputs: 1, hasBias: false,
                stream: RandomStream(seed: seed, "pooling", 1), engine: engine)
            attention = Attention(hidden: hidden, score: score)
            parameters = hidden.parameters + score.parameters
        } else {
            attention = nil
            parameters = []
        }
        self.engine = engine
    }

    /// `[B, outputs]` from frames `[N, C]`, both float32.
    public func forward(_ x: Matrix, offsets: PackedOffsets) -> (Matrix, Tape) {
        let out = engine.makeMatrix(rows: offsets.utteranceCount, columns: outputs, precision: .float32)
        guard hasDeviation else {
            engine.meanPoolForward(out: out, x: x, offsets: offsets)
            return (out, Tape(x: x, offsets: offsets, out: out, attention: nil))
        }
        let taped = attention.map { attention in
            let preactivation = attention.hidden.forward(x)
            let activation = engine.makeMatrix(
                rows: x.rows, columns: preactivation.columns, precision: .float32)
            engine.tanhForward(out: activation, x: preactivation, dropout: .none)
            return AttentionTape(
                preactivation: preactivation, activation: activation,
                weights: engine.makeMatrix(rows: x.rows, columns: 1, precision: .float32))
        }
        let scores = taped.flatMap { attention?.score.forward($0.activation) }
        engine.statisticsPoolForward(
            out: out, weights: taped?.weights, x: x, scores: scores, offsets: offsets, epsilon: Self.epsilon)
        return (out, Tape(x: x, offsets: offsets, out: out, attention: taped))
    }

    /// Adds to the parameters' gradients.
    /// - Returns: the gradient with respect to the frames, which may have taken their place.
    public func backward(dOut: Matrix, tape: Tape) -> Matrix {
        guard hasDeviation else {
            engine.meanPoolBackward(dx: tape.x, dOut: dOut, offsets: tape.offsets)
            return tape.x
        }
        guard let attention, let taped = tape.attention else {
            engine.statisticsPoolBackward(
                dx: tape.x, dScores: nil, dOut: dOut, out: tape.out, weights: nil, x: tape.x, offsets: tape.offsets)
            return tape.x
        }
        // The attention's weights still need the frames.
        let dx = engine.makeMatrix(rows: tape.x.rows, columns: tape.x.columns, precision: .float32)
        let dScores = engine.makeMatrix(rows: tape.x.rows, columns: 1, precision: .float32)
        engine.statisticsPoolBackward(
            dx: dx, dScores: dScores, dOut: dOut, out: tape.out, weights: taped.weights, x: tape.x,
            offsets: tape.offsets)
        let slope = engine.makeMatrix(rows: tape.x.rows, columns: attention.hidden.outputs, precision: .float32)
        attention.score.backward(dx: slope, dOut: dScores, x: taped.activation)
        engine.tanhBackward(dx: slope, dOut: slope, x: taped.preactivation, dropout: .none)
        attention.hidden.backward(dx: dx, accumulate: true, dOut: slope, x: tape.x)
        return dx
    }
}
