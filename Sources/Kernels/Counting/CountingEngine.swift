import Buffers
import Synchronization

/// An engine without memory and without arithmetic: it counts the bytes that the CPU engine would have in use, and the
/// floating-point operations that its products would take.
///
/// Running a model over it says how much memory and arithmetic the model takes, for any shapes, without a formula that could fall
/// behind the model: matrices are counted while somebody holds them, in the sizes that the engine's pool would round them to, and
/// each operation counts the scratch that the CPU engine needs for it. Everything downloaded is zero.
public final class CountingEngine: Engine {
    private final class Storage: MatrixStorage {
        let byteCount: Int
        let meter: Meter

        init(byteCount: Int, meter: Meter) {
            self.byteCount = byteCount
            self.meter = meter
            meter.add(byteCount)
        }

        deinit { meter.add(-byteCount) }
    }

    private final class Meter: Sendable {
        private let state = Mutex((used: 0, peak: 0, operations: 0))

        var used: Int { state.withLock { $0.used } }
        var peak: Int { state.withLock { $0.peak } }
        var operations: Int { state.withLock { $0.operations } }

        func multiply(_ operations: Int) { state.withLock { $0.operations += operations } }

        func add(_ bytes: Int) {
            state.withLock {
                $0.used += bytes
                $0.peak = max($0.peak, $0.used)
            }
        }

        func touch(_ bytes: Int) {
            add(bytes)
            add(-bytes)
        }

        func restart() { state.withLock { $0.peak = $0.used } }
    }

    private struct Weight: FrozenWeight {
        /// As oneDNN lays it out; its plain form goes when it is packed.
        let matrix: Matrix
        var outputs: Int { matrix.rows }
        var inputs: Int { matrix.columns }
        var precision: Precision { matrix.precision }
    }

    public let name = "counting"
    /// Of the CPU engine that is stood in for: each has scratch of its own.
    private let threads: Int
    private let meter = Meter()

    public init(threads: Int) { self.threads = threads }

    public var peakBytes: Int { meter.peak }
    /// In use now.
    public var usedBytes: Int { meter.used }

    /// Of products so far, a multiplication and an addition counted as two; whatever else there is takes no hundredth of them.
    public var operations: Int { meter.operations }

    /// The most bytes that `body` had in use at once, beyond those in use before it.
    public func bytes<Failure>(of body: () throws(Failure) -> Void) throws(Failure) -> Int {
        let before = meter.used
        meter.restart()
        try body()
        return meter.peak - before
    }

    /// Something that `workers` threads each have for a moment.
    private func touch(_ byteCounts: [Int], workers: Int = 1) {
        let bytes = byteCounts.reduce(0) { $0 + BufferPool.sizeClass($1) } * workers
        meter.touch(bytes)
    }

    // MARK: Memory

    public func makeMatrix(rows: Int, columns: Int, precision: Precision) -> Matrix {
        Matrix(
            storage: Storage(byteCount: BufferPool.sizeClass(rows * columns * precision.byteCount), meter: meter),
            rows: rows, columns: columns, precision: precision)
    }

    public func upload(_ values: [Float], to out: Matrix) {}
    public func upload(stored rows: UnsafeRawBufferPointer, as stored: Precision, to out: Matrix) {}
    public func download(_ matrix: Matrix) -> [Float] { [Float](repeating: 0, count: matrix.elementCount) }
    public func convert(_ x: Matrix, to out: Matrix) {}
    public func clear(_ out: Matrix) {}

    public func freeze(_ weight: Matrix, precision: Precision) -> any FrozenWeight {
        let byteCount = weight.elementCount * precision.byteCount
        meter.touch(byteCount)
        return Weight(
            matrix: Matrix(
                storage: Storage(byteCount: byteCount, meter: meter), rows: weight.rows, columns: weight.columns,
                precision: precision))
    }

    // MARK: Operations with scratch

    public func layerNormBackward(
        dx: Matrix, accumulate: Bool, dAddend: Matrix?, dGamma: Matrix?, dBeta: Matrix?, dOut: Matrix, sum: Matrix,
        statistics: Matrix, dropout: Dropout, parameters: NormParameters
    ) {
        guard dGamma != nil || dBeta != nil else { return }
        touch([2 * CPUEngine.layerNormBlocks(dOut.rows) * dOut.columns * 4])
    }

    public func attentionForward(
        out: Matrix, logSumExp: Matrix?, qkv: Matrix, shape: AttentionShape, positions: AttentionPositions?,
        dropout: Dropout
    ) {
        meter.multiply(shape.operations(products: 2))
        let longest = shape.longestUtterance, scores = shape.scoreCount(longest)
        if Tiles.areAvailable(qkv.precision) {
            touchTiles(longest, shape, qkv.precision, dropout, backward: false)
            return
        }
        touch(
            [4 * scores] + (qkv.precision == .float32 ? [] : [scores * qkv.precision.byteCount]),
            workers: workers(shape))
    }

    public func attentionBackward(
        dQKV: Matrix, dPositions: AttentionPositionGradients?, dOut: Matrix, logSumExp: Matrix, qkv: Matrix,
        shape: AttentionShape, positions: AttentionPositions?, dropout: Dropout
    ) {
        meter.multiply(shape.operations(products: 5))
        let longest = shape.longestUtterance, scores = shape.scoreCount(longest)
        let operands = scores * qkv.precision.byteCount, sums = 4 * longest * shape.width
        let partial = dPositions?.bias.map {
            makeMatrix(rows: shape.offsets.utteranceCount * $0.rows, columns: $0.columns, precision: .float32)
        }
        if Tiles.areAvailable(qkv.precision) {
            touchTiles(longest, shape, qkv.precision, dropout, backward: true)
        } else {
            touch(
                [4 * scores, 4 * scores, operands, operands]
                    + (AttentionShape.queryBlocks(longest).count > 1 ? [sums, sums] : []), workers: workers(shape))
        }
        withExtendedLifetime(partial) {}
    }

    private func touchTiles(
        _ rows: Int, _ shape: AttentionShape, _ operand: Precision, _ dropout: Dropout, backward: Bool
    ) {
        let bytes = AttentionHead.scratchBytes(
            rows: rows, width: shape.width, operand: operand, dropout: dropout, backward: backward)
        touch([bytes], workers: workers(shape))
    }

    private func workers(_ shape: AttentionShape) -> Int { min(threads, shape.heads * shape.offsets.utteranceCount) }

    public func positionalConvolutionForward(
        out: Matrix, x: Matrix, offsets: PackedOffsets, weight: LinearWeight, bias: Matrix, kernel: Int, groups: Int,
        activation: Activation
    ) {
        meter.multiply(2 * x.rows * weight.inputs * weight.outputs)
        let workers = min(threads, groups), longest = x.rows(offsets.longest)
        guard Tiles.areAvailable(x.precision) else {
            touch(TapWindows.byteCounts(longest, kernel: kernel, groups: groups), workers: workers)
            return
        }
        var panels: Storage?
        if case .plain(let matrix) = weight {
            let bytes = Tiles.Panels.byteCount(matrix, blocks: groups)
            panels = Storage(byteCount: BufferPool.sizeClass(bytes), meter: meter)
        }
        touch([CPUEngine.paddedByteCount(longest, kernel: kernel, groups: groups)], workers: workers)
        withExtendedLifetime(panels) {}
    }

    public func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, offsets: PackedOffsets, weight: Matrix,
        kernel: Int, groups: Int
    ) {
        meter.multiply((dx == nil ? 2 : 4) * x.rows * weight.elementCount)
        let longest = x.rows(offsets.longest), windows = TapWindows.byteCounts(longest, kernel: kernel, groups: groups)
        let flipped = weight.elementCount / groups * weight.precision.byteCount
        let correlated =
            Tiles.areAvailable(x.precision)
            ? [
                Tiles.Panels.byteCount(weight, blocks: groups) / groups,
                CPUEngine.paddedByteCount(longest, kernel: kernel, groups: groups),
            ] : windows
        touch(dx == nil ? windows : windows + correlated + [flipped], workers: min(threads, groups))
    }

    public func linearForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, activation: Activation, accumulate: Bool
    ) {
        meter.multiply(2 * x.rows * weight.inputs * weight.outputs)
        if accumulate, x.precision == .float32 { touch([4 * out.elementCount]) }
    }

    // MARK: Operations without

    public func linearBackwardInput(dx: Matrix, dOut: Matrix, weight: Matrix, accumulate: Bool) {
        meter.multiply(2 * dx.rows * weight.elementCount)
    }
    public func linearBackwardWeight(dWeight: Matrix?, dBias: Matrix?, dOut: Matrix, x: Matrix) {
        meter.multiply(2 * x.rows * (dWeight?.elementCount ?? 0))
    }
    public func layerNormForward(
        _ outputs: NormOutputs, x: Matrix, addend: Matrix?, dropout: Dropout, parameters: NormParameters
    ) {}
    public func layerNormGeluForward(out: Matrix, x: Matrix, parameters: NormParameters) {}
    public func addForward(out: Matrix, x: Matrix, addend: Matrix, dropout: Dropout) {}
    public func dropoutForward(out: Matrix, x: Matrix, dropout: Dropout) {}
    public func geluForward(out: Matrix, x: Matrix, dropout: Dropout) {}
    public func geluBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {}
    public func tanhForward(out: Matrix, x: Matrix, dropout: Dropout) {}
    public func tanhBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {}
    public func standardise(out: Matrix, x: Matrix, shift: Matrix?, scale: Matrix) {}
    public func positionGatesForward(out: Matrix, x: Matrix, constant: Matrix) {}
    public func positionGatesBackward(dx: Matrix, dConstant: Matrix?, dOut: Matrix, x: Matrix, constant: Matrix) {}
    public func foldGroupNorm(
        weight: Matrix, bias: Matrix, waveform: Matrix, taps: Matrix, stride: Int, norm: NormParameters
    ) {}
    public func stridedConvolutionForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, kernel: Int, stride: Int, activation: Activation
    ) {
        meter.multiply(2 * out.rows * weight.inputs * weight.outputs)
    }
    public func tapMajorForward(out: Matrix, direction: Matrix, gain: Matrix?, taps: Int) {}
    public func tapMajorBackward(
        dDirection: Matrix, dGain: Matrix?, dOut: Matrix, direction: Matrix, gain: Matrix?, taps: Int
    ) {}
    public func meanPoolForward(out: Matrix, x: Matrix, offsets: PackedOffsets) {}
    public func meanPoolBackward(dx: Matrix, dOut: Matrix, offsets: PackedOffsets) {}
    public func statisticsPoolForward(
        out: Matrix, weights: Matrix?, x: Matrix, scores: Matrix?, offsets: PackedOffsets, epsilon: Float
    ) {}
    public func statisticsPoolBackward(
        dx: Matrix, dScores: Matrix?, dOut: Matrix, out: Matrix, weights: Matrix?, x: Matrix, offsets: PackedOffsets
    ) {}
    public func sumOfSquares(_ x: Matrix) -> Double { 0 }
    public func adamWStep(
        value: Matrix, firstMoment: Matrix, secondMoment: Matrix, gradient: Matrix, operand: Matrix?, step: AdamWStep
    ) {}
    public func blend(out: Matrix, x: Matrix, weight: Float) {}
}

extension AttentionShape {
    fileprivate var longestUtterance: Int { offsets.longest.count }

    /// Elements of the block of scores that a head of an utterance of `count` frames has at a time.
    fileprivate func scoreCount(_ count: Int) -> Int {
        (Self.queryBlocks(count).first?.count ?? 0) * Self.scoreStride(count)
    }
}

extension PackedOffsets {
    /// The rows of the longest utterance.
    fileprivate var longest: Range<Int> {
        (0..<utteranceCount).map { self[$0] }.max { $0.count < $1.count } ?? 0..<0
    }
}
