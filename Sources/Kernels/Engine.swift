import Buffers

/// The seam between the models and the hardware: a small set of coarse operations over packed rows.
///
/// Model and training code is written against this protocol alone. The CPU engine implements it on oneDNN, a plain
/// reference implements it in loops that can be read against the formulas, and one table of cases drives both in the tests.
///
/// Conventions, for every operation:
/// - `N` rows of a packed batch, `C` channels; `offsets` says where utterances begin.
/// - *Operands* are matrices in the compute precision (float32 or bfloat16). Products accumulate in float32. Everything else
///   (residual rows, statistics, softmax, gradients of parameters) is float32.
/// - Outputs are overwritten unless the operation says that it adds. An output may not overlap an input unless it says so.
/// - `dOut` is the gradient with respect to the `out` of the forward pass, of its shape. What else a backward pass shares with its
///   forward pass by name is what was given there, or what it wrote; `dropout` with the same key draws the same mask.
/// - The same inputs give the same bits, whatever ran before.
/// - Shapes that do not fit are a bug of the caller and stop the program with a message.
public protocol Engine: Sendable {
    /// "cpu", for logs and results.
    var name: String { get }
    /// The most bytes of matrices that were in use at once.
    var peakBytes: Int { get }

    // MARK: Memory

    /// A matrix with undefined contents.
    func makeMatrix(rows: Int, columns: Int, precision: Precision) -> Matrix
    /// `out = values`, row by row, converted to the precision of `out`.
    func upload(_ values: [Float], to out: Matrix)
    /// `out = rows` as they lie in a file, `out.rows · out.columns` elements of type `stored`.
    func upload(stored rows: UnsafeRawBufferPointer, as stored: Precision, to out: Matrix)
    /// The elements row by row, in float32.
    func download(_ matrix: Matrix) -> [Float]
    /// `out = x`, converting between precisions.
    func convert(_ x: Matrix, to out: Matrix)
    /// `out = 0`.
    func clear(_ out: Matrix)

    // MARK: Linear maps

    /// Lays `weight` (`[outputs, inputs]` float32) out for fast products in `precision`.
    func freeze(_ weight: Matrix, precision: Precision) -> any FrozenWeight

    /// `out = activation(x Wᵀ + b)`, or `out += x Wᵀ` when `accumulate`, without a bias and an activation.
    /// - Parameters:
    ///   - out: `[N, outputs]`, operand precision or float32.
    ///   - x: `[N, inputs]` operands.
    ///   - weight: `W`, `[outputs, inputs]` in the precision of `x`.
    ///   - bias: `b`, `[1, outputs]` float32; nil for none.
    ///   - activation: of each element, after the bias.
    ///   - accumulate: whether the product is added to what `out` holds; then `bias` is nil and `activation` is `.identity`.
    func linearForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, activation: Activation, accumulate: Bool)

    /// `dx = dOut W`, or `dx += dOut W` when `accumulate`; `dx` is float32 or, rounded once more when it is added to, operands.
    func linearBackwardInput(dx: Matrix, dOut: Matrix, weight: Matrix, accumulate: Bool)

    /// `dWeight += dOutᵀ x`, `dBias += Σ_n dOut[n]`, both float32, each if it is wanted.
    func linearBackwardWeight(dWeight: Matrix?, dBias: Matrix?, dOut: Matrix, x: Matrix)

    // MARK: Normalisation and activations

    /// `sum = x + dropout(addend)`, `out = (sum − mean)/√(var + ε) · γ + β` over each row.
    /// - Parameters:
    ///   - outputs: with an addend, at least one of `out` and `sum`.
    ///   - x: `[N, C]` float32.
    ///   - addend: `[N, C]`, operand precision or float32; nil for none.
    ///   - dropout: of the addend alone.
    ///   - parameters: `γ` and `β`, `[1, C]` float32 each, and `ε`.
    /// - Source: Ba, Kiros and Hinton 2016; population variance, as torch.nn.LayerNorm.
    func layerNormForward(
        _ outputs: NormOutputs, x: Matrix, addend: Matrix?, dropout: Dropout, parameters: NormParameters)

    /// The gradient with respect to `sum`, and through it.
    /// - Parameters:
    ///   - dx: `[N, C]` float32, overwritten, or added to when `accumulate`; may be `dOut` when it is overwritten.
    ///   - accumulate: whether `dx` already holds what comes by another path, as in a residual branch, and this is added to it.
    ///   - dAddend: `[N, C]` operands: `dx`, as it then is, through the dropout of the addend.
    ///   - dGamma: `[1, C]` float32, added to if it is wanted.
    ///   - dBeta: likewise.
    ///   - dOut: `[N, C]` float32.
    ///   - sum: as the forward pass wrote it.
    ///   - statistics: likewise.
    ///   - dropout: of the addend, as in the forward pass; read where there is a `dAddend`.
    ///   - parameters: as in the forward pass.
    func layerNormBackward(
        dx: Matrix, accumulate: Bool, dAddend: Matrix?, dGamma: Matrix?, dBeta: Matrix?, dOut: Matrix, sum: Matrix,
        statistics: Matrix, dropout: Dropout, parameters: NormParameters)

    /// `out = gelu(layerNorm(x))` over each row: how a convolution goes on in the encoders whose CNN has layer norms.
    /// - Parameters:
    ///   - out: `[N, C]`, operands or float32; may be `x`.
    ///   - x: `[N, C]`, operands or float32; `C ≤ 4096`.
    ///   - parameters: `γ` and `β`, `[1, C]` float32 each, and `ε`.
    func layerNormGeluForward(out: Matrix, x: Matrix, parameters: NormParameters)

    /// `out = x + dropout(addend)`, float32 but for the addend, which may be operands. `out` may be `x`.
    func addForward(out: Matrix, x: Matrix, addend: Matrix, dropout: Dropout)

    /// `out = dropout(x)`, converting between precisions. Its backward pass is the same operation on the gradient.
    func dropoutForward(out: Matrix, x: Matrix, dropout: Dropout)

    /// `out = dropout(gelu(x))`, exact GELU. `out` may be `x`.
    func geluForward(out: Matrix, x: Matrix, dropout: Dropout)
    /// `dx = dropout'(dOut) · (Φ(x) + x φ(x))`. `dx` may be `dOut`.
    func geluBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout)

    /// `out = dropout(tanh(x))`, float32. `out` may be `x`.
    func tanhForward(out: Matrix, x: Matrix, dropout: Dropout)
    /// `dx = dropout'(dOut) · (1 − tanh²(x))`, float32. `dx` may be `dOut`.
    func tanhBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout)

    /// `out[n] = (x[n] − shift) · scale`, float32; `shift` and `scale` are `[1, C]`.
    /// The backward pass is the same operation with `shift` zero.
    func standardise(out: Matrix, x: Matrix, shift: Matrix?, scale: Matrix)

    // MARK: Attention

    /// Self-attention inside each utterance of a packed batch: `out = dropout(softmax(scale · Q Kᵀ)) V`, per head, no causal mask.
    ///
    /// Softmax runs in float32.
    /// - Parameters:
    ///   - out: `[N, H·D]` operands.
    ///   - logSumExp: `[H, N]` float32: the logarithm of each softmax's denominator, which the backward pass needs.
    ///   - qkv: `[N, 3·H·D]` operands, Q then K then V.
    ///   - shape: the offsets of the utterances' frames, `H`, `D` and `scale`.
    ///   - positions: added to the scaled scores: `gate[n, h] · bias[h, distance]`, distance = key's frame − query's.
    ///   - dropout: of the probabilities; `logSumExp` is that of the whole softmax, before it.
    /// - Source: Vaswani et al. 2017, eq. 1; Chen et al. 2022 (WavLM), eq. 4, for the positions.
    func attentionForward(
        out: Matrix, logSumExp: Matrix?, qkv: Matrix, shape: AttentionShape, positions: AttentionPositions?,
        dropout: Dropout)

    /// The gradient of `attentionForward`; probabilities are computed again from `logSumExp`.
    /// - Parameters:
    ///   - dQKV: `[N, 3·H·D]` operands, the gradients of Q, K and V as they lie in `qkv`.
    ///   - dPositions: there if `positions` are.
    ///   - dOut: `[N, H·D]` operands.
    ///   - logSumExp: `[H, N]` float32, as the forward pass wrote it.
    ///   - qkv: as in the forward pass.
    ///   - shape: likewise.
    ///   - positions: likewise.
    ///   - dropout: likewise.
    /// - Source: Dao et al. 2022, algorithm 4, without its tiling of keys.
    func attentionBackward(
        dQKV: Matrix, dPositions: AttentionPositionGradients?, dOut: Matrix, logSumExp: Matrix, qkv: Matrix,
        shape: AttentionShape, positions: AttentionPositions?, dropout: Dropout)

    /// WavLM's gates: `out[n, h] = a · (b · constant[h] − 1) + 2`, `a = σ(Σ x[0 …< 4])`, `b = σ(Σ x[4 …< 8])`.
    /// - Parameters:
    ///   - out: `[N, H]` float32.
    ///   - x: `[N·H, 8]` operands: eight projections of each head's part of each frame.
    ///   - constant: `[1, H]` float32.
    /// - Source: Chen et al. 2022, eq. 4 to 8, as `WavLMAttention` of transformers has it.
    func positionGatesForward(out: Matrix, x: Matrix, constant: Matrix)
    /// The gradient of `positionGatesForward`: `dx` operands, overwritten; `dConstant` float32, added to if it is wanted.
    func positionGatesBackward(dx: Matrix, dConstant: Matrix?, dOut: Matrix, x: Matrix, constant: Matrix)

    // MARK: Convolutions of the speech encoders

    /// The group norm after the first convolution of a base encoder, folded into that convolution:
    /// `groupNorm(conv(waveform)) = conv'(waveform) + bias'`, one group per channel, statistics over the utterance's frames.
    /// - Parameters:
    ///   - weight: `[C, kernel]` float32, overwritten: `w' = w · γ/√(var + ε)`.
    ///   - bias: `[1, C]` float32, overwritten: `β − mean · γ/√(var + ε)`.
    ///   - waveform: `[samples, 1]` float32, one utterance.
    ///   - taps: `w`, `[C, kernel]` float32.
    ///   - stride: of the convolution, in samples.
    ///   - norm: `γ` and `β`, `[1, C]` float32 each, and `ε`.
    /// - Source: Baevski et al. 2020, section 2; torch.nn.GroupNorm(C, C). A bias of the convolution itself cancels.
    func foldGroupNorm(weight: Matrix, bias: Matrix, waveform: Matrix, taps: Matrix, stride: Int, norm: NormParameters)

    /// `out = activation(conv(x) + b)` over the rows of one utterance, no padding.
    /// - Parameters:
    ///   - out: `[(T − kernel)/stride + 1, outputs]` operands.
    ///   - x: `[T, C]` operands; a waveform, `C` = 1, may be float32 with a plain float32 weight whatever the operands are.
    ///   - weight: `[outputs, kernel·C]`: for each output, the taps in order, each with its channels.
    ///   - bias: `b`, `[1, outputs]` float32; nil for none.
    ///   - kernel: taps, so many rows of `x` under each row of `out`.
    ///   - stride: rows of `x` from the beginning of one window to that of the next.
    ///   - activation: of each element, after the bias.
    func stridedConvolutionForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, kernel: Int, stride: Int,
        activation: Activation)

    /// `out[t] = activation(b + Σ_k w_k x[t + k − kernel/2])` over the rows of each utterance, zero outside, in groups of channels.
    /// - Parameters:
    ///   - out: `[N, C]` float32.
    ///   - x: `[N, C]` operands.
    ///   - offsets: `[B + 1]`, in frames; no frame sees another utterance.
    ///   - weight: `[C, kernel·C/groups]`, laid out as for `stridedConvolutionForward`.
    ///   - bias: `b`, `[1, C]` float32.
    ///   - kernel: taps, `kernel/2` of them (rounded down) before the frame itself.
    ///   - groups: divides `C`; each block of `C/groups` channels of `out` reads the same block of `x` alone.
    ///   - activation: of each element, after the bias.
    /// - Source: Baevski et al. 2020, section 2 (convolutional positional embedding); for an even kernel the reference
    ///   implementation drops the last frame, which this does.
    func positionalConvolutionForward(
        out: Matrix, x: Matrix, offsets: PackedOffsets, weight: LinearWeight, bias: Matrix, kernel: Int, groups: Int,
        activation: Activation)

    /// The gradients of `positionalConvolutionForward` without its activation.
    /// - Parameters:
    ///   - dx: `[N, C]` float32, added to; nil if it is not wanted.
    ///   - dWeight: as `weight`, float32, added to.
    ///   - dBias: `[1, C]` float32, likewise.
    ///   - dOut: `[N, C]` operands, with respect to what the activation was applied to.
    ///   - x: `[N, C]` operands, as in the forward pass.
    ///   - offsets: likewise.
    ///   - weight: `[C, kernel·C/groups]` operands, the forward pass's as a matrix.
    ///   - kernel: as in the forward pass.
    ///   - groups: likewise.
    func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, offsets: PackedOffsets, weight: Matrix,
        kernel: Int, groups: Int)

    /// A convolution's weight from the checkpoint's tensors, in the order of channels-last rows:
    /// `out[o, k·I + i] = v[o, i, k]`, times `g[k] / ‖v[·, ·, k]‖` under weight norm over taps.
    /// - Parameters:
    ///   - out: `[C, K·I]` operands or float32.
    ///   - direction: `v`, `[C, I·K]` float32.
    ///   - gain: `g`, `[1, K]` float32; nil for a plain weight.
    ///   - taps: `K`.
    /// - Source: Salimans and Kingma 2016, eq. 2, with torch's `dim=2`.
    func tapMajorForward(out: Matrix, direction: Matrix, gain: Matrix?, taps: Int)
    /// The gradients of `tapMajorForward`: with `d = dOut` in the order of `v`, `dg[k] += Σ d·v/‖v‖` and
    /// `dv += g/‖v‖ · (d − v · Σ(d·v)/‖v‖²)`, sums and norms per tap; `dv += d` without a gain. All float32.
    /// - Source: Salimans and Kingma 2016, eq. 3.
    func tapMajorBackward(
        dDirection: Matrix, dGain: Matrix?, dOut: Matrix, direction: Matrix, gain: Matrix?, taps: Int)

    // MARK: Pooling

    /// `out[b] = mean of x over the rows of utterance b`, `[B, C]` float32 from `[N, C]` float32.
    func meanPoolForward(out: Matrix, x: Matrix, offsets: PackedOffsets)
    /// `dx[n] = dOut[b] / T_b`, `[N, C]` float32.
    func meanPoolBackward(dx: Matrix, dOut: Matrix, offsets: PackedOffsets)

    /// Weighted mean and standard deviation over the rows of each utterance, side by side: `out[b] = (μ, σ)` with
    /// `μ = Σ_t α_t x_t` and `σ = √(Σ_t α_t (x_t − μ)² + ε)`, where `α` is the softmax of the utterance's scores, or `1/T_b`
    /// without scores.
    /// - Parameters:
    ///   - out: `[B, 2C]` float32.
    ///   - weights: `α`, `[N, 1]` float32, which the backward pass needs; there if `scores` are.
    ///   - x: `[N, C]` float32.
    ///   - scores: `[N, 1]` float32.
    ///   - offsets: `[B + 1]`, in rows of `x`.
    ///   - epsilon: keeps σ's slope finite where a channel does not vary.
    /// - Source: Okabe, Koshinaka and Shinoda 2018, "Attentive statistics pooling for deep speaker embedding"; they have
    ///   `Σ α x² − μ²` for the variance, which is the same and cancels in float32.
    func statisticsPoolForward(
        out: Matrix, weights: Matrix?, x: Matrix, scores: Matrix?, offsets: PackedOffsets, epsilon: Float)

    /// The gradients of `statisticsPoolForward`: `dx = α (dμ + dσ (x − μ)/σ)`,
    /// `dα_t = Σ_c (x − μ)(dμ + dσ (x − μ)/2σ)`, `dScores = α (dα − Σ α dα)`.
    /// - Parameters:
    ///   - dx: `[N, C]` float32; may be `x`.
    ///   - dScores: `[N, 1]` float32; there if `weights` are.
    ///   - dOut: `[B, 2C]` float32: `(dμ, dσ)`.
    ///   - out: as the forward pass wrote it.
    ///   - weights: likewise.
    ///   - x: `[N, C]` float32, as in the forward pass.
    ///   - offsets: likewise.
    func statisticsPoolBackward(
        dx: Matrix, dScores: Matrix?, dOut: Matrix, out: Matrix, weights: Matrix?, x: Matrix, offsets: PackedOffsets)

    // MARK: Optimisation

    /// `Σ x²`, accumulated in double.
    func sumOfSquares(_ x: Matrix) -> Double

    /// One AdamW step over a parameter with its two moments, all float32 of one shape; `operand`, if any, receives the new
    /// values in bfloat16.
    ///
    /// `g = gradient · gradientScale`, `w −= η λ w`, `m = β₁m + (1−β₁)g`, `v = β₂v + (1−β₂)g²`,
    /// `w −= η · m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε)`.
    /// - Source: Loshchilov and Hutter 2019, algorithm 2; the order of operations is torch.optim.AdamW's.
    func adamWStep(
        value: Matrix, firstMoment: Matrix, secondMoment: Matrix, gradient: Matrix, operand: Matrix?, step: AdamWStep)

    /// `out += weight · (x − out)`, float32 of one shape, rows end to end: a step of a moving average.
    func blend(out: Matrix, x: Matrix, weight: Float)
}

extension Engine {
    /// A matrix of the given values, row by row.
    public func makeMatrix(_ values: [Float], rows: Int, columns: Int, precision: Precision = .float32) -> Matrix {
        let matrix = makeMatrix(rows: rows, columns: columns, precision: precision)
        upload(values, to: matrix)
        return matrix
    }

    /// `out = activation(x Wᵀ + b)`.
    public func linearForward(out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, activation: Activation) {
        linearForward(out: out, x: x, weight: weight, bias: bias, activation: activation, accumulate: false)
    }

    /// A `[1, count]` matrix of the given values.
    public func makeRow(_ values: [Float]) -> Matrix { makeMatrix(values, rows: 1, columns: values.count) }
}
