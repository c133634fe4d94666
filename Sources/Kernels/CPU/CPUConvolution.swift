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
        interleaved(
            out: out, x: x, weight: weight, bias: bias, kernel: kernel, stride: stride, gelu: activation == .gelu)
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
        let pieces = (out.rows + height - 1) / height
        team.forEach(pieces) { piece in
            let range = piece * height..<min(out.rows, (piece + 1) * height)
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
            self.positionalGroup(out: out, x: x, weight: weight, bias: bias, kernel: kernel, width: width, group: group)
        }
        if activation == .gelu { geluForward(out: out, x: out, dropout: .none) }
    }

    /// One group: windows of 16 taps are laid out side by side once, and the kernel is a sum of products over them, each
    /// shifted by 16 rows. (oneDNN's own convolution runs as fast, but takes longer to compile for each length than to run.)
    private func positionalGroup(
        out: Matrix, x: Matrix, weight: Matrix, bias: Matrix, kernel: Int, width: Int, group: Int
    ) {
        let taps = min(16, kernel), padding = kernel / 2, frames = x.rows, bytes = x.precision.byteCount
        let columns = group * width..<(group + 1) * width
        let lastTap = (kernel - 1) / taps * taps
        let padded = makeMatrix(rows: frames + lastTap + taps, columns: width, precision: x.precision)
        memset(padded.address, 0, padded.elementCount * bytes)
        let kept = padded.rows(padding..<padding + frames)
        ut_rows_convert(kept.native, x.columns(columns).native, frames, width)
        let windows = makeMatrix(rows: frames + lastTap, columns: taps * width, precision: x.precision)
        for row in 0..<windows.rows {
            memcpy(
                windows.address + row * windows.columns * bytes, padded.address + row * width * bytes,
                windows.columns * bytes)
        }
        let own = weight.rows(columns)
        for (number, tap) in stride(from: 0, to: kernel, by: taps).enumerated() {
            let depth = min(taps, kernel - tap) * width
            multiply(
                Target(out.columns(columns)), Factor(windows.rows(tap..<tap + frames)),
                Factor(own.columns(tap * width..<tap * width + depth)).transposed, m: frames, n: width, k: depth,
                operand: x.precision, bias: number == 0 ? UnsafePointer(bias.columns(columns).floats) : nil,
                accumulate: number > 0)
        }
    }
}
