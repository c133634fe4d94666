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
        // The waveform's windows are float32 whatever the result is.
        if hasTiles(x.precision), hasTiles(out.precision) {
            let panels = panels(weight, blocks: 1)
            team.forEachRange(out.rows, multiple: 24, minimum: 48) { range in
                let last = (range.upperBound - 1) * stride + kernel
                Tiles.slide(
                    out.rows(range), over: x.rows(range.lowerBound * stride..<last), stride: stride, by: panels,
                    bias: bias?.floats, gelu: activation == .gelu)
            }
        } else if x.columns == 1, case .plain(let taps) = weight {
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
