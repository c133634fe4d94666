import Buffers
import CNumerics

#if canImport(Glibc)
    import Glibc
#endif

/// Convolutions over the frames of an utterance, in groups of channels, as products. (oneDNN's own convolution runs as fast as its
/// products, but takes longer to compile for each length than to run.)
extension CPUEngine {
    public func positionalConvolutionForward(
        out: Matrix, x: Matrix, offsets: PackedOffsets, weight: LinearWeight, bias: Matrix, kernel: Int, groups: Int,
        activation: Activation
    ) {
        let width = x.columns / groups
        precondition(
            out.shape == x.shape && out.precision == .float32 && weight.outputs == x.columns
                && weight.inputs == kernel * width && offsets.rowCount == x.rows,
            "positional convolution of \(x.shape) by [\(weight.outputs), \(weight.inputs)] into \(out.shape)")
        let gelu = activation == .gelu
        if hasTiles(x.precision) {
            let panels = panels(weight, blocks: groups)
            team.forEach(groups) { group in
                let columns = group * width..<(group + 1) * width
                for utterance in 0..<offsets.utteranceCount {
                    let rows = offsets[utterance]
                    Tiles.slide(
                        out.rows(rows).columns(columns),
                        over: self.padded(x.rows(rows).columns(columns), kernel: kernel, padding: kernel / 2),
                        stride: 1, by: panels, block: group, bias: UnsafePointer(bias.columns(columns).floats),
                        gelu: gelu)
                }
            }
            return
        }
        let weight = plain(weight)
        team.forEach(groups) { group in
            let columns = group * width..<(group + 1) * width
            for utterance in 0..<offsets.utteranceCount {
                let rows = offsets[utterance]
                self.correlate(
                    Target(out.rows(rows).columns(columns)),
                    TapWindows(x.rows(rows).columns(columns), kernel: kernel, padding: kernel / 2, on: self),
                    weight.rows(columns), bias: UnsafePointer(bias.columns(columns).floats), accumulate: false)
            }
        }
        if gelu { geluForward(out: out, x: out, dropout: .none) }
    }

    public func positionalConvolutionBackward(
        dx: Matrix?, dWeight: Matrix, dBias: Matrix, dOut: Matrix, x: Matrix, offsets: PackedOffsets, weight: Matrix,
        kernel: Int, groups: Int
    ) {
        let width = x.columns / groups
        precondition(
            dOut.shape == x.shape && dWeight.shape == weight.shape && weight.shape == [x.columns, kernel * width]
                && dOut.precision == x.precision && weight.precision == x.precision && offsets.rowCount == x.rows
                && (dx == nil || (dx!.shape == x.shape && dx!.precision == .float32)),
            "positional convolution gradient of \(x.shape) by \(weight.shape)")
        team.forEach(groups) { group in
            let columns = group * width..<(group + 1) * width
            ut_rows_sum_columns(dBias.columns(columns).floats, dOut.columns(columns).native, dOut.rows, width)
            for utterance in 0..<offsets.utteranceCount {
                let rows = offsets[utterance], own = dOut.rows(rows).columns(columns)
                let windows = TapWindows(x.rows(rows).columns(columns), kernel: kernel, padding: kernel / 2, on: self)
                for (taps, window) in windows.blocks {
                    self.multiply(
                        Target(dWeight.rows(columns).columns(taps.lowerBound * width..<taps.upperBound * width)),
                        Factor(own).transposed, Factor(window), m: width, n: window.columns, k: own.rows,
                        operand: x.precision, accumulate: true)
                }
            }
            guard let dx else { return }
            let flipped = self.makeMatrix(rows: width, columns: kernel * width, precision: weight.precision)
            ut_tap_flip(flipped.native, weight.rows(columns).native, width, width, kernel)
            let hasTiles = self.hasTiles(x.precision), padding = kernel - 1 - kernel / 2
            let panels = hasTiles ? self.panels(.plain(flipped), blocks: 1) : nil
            for utterance in 0..<offsets.utteranceCount {
                let rows = offsets[utterance], own = dOut.rows(rows).columns(columns)
                let out = dx.rows(rows).columns(columns)
                if let panels {
                    Tiles.slide(
                        out, over: self.padded(own, kernel: kernel, padding: padding), stride: 1, by: panels, bias: nil,
                        gelu: false, accumulate: true)
                } else {
                    self.correlate(
                        Target(out), TapWindows(own, kernel: kernel, padding: padding, on: self), flipped, bias: nil,
                        accumulate: true)
                }
            }
        }
    }

    /// Bytes of one group's padded frames.
    static func paddedByteCount(_ x: Matrix, kernel: Int, groups: Int) -> Int {
        (x.rows + kernel - 1) * (x.columns / groups) * x.precision.byteCount
    }

    /// A group's frames, end to end, with zeros before and after them: the window of frame `t` begins at row `t`.
    private func padded(_ x: Matrix, kernel: Int, padding: Int) -> Matrix {
        let padded = makeMatrix(rows: x.rows + kernel - 1, columns: x.columns, precision: x.precision)
        memset(padded.address, 0, padded.elementCount * x.precision.byteCount)
        ut_rows_convert(padded.rows(padding..<padding + x.rows).native, x.native, x.rows, x.columns)
        return padded
    }

    /// `target[t] (+)= b + Σ_k w_k x[t + k − padding]` for the channels of one group: a sum of products over blocks of taps.
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
}

/// The rows of one group with each frame's next taps laid out beside it, once for all products over them.
struct TapWindows {
    /// Channels of the group.
    let width: Int
    private let windows: Matrix
    private let kernel: Int
    private let taps: Int
    private let frames: Int

    /// Taps of a block, and the first of the last block.
    private static func blocks(_ kernel: Int) -> (taps: Int, lastTap: Int) {
        let taps = min(16, kernel)
        return (taps, (kernel - 1) / taps * taps)
    }

    /// What the windows of one group of `x` take.
    static func byteCounts(_ x: Matrix, kernel: Int, groups: Int) -> [Int] {
        let (taps, lastTap) = blocks(kernel), rowBytes = x.columns / groups * x.precision.byteCount
        return [(x.rows + lastTap + taps) * rowBytes, (x.rows + lastTap) * taps * rowBytes]
    }

    init(_ x: Matrix, kernel: Int, padding: Int, on engine: CPUEngine) {
        let bytes = x.precision.byteCount
        let lastTap: Int
        (width, frames, self.kernel) = (x.columns, x.rows, kernel)
        (taps, lastTap) = Self.blocks(kernel)
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
