import Buffers
import Checkpoints
import Kernels

/// The CNN feature encoder: strided convolutions over the waveform, each followed by GELU, with a group norm over time after the
/// first or a layer norm over channels after each (Baevski et al. 2020, section 2).
///
/// The waveform is read in float32, whatever the operands of the others are: rounding it would save nothing.
///
/// A recording goes through in pieces of some seconds, so that what lies between the convolutions stays in the processor's
/// caches, and memory does not grow with the recording's length except for the output's. Neighbouring pieces compute the
/// few rows that both need; every row has the same bits however the recording is divided.
struct FeatureEncoder: Sendable {
    private struct Layer: Sendable {
        let weight: LinearWeight
        let bias: Matrix?
        /// Nil where GELU follows at once.
        let norm: NormParameters?
        let shape: EncoderConfiguration.Convolution
    }
    private let engine: any Engine
    private let precision: Precision
    /// The first convolution where a group norm follows: the norm is folded into its taps for each utterance.
    private struct Grouped: Sendable {
        /// `[C, kernel]` float32.
        let taps: Matrix
        let norm: NormParameters
        let shape: EncoderConfiguration.Convolution
    }
    private let grouped: Grouped?
    /// The others.
    private let layers: [Layer]

    /// Frames of the output that are computed at a time: 128 are 2.6 s.
    private static let pieceFrames = 128

    init(
        _ configuration: EncoderConfiguration, weights: WeightLoader, precision: Precision, engine: any Engine
    ) throws(CheckpointError) {
        self.engine = engine
        self.precision = precision
        let prefix = "feature_extractor.conv_layers", isGrouped = configuration.variants.convolutionNorm == .group
        func norm(_ index: Int) throws(CheckpointError) -> NormParameters {
            try weights.norm("\(prefix).\(index).layer_norm", epsilon: EncoderConfiguration.convolutionNormEpsilon)
        }
        var layers: [Layer] = []
        for (index, shape) in configuration.convolutions.enumerated().dropFirst(isGrouped ? 1 : 0) {
            let taps = try weights.tapMajor("\(prefix).\(index).conv.weight")
            layers.append(
                Layer(
                    weight: index == 0 ? .plain(taps) : .frozen(engine.freeze(taps, precision: precision)),
                    bias: configuration.variants.convolutionsHaveBias
                        ? try weights.row("\(prefix).\(index).conv.bias") : nil,
                    norm: isGrouped ? nil : try norm(index), shape: shape))
        }
        self.layers = layers
        // A bias before the group norm would cancel in it.
        grouped =
            isGrouped
            ? Grouped(
                taps: try weights.matrix("\(prefix).0.conv.weight"), norm: try norm(0),
                shape: configuration.convolutions[0]) : nil
    }

    /// `[T, C]` float32 from `[samples, 1]` float32, one utterance.
    /// - Parameter check: called before each piece; what it throws ends the work.
    func callAsFunction<Failure>(
        _ waveform: Matrix, check: () throws(Failure) -> Void
    ) throws(Failure) -> Matrix {
        let layers = folded(over: waveform)
        let frames = layers.reduce(waveform.rows) { ($0 - $1.shape.kernel) / $1.shape.stride + 1 }
        let out = engine.makeMatrix(
            rows: frames, columns: layers[layers.count - 1].shape.channels, precision: .float32)
        for begin in stride(from: 0, to: frames, by: Self.pieceFrames) {
            try check()
            let piece = begin..<min(frames, begin + Self.pieceFrames)
            compute(out.rows(piece), from: waveform.rows(Self.input(of: piece, layers)), layers)
        }
        return out
    }

    /// Rows of the waveform that frames `piece` of the output depend on.
    private static func input(of piece: Range<Int>, _ layers: [Layer]) -> Range<Int> {
        layers.reversed().reduce(piece) { range, layer in
            range.lowerBound * layer.shape.stride..<(range.upperBound - 1) * layer.shape.stride + layer.shape.kernel
        }
    }

    private func compute(_ out: Matrix, from samples: Matrix, _ layers: [Layer]) {
        var rows = samples
        for (index, layer) in layers.enumerated() {
            let isLast = index == layers.count - 1
            // The last one is what the `cnn` cut stores and the projection's norm reads: not rounded to operands.
            let next =
                isLast
                ? out
                : engine.makeMatrix(
                    rows: (rows.rows - layer.shape.kernel) / layer.shape.stride + 1, columns: layer.shape.channels,
                    precision: precision)
            engine.stridedConvolutionForward(
                out: next, x: rows, weight: layer.weight, bias: layer.bias, kernel: layer.shape.kernel,
                stride: layer.shape.stride, activation: layer.norm == nil ? .gelu : .identity)
            if let norm = layer.norm { engine.layerNormGeluForward(out: next, x: next, parameters: norm) }
            rows = next
        }
    }

    /// All layers for one utterance: a group norm depends on the whole of it.
    private func folded(over waveform: Matrix) -> [Layer] {
        guard let grouped else { return layers }
        let taps = grouped.taps
        let weight = engine.makeMatrix(rows: taps.rows, columns: taps.columns, precision: .float32)
        let bias = engine.makeMatrix(rows: 1, columns: taps.rows, precision: .float32)
        engine.foldGroupNorm(
            weight: weight, bias: bias, waveform: waveform, taps: taps, stride: grouped.shape.stride,
            norm: grouped.norm)
        return [Layer(weight: .plain(weight), bias: bias, norm: nil, shape: grouped.shape)] + layers
    }
}
