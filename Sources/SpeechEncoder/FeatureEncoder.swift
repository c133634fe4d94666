import Buffers
import Checkpoints
import Kernels

/// The CNN feature encoder of Wav2Vec 2.0 base: seven strided convolutions, the first with a group norm over time, each
/// followed by GELU (Baevski et al. 2020, section 2).
struct FeatureEncoder: Sendable {
    private struct Layer: Sendable {
        let weight: any FrozenWeight
        let shape: EncoderConfiguration.Convolution
    }
    private let engine: any Engine
    private let precision: Precision
    private let first: EncoderConfiguration.Convolution
    private let firstWeight: Matrix
    private let firstNorm: NormParameters
    private let layers: [Layer]

    init(
        _ configuration: EncoderConfiguration, weights: WeightLoader, precision: Precision, engine: any Engine
    ) throws(CheckpointError) {
        self.engine = engine
        self.precision = precision
        let prefix = "feature_extractor.conv_layers"
        first = configuration.convolutions[0]
        firstWeight = try weights.matrix("\(prefix).0.conv.weight")
        firstNorm = try weights.norm("\(prefix).0.layer_norm", epsilon: EncoderConfiguration.convolutionNormEpsilon)
        var layers: [Layer] = []
        for (index, shape) in configuration.convolutions.enumerated().dropFirst() {
            let weight = try weights.tapMajor("\(prefix).\(index).conv.weight")
            layers.append(Layer(weight: engine.freeze(weight, precision: precision), shape: shape))
        }
        self.layers = layers
    }

    /// `[T, C]` float32 from `[samples, 1]` float32, one utterance.
    func callAsFunction(_ waveform: Matrix) -> Matrix {
        var rows = engine.makeMatrix(
            rows: (waveform.rows - first.kernel) / first.stride + 1, columns: first.channels,
            precision: layers.isEmpty ? .float32 : precision)
        engine.waveformConvolutionForward(
            out: rows, waveform: waveform, weight: firstWeight, kernel: first.kernel, stride: first.stride,
            norm: firstNorm)
        for (index, layer) in layers.enumerated() {
            // The last one is what the `cnn` cut stores and the projection's norm reads: not rounded to operands.
            let out = engine.makeMatrix(
                rows: (rows.rows - layer.shape.kernel) / layer.shape.stride + 1, columns: layer.shape.channels,
                precision: index == layers.count - 1 ? .float32 : precision)
            engine.stridedConvolutionForward(
                out: out, x: rows, weight: layer.weight, bias: nil, kernel: layer.shape.kernel,
                stride: layer.shape.stride, activation: .gelu)
            rows = out
        }
        return rows
    }
}
