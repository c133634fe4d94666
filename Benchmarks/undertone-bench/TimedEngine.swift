import Buffers
import Kernels
import Synchronization

/// An engine that passes every operation on to another and adds up how long each kind took, how many floating-point operations its
/// products did, and how many bytes everything else had to move.
final class TimedEngine: Engine {
    struct Entry: Sendable {
        var calls = 0
        var seconds = 0.0
        /// Of products: a multiplication and an addition count two.
        var operations = 0.0
        /// Of what is no product: each operand that is read and each that is written, once.
        var bytes = 0.0
    }

    private let engine: any Engine
    private let entries = Mutex<[String: Entry]>([:])

    init(_ engine: any Engine) { self.engine = engine }

    var times: [String: Entry] { entries.withLock { $0 } }
    func reset() { entries.withLock { $0 = [:] } }

    /// - Parameters:
    ///   - moving: the operands of what is no product, for its bytes; one that is both read and written twice.
    private func timed<Result>(
        _ name: String, operations: Int = 0, moving operands: [Matrix?] = [], and otherBytes: Int = 0,
        _ body: () -> Result
    ) -> Result {
        let begin = ContinuousClock.now
        let result = body()
        let seconds = begin.duration(to: .now) / .seconds(1)
        let bytes = operands.reduce(otherBytes) { $0 + ($1.map { $0.elementCount * $0.precision.byteCount } ?? 0) }
        entries.withLock {
            $0[name, default: Entry()].calls += 1
            $0[name]!.seconds += seconds
            $0[name]!.operations += Double(operations)
            $0[name]!.bytes += Double(bytes)
        }
        return result
    }

    var name: String { engine.name }
    var peakBytes: Int { engine.peakBytes }

    // MARK: Memory

    func makeMatrix(rows: Int, columns: Int, precision: Precision) -> Matrix {
        engine.makeMatrix(rows: rows, columns: columns, precision: precision)
    }
    func upload(_ values: [Float], to out: Matrix) {
        timed("upload", moving: [out], and: 4 * values.count) { engine.upload(values, to: out) }
    }
    func upload(stored rows: UnsafeRawBufferPointer, as stored: Precision, to out: Matrix) {
        timed("upload", moving: [out], and: rows.count) { engine.upload(stored: rows, as: stored, to: out) }
    }
    func download(_ matrix: Matrix) -> [Float] {
        timed("download", moving: [matrix], and: 4 * matrix.elementCount) { engine.download(matrix) }
    }
    func convert(_ x: Matrix, to out: Matrix) {
        timed("convert", moving: [x, out]) { engine.convert(x, to: out) }
    }
    func clear(_ out: Matrix) { timed("clear", moving: [out]) { engine.clear(out) } }

    // MARK: Linear maps

    func freeze(_ weight: Matrix, precision: Precision) -> any FrozenWeight {
        engine.freeze(weight, precision: precision)
    }

    func linearForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, activation: Activation, accumulate: Bool
    ) {
        timed(
            "linear \(weight.inputs) → \(weight.outputs)\(activation == .gelu ? ", gelu" : "")",
            operations: 2 * x.rows * weight.inputs * weight.outputs
        ) {
            engine.linearForward(
                out: out, x: x, weight: weight, bias: bias, activation: activation, accumulate: accumulate)
        }
    }

    func linearBackwardInput(dx: Matrix, dOut: Matrix, weight: Matrix, accumulate: Bool) {
        timed("linear, input gradient", operations: 2 * dx.rows * weight.elementCount) {
            engine.linearBackwardInput(dx: dx, dOut: dOut, weight: weight, accumulate: accumulate)
        }
    }

    func linearBackwardWeight(dWeight: Matrix?, dBias: Matrix?, dOut: Matrix, x: Matrix) {
        timed("linear, weight gradient", operations: 2 * x.rows * (dWeight?.elementCount ?? 0)) {
            engine.linearBackwardWeight(dWeight: dWeight, dBias: dBias, dOut: dOut, x: x)
        }
    }

    // MARK: Normalisation and activations

    func layerNormForward(
        _ outputs: NormOutputs, x: Matrix, addend: Matrix?, dropout: Dropout, parameters: NormParameters
    ) {
        timed(
            "layer norm",
            moving: [x, addend, outputs.out, outputs.operand, outputs.sum, outputs.statistics]
        ) {
            engine.layerNormForward(outputs, x: x, addend: addend, dropout: dropout, parameters: parameters)
        }
    }

    func layerNormBackward(
        dx: Matrix, accumulate: Bool, dAddend: Matrix?, dGamma: Matrix?, dBeta: Matrix?, dOut: Matrix, sum: Matrix,
        statistics: Matrix, dropout: Dropout, parameters: NormParameters
    ) {
        timed(
            "layer norm, backward",
            moving: [dx, accumulate ? dx : nil, dAddend, dOut, sum, statistics]
        ) {
            engine.layerNormBackward(
                dx: dx, accumulate: accumulate, dAddend: dAddend, dGamma: dGamma, dBeta: dBeta, dOut: dOut, sum: sum,
                statistics: statistics, dropout: dropout, parameters: parameters)
        }
    }

    func layerNormGeluForward(out: Matrix, x: Matrix, parameters: NormParameters) {
        timed("layer norm and gelu", moving: [out, x]) {
            engine.layerNormGeluForward(out: out, x: x, parameters: parameters)
        }
    }
    func addForward(out: Matrix, x: Matrix, addend: Matrix, dropout: Dropout) {
        timed("add", moving: [out, x, addend]) {
            engine.addForward(out: out, x: x, addend: addend, dropout: dropout)
        }
    }
    func dropoutForward(out: Matrix, x: Matrix, dropout: Dropout) {
        timed("dropout", moving: [out, x]) { engine.dropoutForward(out: out, x: x, dropout: dropout) }
    }
    func geluForward(out: Matrix, x: Matrix, dropout: Dropout) {
        timed("gelu", moving: [out, x]) { engine.geluForward(out: out, x: x, dropout: dropout) }
    }
    func geluBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {
        timed("gelu, backward", moving: [dx, dOut, x]) {
            engine.geluBackward(dx: dx, dOut: dOut, x: x, dropout: dropout)
        }
    }
    func tanhForward(out: Matrix, x: Matrix, dropout: Dropout) {
        timed("heads", moving: [out, x]) { engine.tanhForward(out: out, x: x, dropout: dropout) }
    }
    func tanhBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {
        timed("heads", moving: [dx, dOut, x]) { engine.tanhBackward(dx: dx, dOut: dOut, x: x, dropout: dropout) }
    }
    func standardise(out: Matrix, x: Matrix, shift: Matrix?, scale: Matrix) {
        timed("heads", moving: [out, x]) { engine.standardise(out: out, x: x, shift: shift, scale: scale) }
    }

    // MARK: Attention

    func attentionForward(
        out: Matrix, logSumExp: Matrix?, qkv: Matrix, shape: AttentionShape, positions: AttentionPositions?,
        dropout: Dropout
    ) {
        timed("attention", operations: shape.operations(products: 2)) {
            engine.attentionForward(
                out: out, logSumExp: logSumExp, qkv: qkv, shape: shape, positions: positions, dropout: dropout)
        }
    }

    func attentionBackward(
        dQKV: Matrix, dPositions: AttentionPositionGradients?, dOut: Matrix, logSumExp: Matrix, qkv: Matrix,
        shape: AttentionShape, positions: AttentionPositions?, dropout: Dropout
    ) {
        timed("attention, backward", operations: shape.operations(products: 5)) {
            engine.attentionBackward(
                dQKV: dQKV, dPositions: dPositions, dOut: dOut, logSumExp: logSumExp, qkv: qkv, shape: shape,
                positions: positions, dropout: dropout)
        }
    }

    func positionGatesForward(out: Matrix, x: Matrix, constant: Matrix) {
        timed("position gates", moving: [out, x]) { engine.positionGatesForward(out: out, x: x, constant: constant) }
    }
    func positionGatesBackward(dx: Matrix, dConstant: Matrix?, dOut: Matrix, x: Matrix, constant: Matrix) {
        timed("position gates", moving: [dx, dOut, x]) {
            engine.positionGatesBackward(dx: dx, dConstant: dConstant, dOut: dOut, x: x, constant: constant)
        }
    }

    // MARK: Convolutions

    func foldGroupNorm(
        weight: Matrix, bias: Matrix, waveform: Matrix, taps: Matrix, stride: Int, norm: NormParameters
    ) {
        timed("group norm, folded") {
            engine.foldGroupNorm(
                weight: weight, bias: bias, waveform: waveform, taps: taps, stride: stride, norm: norm)
        }
    }

    func stridedConvolutionForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, kernel: Int, stride: Int, activation: Activation
    ) {
        timed(
            "convolution \(x.columns)·\(kernel)/\(stride)",
            operations: 2 * out.rows * weight.inputs * weight.outputs
        ) {
            engine.stridedConvolutionForward(
                out: out, x: x, weight: weight, bias: bias, kernel: kernel, stride: stride, activation: activation)
        }
    }

    func positionalConvolutionForward(
        out: Matrix, x: Matrix, offsets: PackedOffsets, weight: LinearWeight, bias: Matrix, kernel: Int, groups: Int,
        activation: Activation
    ) {
        timed("positional convolution", operations: 2 * x.rows * weight.inputs * weight.outputs) {
            engine.positionalConvolutionForward(
                out: out, x: x, offsets: offsets, weight: weight, bias: bias, kernel: kernel, groups: groups,
                activation: activation)
        }
    }

    func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, offsets: PackedOffsets, weight: Matrix,
        kernel: Int, groups: Int
    ) {
        timed("positional convolution, backward", operations: 4 * x.rows * weight.elementCount) {
            engine.positionalConvolutionBackward(
                dx: dx, dWeight: dWeight, dBias: dBias, dOut: dOut, x: x, offsets: offsets, weight: weight,
                kernel: kernel, groups: groups)
        }
    }

    func tapMajorForward(out: Matrix, direction: Matrix, gain: Matrix?, taps: Int) {
        timed("weight norm", moving: [out, direction]) {
            engine.tapMajorForward(out: out, direction: direction, gain: gain, taps: taps)
        }
    }
    func tapMajorBackward(
        dDirection: Matrix, dGain: Matrix?, dOut: Matrix, direction: Matrix, gain: Matrix?, taps: Int
    ) {
        timed("weight norm", moving: [dDirection, dOut, direction]) {
            engine.tapMajorBackward(
                dDirection: dDirection, dGain: dGain, dOut: dOut, direction: direction, gain: gain, taps: taps)
        }
    }

    // MARK: Pooling and optimisation

    func meanPoolForward(out: Matrix, x: Matrix, offsets: PackedOffsets) {
        timed("pooling", moving: [out, x]) { engine.meanPoolForward(out: out, x: x, offsets: offsets) }
    }
    func meanPoolBackward(dx: Matrix, dOut: Matrix, offsets: PackedOffsets) {
        timed("pooling", moving: [dx, dOut]) { engine.meanPoolBackward(dx: dx, dOut: dOut, offsets: offsets) }
    }
    func statisticsPoolForward(
        out: Matrix, weights: Matrix?, x: Matrix, scores: Matrix?, offsets: PackedOffsets, epsilon: Float
    ) {
        timed("pooling", moving: [out, weights, x, scores]) {
            engine.statisticsPoolForward(
                out: out, weights: weights, x: x, scores: scores, offsets: offsets, epsilon: epsilon)
        }
    }
    func statisticsPoolBackward(
        dx: Matrix, dScores: Matrix?, dOut: Matrix, out: Matrix, weights: Matrix?, x: Matrix, offsets: PackedOffsets
    ) {
        timed("pooling", moving: [dx, dScores, dOut, weights, x]) {
            engine.statisticsPoolBackward(
                dx: dx, dScores: dScores, dOut: dOut, out: out, weights: weights, x: x, offsets: offsets)
        }
    }
    func blend(out: Matrix, x: Matrix, weight: Float) {
        timed("optimiser", moving: [out, out, x]) { engine.blend(out: out, x: x, weight: weight) }
    }
    func sumOfSquares(_ x: Matrix) -> Double { timed("optimiser", moving: [x]) { engine.sumOfSquares(x) } }
    func adamWStep(
        value: Matrix, firstMoment: Matrix, secondMoment: Matrix, gradient: Matrix, operand: Matrix?, step: AdamWStep
    ) {
        timed(
            "optimiser",
            moving: [value, value, firstMoment, firstMoment, secondMoment, secondMoment, gradient, operand]
        ) {
            engine.adamWStep(
                value: value, firstMoment: firstMoment, secondMoment: secondMoment, gradient: gradient,
                operand: operand, step: step)
        }
    }
}
