import Buffers
import CNumerics

#if canImport(Glibc)
    import Glibc
#endif

/// Convolutions as plain products.
extension CPUEngine {
    public func foldGroupNorm(
        weight: Matrix, bias: Matrix, waveform: Matrix, taps: Matrix, stride: Int, norm: NormParameters
    ) {
        let channels = taps.rows, kernel = taps.columns, frames = (waveform.rows - kernel) / stride + 1
        precondition(
            waveform.columns == 1 && waveform.isContiguous && taps.isContiguous && weight.shape == taps.shape
                && weight.isContiguous && bias.shape == [1, channels] && frames > 0,
            "group norm over \(waveform.rows) samples folded into \(weight.shape)")
        // Mean and variance over time of every channel follow from the windows' moments, so the largest activation of the
        // whole encoder is written once, already normalised and activated.
        var mean = [Double](repeating: 0, count: kernel)
        var covariance = [Double](repeating: 0, count: kernel * kernel)
        ut_window_moments(waveform.floats, frames, kernel, stride, &mean, &covariance)
        for channel in 0..<channels {
            let own = taps.floats + channel * kernel
            var average = 0.0, variance = 0.0
            for k in 0..<kernel {
                average += Double(own[k]) * mean[k]
                for l in 0..<kernel { variance += Double(own[k]) * Double(own[l]) * covariance[k * kernel + l] }
            }
            let gain = Double(norm.gamma.floats[channel]) / (max(0, variance) + Double(norm.epsilon)).squareRoot()
            for k in 0..<kernel { weight.floats[channel * kernel + k] = Float(Double(own[k]) * gain) }
            bias.floats[channel] = Float(Double(norm.beta.floats[channel]) - average * gain)
        }
    }

    public func stridedConvolutionForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, kernel: Int, stride: Int, activation: Activation
    ) {
        precondition(
            weight.inputs == kernel * x.columns && out.shape == [(x.rows - kernel) / stride + 1, weight.outputs],
            "convolution of \(x.shape) by [\(weight.outputs), \(weight.inputs)] into \(out.shape)")
        if x.columns == 1, case .plain(let taps) = weight {
            waveformConvolution(out: out, x: x, taps: taps, bias: bias, stride: stride, gelu: activation == .gelu)
        } else {
            interleaved(
                out: out, x: x, weight: weight, bias: bias, kernel: kernel, stride: stride, gelu: activation == .gelu)
        }
    }

    private func waveformConvolution(
        out: Matrix, x: Matrix, taps: Matrix, bias: Matrix?, stride: Int, gelu: Bool
    ) {
        precondition(x.isContiguous && taps.isContiguous, "a waveform's samples lie end to end")
        let channels = taps.rows, kernel = taps.columns
        var transposed = [Float](repeating: 0, count: taps.elementCount)
        for channel in 0..<channels {
            for k in 0..<kernel { transposed[k * channels + channel] = taps.floats[channel * kernel + k] }
        }
        transposed.withUnsafeBufferPointer { transposed in
            nonisolated(unsafe) let ordered = transposed.baseAddress!
            team.forEachRange(out.rows, minimum: 64) { range in
                ut_waveform_convolution(
                    out.rows(range).native, x.floats + range.lowerBound * stride, ordered, bias?.floats, range.count,
                    kernel, stride, channels, gelu)
            }
        }
    }

    /// A strided convolution over channels-last rows, without copying.
    ///
    /// The window of output `t` is `kernel` whole rows of `x`, contiguous from row `t·stride`. Windows of neighbours overlap, which
    /// oneDNN refuses, but those of every p-th output, `p = ⌈kernel/stride⌉`, do not: p interleaved products, each over
    /// rows `p·stride·C` apart, write every p-th row of the output.
    private func interleaved(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, kernel: Int, stride: Int, gelu: Bool
    ) {
        precondition(x.isContiguous && out.isContiguous, "convolutions run over whole rows")
        let phases = (kernel + stride - 1) / stride
        let bytes = x.precision.byteCount, channels = x.columns
        // Pieces of a fixed size, so that their shapes repeat whatever the number of threads.
        let height = max(phases * 64, (out.rows / team.threads + 63) / 64 * 64)
        // A rest of one row per phase goes to the piece before it: oneDNN sums a single row in another order, and the row would have other
        // bits with another number of threads.
        let rest = out.rows % height
        let pieces = max(1, out.rows / height + (rest < 2 * phases ? 0 : 1))
        team.forEach(pieces) { piece in
            let range = piece * height..<(piece == pieces - 1 ? out.rows : (piece + 1) * height)
            for phase in 0..<phases {
                let first = range.lowerBound + phase
                guard first < range.upperBound else { break }
                let rows = (range.upperBound - first + phases - 1) / phases
                self.linear(
                    Target(
                        address: out.address + first * out.columns * out.precision.byteCount,
                        rowStride: phases * out.columns, precision: out.precision),
                    Factor(
                        address: x.address + first * stride * channels * bytes,
                        rowStride: phases * stride * channels, columnStride: 1),
                    rows: rows, operand: x.precision, weight: weight, bias: bias, gelu: gelu)
            }
        }
    }

    public func positionalConvolutionForward(
        out: Matrix, x: Matrix, weight: Matrix, bias: Matrix, kernel: Int, groups: Int, activation: Activation
    ) {
        let width = x.columns / groups
        precondition(
            out.shape == x.shape && out.precision == .float32 && weight.shape == [x.columns, kernel * width]
                && weight.precision == x.precision,
            "positional convolution of \(x.shape) by \(weight.shape) into \(out.shape)")
        team.forEach(groups) { group in
            let columns = group * width..<(group + 1) * width
            self.correlate(
                Target(out.columns(columns)),
                TapWindows(x.columns(columns), kernel: kernel, padding: kernel / 2, on: self),
                weight.rows(columns), bias: UnsafePointer(bias.columns(columns).floats), accumulate: false)
        }
        if activation == .gelu { geluForward(out: out, x: out, dropout: .none) }
    }

    public func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, weight: Matrix, kernel: Int, groups: Int
    ) {
        let width = x.columns / groups
        precondition(
            dOut.shape == x.shape && dWeight.shape == weight.shape && weight.shape == [x.columns, kernel * width]
                && dOut.precision == x.precision && weight.precision == x.precision
                && (dx == nil || (dx!.shape == x.shape && dx!.precision == .float32)),
            "positional convolution gradient of \(x.shape) by \(weight.shape)")
        team.forEach(groups) { group in
            let columns = group * width..<(group + 1) * width, own = dOut.columns(columns)
            let windows = TapWindows(x.columns(columns), kernel: kernel, padding: kernel / 2, on: self)
            for (taps, rows) in windows.blocks {
                self.multiply(
                    Target(dWeight.rows(columns).columns(taps.lowerBound * width..<taps.upperBound * width)),
                    Factor(own).transposed, Factor(rows), m: width, n: rows.columns, k: own.rows, operand: x.precision,
                    accumulate: true)
            }
            ut_rows_sum_columns(dBias.columns(columns).floats, own.native, own.rows, width)
            guard let dx else { return }
            let flipped = self.makeMatrix(rows: width, columns: kernel * width, precision: weight.precision)
            ut_tap_flip(flipped.native, weight.rows(columns).native, width, width, kernel)
            self.correlate(
                Target(dx.columns(columns)),
                TapWindows(own, kernel: kernel, padding: kernel - 1 - kernel / 2, on: self), flipped, bias: nil,
                accumulate: true)
        }
    }

    /// `target[t] (+)= b + Σ_k w_k x[t + k − padding]` for the channels of one group: a sum of products over blocks of taps.
    /// (oneDNN's own convolution runs as fast, but takes longer to compile for each length than to run.)
    private func correlate(
        _ target: Target, _ windows: TapWindows, _ weight: Matrix, bias: UnsafePointer<Float>?, accumulate: Bool
    ) {
        for (number, (taps, rows)) in windows.blocks.enumerated() {
            let columns = taps.lowerBound * windows.width..<taps.upperBound * windows.width
            multiply(
                target, Factor(rows), Factor(weight.columns(columns)).transposed, m: rows.rows, n: weight.rows,
                k: rows.columns, operand: rows.precision, bias: number == 0 ? bias : nil,
                accumulate: accumulate || number > 0, isSmall: false)
        }
    }

    public func tapMajorForward(out: Matrix, direction: Matrix, gain: Matrix?, taps: Int) {
        let inputs = direction.columns / taps
        precondition(
            out.shape == direction.shape && direction.isContiguous && direction.columns % taps == 0
                && (gain == nil || gain!.shape == [1, taps]), "weight \(direction.shape) of \(taps) taps")
        let factors = tapFactors(direction, gain, taps).factors
        ut_tap_major(out.native, direction.floats, factors, direction.rows, inputs, taps)
    }

    public func tapMajorBackward(
        dDirection: Matrix, dGain: Matrix?, dOut: Matrix, direction: Matrix, gain: Matrix?, taps: Int
    ) {
        let inputs = direction.columns / taps
        precondition(
            dOut.shape == direction.shape && dDirection.shape == direction.shape && dDirection.isContiguous
                && (gain == nil) == (dGain == nil), "gradient of a weight \(direction.shape) of \(taps) taps")
        let (factors, squares) = tapFactors(direction, gain, taps)
        var pulls = [Float](repeating: 0, count: taps)
        if let dGain {
            var dots = [Double](repeating: 0, count: taps)
            ut_tap_dots(&dots, dOut.native, direction.floats, direction.rows, inputs, taps)
            for k in 0..<taps {
                dGain.floats[k] += Float(dots[k] / squares[k].squareRoot())
                pulls[k] = Float(Double(factors[k]) * dots[k] / squares[k])
            }
        }
        ut_tap_major_backward(
            dDirection.floats, dOut.native, direction.floats, factors, pulls, direction.rows, inputs, taps)
    }

    /// `g[k]/‖v[·, ·, k]‖` and the norms' squares; ones without a gain.
    private func tapFactors(_ direction: Matrix, _ gain: Matrix?, _ taps: Int) -> (factors: [Float], squares: [Double])
    {
        guard let gain else { return ([Float](repeating: 1, count: taps), []) }
        var squares = [Double](repeating: 0, count: taps)
        ut_tap_squares(&squares, direction.floats, direction.rows, direction.columns / taps, taps)
        return ((0..<taps).map { Float(Double(gain.floats[$0]) / squares[$0].squareRoot()) }, squares)
    }
}

/// The rows of one group with each frame's next taps laid out beside it, once for all products over them.
private struct TapWindows {
    /// Channels of the group.
    let width: Int
    private let windows: Matrix
    private let kernel: Int
    private let taps: Int
    private let frames: Int

    init(_ x: Matrix, kernel: Int, padding: Int, on engine: CPUEngine) {
        let bytes = x.precision.byteCount
        (width, frames, self.kernel, taps) = (x.columns, x.rows, kernel, min(16, kernel))
        let lastTap = (kernel - 1) / taps * taps
        let padded = engine.makeMatrix(rows: frames + lastTap + taps, columns: width, precision: x.precision)
        memset(padded.address, 0, padded.elementCount * bytes)
        ut_rows_convert(padded.rows(padding..<padding + frames).native, x.native, frames, width)
        windows = engine.makeMatrix(rows: frames + lastTap, columns: taps * width, precision: x.precision)
        for row in 0..<windows.rows {
            memcpy(
                windows.address + row * windows.columns * bytes, padded.address + row * width * bytes,
                windows.columns * bytes)
        }
    }

    /// Blocks of taps, each with its rows: `[frames, taps·width]`, of which row `t` holds frames `t + taps − padding` on.
    var blocks: [(taps: Range<Int>, rows: Matrix)] {
        stride(from: 0, to: kernel, by: taps).map { tap in
            let range = tap..<min(kernel, tap + taps)
            return (range, windows.rows(tap..<tap + frames).columns(0..<range.count * width))
        }
    }
}
