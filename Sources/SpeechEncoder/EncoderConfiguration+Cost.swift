extension EncoderConfiguration {
    /// Floating-point operations that the layers up to a cut take for one utterance, a multiplication and an addition counted as two:
    ///
    ///     Σ convolutions 2 · T_i · C_i · K_i · C_{i−1}   +   2 · T · parameters above the CNN   +   layers · 4 · T² · C
    ///
    /// Each parameter above the CNN is used once a frame; the last term is attention's two products. Norms and activations are left
    /// out: they are less than a hundredth. wav2vec2-base to cut 9 takes 12.2 · 10⁹ for each second of speech.
    /// - Parameters:
    ///   - samples: of the waveform; 0 operations where they are too few for a frame.
    ///   - cut: `cnn` for the convolutions alone.
    public func operationCount(samples: Int, upTo cut: Cut) -> Double {
        guard frameCount(samples: samples) > 0 else { return 0 }
        var (operations, length, inputs) = (0.0, samples, 1)
        for convolution in convolutions {
            length = (length - convolution.kernel) / convolution.stride + 1
            operations += 2 * Double(length) * Double(convolution.channels * convolution.kernel * inputs)
            inputs = convolution.channels
        }
        let names = TensorNames(self)
        let parameters =
            TensorNames.parameterCount(names.lower(upTo: cut)) - TensorNames.parameterCount(names.lower(upTo: .cnn))
        let frames = Double(length)
        return operations + 2 * frames * Double(parameters)
            + Double(cut.layersBelow) * 4 * frames * frames * Double(hiddenSize)
    }

    /// Values of everything above a cut, which `upper.safetensors` holds in float32.
    public func parameterCount(above cut: Cut) -> Int {
        TensorNames.parameterCount(TensorNames(self).upper(above: cut))
    }
}
