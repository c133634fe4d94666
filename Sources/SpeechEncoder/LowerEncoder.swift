import Buffers
import Checkpoints
import Kernels

/// The frozen lower part of an encoder: from a waveform to the hidden states at the cuts.
///
/// One utterance at a time: its rows depend on nothing but its own samples, so they are the same bits whatever is computed
/// beside it. Safe to use from several threads at once.
public struct LowerEncoder: Sendable {
    public let configuration: EncoderConfiguration
    public let cuts: [Cut]
    private let engine: any Engine
    private let features: FeatureEncoder
    private let embedding: Embedding?
    private let layers: [TransformerLayer]
    private let relative: RelativeTable?

    /// - Parameters:
    ///   - configuration: of the whole encoder.
    ///   - weights: must hold the tensors up to the highest cut, under Hugging Face's names.
    ///   - cuts: at least one; the highest decides how far the encoder is computed.
    ///   - precision: of the operands, float32 or bfloat16.
    ///   - engine: where weights are put, and what computes.
    /// - Throws: `CheckpointError` for a missing tensor or one of another shape, before any compute.
    public init(
        _ configuration: EncoderConfiguration, weights: any TensorSource, cuts: [Cut], precision: Precision,
        engine: any Engine
    ) throws(CheckpointError) {
        self.configuration = configuration
        self.cuts = Set(cuts).sorted()
        self.engine = engine
        let highest = self.cuts[self.cuts.count - 1]
        let names = TensorNames(configuration)
        let loader = WeightLoader(weights, names: names.lower(upTo: highest), engine: engine)
        features = try FeatureEncoder(configuration, weights: loader, precision: precision, engine: engine)
        guard highest > .cnn else {
            embedding = nil
            layers = []
            relative = nil
            return
        }
        embedding = try Embedding(configuration, weights: loader, precision: precision)
        var layers: [TransformerLayer] = []
        for index in 0..<highest.layersBelow {
            layers.append(
                try TransformerLayer(
                    index, weights: loader, configuration: configuration, precision: precision))
        }
        self.layers = layers
        relative = try RelativeTable(configuration, from: loader, isTrained: false, isNeeded: !layers.isEmpty)
    }

    /// The hidden states of one utterance at each cut, `[T, C]` float32.
    /// - Parameters:
    ///   - waveform: at the model's rate, normalised if its preprocessor says so; at least `minimumSamples`.
    ///   - check: called between steps, of which an hour takes some minutes in all; what it throws ends the work.
    public func hiddenStates<Failure>(
        of waveform: [Float], check: () throws(Failure) -> Void
    ) throws(Failure) -> [Cut: Matrix] {
        precondition(
            waveform.count >= configuration.minimumSamples,
            "\(waveform.count) samples are fewer than one frame's \(configuration.minimumSamples)")
        var states: [Cut: Matrix] = [:]
        func keep(_ rows: Matrix, at cut: Cut) {
            if cuts.contains(cut) { states[cut] = rows }
        }
        let samples = engine.makeMatrix(waveform, rows: waveform.count, columns: 1)
        let convolved = try features(samples, check: check)
        keep(convolved, at: .cnn)
        guard let embedding else { return states }
        let offsets = PackedOffsets(single: convolved.rows)
        let sequence = PackedSequence(offsets: offsets, positionBiases: relative?.biases(reach: convolved.rows))
        try check()
        var rows = embedding(convolved, offsets: offsets)
        keep(rows.residual, at: .layer(0))
        for (index, layer) in layers.enumerated() {
            try check()
            rows = layer(rows, sequence)
            keep(rows.residual, at: .layer(index + 1))
        }
        return states
    }

    /// The same, whatever else happens.
    public func hiddenStates(of waveform: [Float]) -> [Cut: Matrix] {
        hiddenStates(of: waveform, check: { () throws(Never) in })
    }

    /// The same in host memory, row by row.
    public func downloadedHiddenStates<Failure>(
        of waveform: [Float], check: () throws(Failure) -> Void
    ) throws(Failure) -> [Cut: [Float]] {
        try hiddenStates(of: waveform, check: check).mapValues { engine.download($0) }
    }

    public func downloadedHiddenStates(of waveform: [Float]) -> [Cut: [Float]] {
        hiddenStates(of: waveform).mapValues { engine.download($0) }
    }
}
