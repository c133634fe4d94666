import SpeechEncoder

extension FrozenModel {
    /// Floating-point operations that the frozen layers take for one utterance.
    public func operationCount(samples: Int) -> Double {
        configuration.operationCount(samples: samples, upTo: cuts[cuts.count - 1])
    }

    /// Bytes of `upper.safetensors`, but for its header.
    public var upperWeightsByteCount: Int { 4 * configuration.parameterCount(above: cuts[0]) }
}
