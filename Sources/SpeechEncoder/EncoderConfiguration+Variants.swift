/// What an encoder's variants are, for whoever describes it.
extension EncoderConfiguration {
    /// `group`: a group norm over time after the CNN's first convolution; `layer`: a layer norm after each.
    public var convolutionNorm: String { variants.convolutionNorm.rawValue }

    /// Whether layers norm what they read (pre-norm) or what they write (post-norm).
    public var isPreNorm: Bool { variants.isPreNorm }

    /// Such as `convolution of 128 frames in 16 groups`.
    public var positions: String {
        let convolution =
            switch variants.positionalEmbedding {
            case .weightNormed(let kernel, let groups): "convolution of \(kernel) frames in \(groups) groups"
            case .stacked(let count, let kernel, let groups):
                "\(count) convolutions of \(kernel) frames in \(groups) groups"
            }
        return variants.relativePositions == nil ? convolution : "\(convolution), and relative in every layer"
    }

    /// Every cut there is, from the lowest up.
    public var cuts: [Cut] { [.cnn] + (0...layerCount).map(Cut.layer) }

    /// Of the whole encoder, without what only pretraining or a task needs.
    public var parameterCount: Int { TensorNames.parameterCount(TensorNames(self).all) }
}
