import SpeechEncoder

extension FrozenModel {
    /// Floating-point operations that the frozen layers take for one utterance, a multiplication and an addition counted as
    /// two:
    ///
    ///     Σ convolutions 2 · T_i · C_i · K_i · C_{i−1}   +   2 · T · parameters above the CNN   +   layers · 4 · T² · C
    ///
    /// Each parameter above the CNN is used once a frame; the last term is attention's two products. Norms and
    /// activations are left out: they are less than a hundredth.
    public func operationCount(samples: Int) -> Double {
        guard configuration.frameCount(samples: samples) > 0 else { return 0 }
        let highest = cuts[cuts.count - 1]
        var (operations, length, inputs) = (0.0, samples, 1)
        for convolution in configuration.convolutions {
            length = (length - convolution.kernel) / convolution.stride + 1
            operations += 2 * Double(length) * Double(convolution.channels * convolution.kernel * inputs)
            inputs = convolution.channels
        }
        let names = TensorNames(configuration)
        let parameters =
            TensorNames.parameterCount(names.lower(upTo: highest)) - TensorNames.parameterCount(names.lower(upTo: .cnn))
        let frames = Double(length)
        return operations + 2 * frames * Double(parameters)
            + Double(highest.layersBelow) * 4 * frames * frames * Double(configuration.hiddenSize)
    }

    /// Bytes of `upper.safetensors`, but for its header.
    public var upperWeightsByteCount: Int {
        4 * TensorNames.parameterCount(TensorNames(configuration).upper(above: cuts[0]))
    }
}
