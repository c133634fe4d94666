import Buffers
import Checkpoints
import Kernels

/// What of the encoder above a cut is trained.
public struct TrainedParts: Sendable, Equatable {
    /// How many of the topmost layers.
    public var layers: Int
    /// What of them.
    public var tuning: Tuning
    /// Whether the embedding and the relative positions are trained with them, where all layers are trained whole from the CNN's
    /// output.
    public var embedding: Bool
    /// False for predictions alone: weights lie as training has them, so that products give the same bits, but have no gradients
    /// and are no parameters. Only adapters stay parameters, since no checkpoint holds them.
    public var learns = true

    public init(layers: Int, tuning: Tuning = .full, embedding: Bool = true) {
        self.layers = layers
        self.tuning = tuning
        self.embedding = embedding
    }
}

/// The upper part of an encoder, of which the topmost layers are trained: from the CNN's output the embedding, the layers above the
/// cut, and for pre-norm encoders the norm after the last.
///
/// Where all layers are trained whole from the CNN's output, so are the embedding and the relative positions, unless they are to
/// stay: full finetuning with a frozen CNN.
public struct UpperEncoder: Sendable {
    public let configuration: EncoderConfiguration
    public let cut: Cut
    public let precision: Precision
    private let embedding: Embedding?
    private let trainsEmbedding: Bool
    private let layers: [TransformerLayer]
    /// Of `layers`, the first that is trained.
    private let firstTrained: Int
    /// Trained as the layers are.
    private let encoderNorm: LayerNorm?
    private let encoderNormParameters: [Parameter]
    private let relative: RelativeTable?
    /// Whether the backward pass computes a layer's inner rows again instead of keeping them: less memory for a third more
    /// time, the same bits.
    private let recomputes: Bool
    private let engine: any Engine

    /// - Parameters:
    ///   - configuration: of the whole encoder.
    ///   - weights: must hold the tensors above the cut, as `upper.safetensors` does.
    ///   - cut: that rows come from, not above the trained layers.
    ///   - trained: the layers between the cut and the trained ones stay as they are.
    ///   - recomputes: whether the backward pass computes a layer's inner rows again instead of keeping them: less memory for more
    ///     time, the same bits.
    ///   - precision: of the operands, float32 or bfloat16.
    ///   - seed: of the adapters' first values.
    ///   - engine: where weights are put, and what computes.
    public init(
        _ configuration: EncoderConfiguration, weights: any TensorSource, cut: Cut, trained: TrainedParts,
        recomputes: Bool = false, precision: Precision, seed: UInt64, engine: any Engine
    ) throws(CheckpointError) {
        let first = configuration.layerCount - trained.layers
        precondition(first >= cut.layersBelow && trained.layers >= 0, "layers below the cut cannot be trained")
        self.configuration = configuration
        self.cut = cut
        self.precision = precision
        self.recomputes = recomputes
        self.engine = engine
        let loader = WeightLoader(weights, names: TensorNames(configuration).upper(above: cut), engine: engine)
        trainsEmbedding = cut == .cnn && first == 0 && trained.tuning == .full && trained.embedding
        embedding =
            cut == .cnn
            ? try Embedding(
                configuration, weights: loader, precision: precision, tuning: trainsEmbedding ? .full : nil,
                learns: trained.learns) : nil
        relative = try RelativeTable(
            configuration, from: loader, isTrained: trainsEmbedding && trained.learns,
            isNeeded: cut.layersBelow < configuration.layerCount)
        var layers: [TransformerLayer] = []
        for index in cut.layersBelow..<configuration.layerCount {
            layers.append(
                try TransformerLayer(
                    index, weights: loader, configuration: configuration, precision: precision,
                    tuning: index < first ? nil : trained.tuning, learns: trained.learns, seed: seed))
        }
        self.layers = layers
        firstTrained = first - cut.layersBelow
        var parts = PartBuilder(
            weights: loader, precision: precision, tuning: trained.layers > 0 ? trained.tuning : nil,
            learns: trained.learns)
        encoderNorm =
            configuration.variants.isPreNorm
            ? try parts.norm("encoder.layer_norm", epsilon: configuration.layerNormEpsilon) : nil
        encoderNormParameters = parts.parameters
    }

    /// From the bottom up.
    public var parameters: [Parameter] { embeddingParameters + layerParameters.flatMap(\.parameters) }

    /// With the relative positions; empty where the embedding is not trained.
    public var embeddingParameters: [Parameter] { (embedding?.parameters ?? []) + (relative?.parameters ?? []) }

    /// Of each trained layer, from the bottom up, with how many layers lie above it. The norm after the last is part of that.
    public var layerParameters: [(depth: Int, parameters: [Parameter])] {
        layers.enumerated().dropFirst(firstTrained).map { index, layer in
            let depth = layers.count - 1 - index
            return (depth, layer.parameters + (depth == 0 ? encoderNormParameters : []))
        }
    }

    private func sequence(_ offsets: PackedOffsets) -> PackedSequence {
        PackedSequence(offsets: offsets, positionBiases: relative?.biases(offsets: offsets))
    }

    /// The last layer's output, normed where the encoder has a last norm, `[N, C]` float32, without dropout.
    public func callAsFunction(_ rows: Matrix, offsets: PackedOffsets) -> Matrix {
        let sequence = sequence(offsets)
        var x = embedding?(rows, offsets: offsets) ?? EncoderRows(rows, operand: precision, engine: engine)
        for layer in layers { x = layer(x, sequence) }
        guard let encoderNorm else { return x.residual }
        let out = makeRows(like: x)
        encoderNorm.forward(out, x: x.residual)
        return out
    }

    /// What `backward` needs of `forward`.
    public struct Tape: Sendable {
        let sequence: PackedSequence
        let embedding: Embedding.Tape?
        let layers: [Record]
        let encoderNorm: LayerNorm.Tape?

        enum Record: Sendable {
            case whole(LayerTape)
            /// The layer's input, from which the rest is computed again.
            case input(EncoderRows)
            case skipped
        }
    }

    /// The output as above, with dropout, and what the backward pass needs.
    /// - Parameters:
    ///   - rows: hidden states at the cut, `[N, C]` float32.
    ///   - offsets: `[B + 1]`, where each utterance begins in them.
    ///   - step: decides the masks of dropout, and which layers LayerDrop leaves out.
    ///   - keepsTape: false where no backward pass comes of it: the tape is then of no use, and memory that of a layer.
    ///   - visit: is shown each part's output on the way up, named as the checkpoint names the part.
    public func forward(
        _ rows: Matrix, offsets: PackedOffsets, step: TrainingStep, keepsTape: Bool = true,
        visit: (_ part: String, _ output: Matrix) -> Void = { _, _ in }
    ) -> (Matrix, Tape) {
        let sequence = sequence(offsets)
        var x: EncoderRows, embeddingTape: Embedding.Tape?
        if let embedding, trainsEmbedding {
            (x, embeddingTape) = embedding.forward(rows, offsets: offsets, step: step)
            if !keepsTape { embeddingTape = nil }
        } else {
            x = embedding?(rows, offsets: offsets) ?? EncoderRows(rows, operand: precision, engine: engine)
        }
        if embedding != nil { visit("encoder.pos_conv_embed", x.residual) }
        for layer in layers.prefix(firstTrained) {
            x = layer(x, sequence)
            visit("encoder.layers.\(layer.index)", x.residual)
        }
        var records: [Tape.Record] = []
        for layer in layers.dropFirst(firstTrained) {
            // WavLM's layer 0 is never left out, as in transformers, where it is the one that computes the position bias.
            if !(relative != nil && layer.index == 0), step.skips(layer: layer.index) {
                records.append(.skipped)
                continue
            }
            let (out, tape) = layer.forward(x, sequence, step: step)
            if keepsTape { records.append(recomputes ? .input(x) : .whole(tape)) }
            x = out
            visit("encoder.layers.\(layer.index)", x.residual)
        }
        guard let encoderNorm else {
            return (
                x.residual,
                Tape(sequence: sequence, embedding: embeddingTape, layers: records, encoderNorm: nil)
            )
        }
        let out = makeRows(like: x)
        let statistics = engine.makeMatrix(rows: out.rows, columns: 2, precision: .float32)
        encoderNorm.forward(out, statistics: statistics, x: x.residual)
        visit("encoder.layer_norm", out)
        return (
            out,
            Tape(
                sequence: sequence, embedding: embeddingTape, layers: records,
                encoderNorm: LayerNorm.Tape(sum: x.residual, statistics: statistics))
        )
    }

    /// Adds to the gradient of every parameter.
    ///
    /// - Parameters:
    ///   - dOut: `[N, C]` float32; overwritten.
    ///   - tape: what the forward pass returned.
    ///   - step: as it was in the forward pass.
    ///   - needsInput: whether the gradient with respect to the rows is wanted, which only a check does.
    @discardableResult
    public func backward(dOut: Matrix, tape: Tape, step: TrainingStep, needsInput: Bool = false) -> Matrix? {
        guard firstTrained < layers.count else { return nil }
        if let encoderNorm, let normTape = tape.encoderNorm {
            encoderNorm.backward(dx: dOut, accumulate: false, dAddend: nil, dOut: dOut, tape: normTape)
        }
        var sequence = tape.sequence
        if let biases = sequence.positionBiases, trainsEmbedding {
            let gradient = engine.makeMatrix(rows: biases.rows, columns: biases.columns, precision: .float32)
            engine.clear(gradient)
            sequence.dPositionBiases = gradient
        }
        var gradient: Matrix? = dOut
        for (index, record) in tape.layers.enumerated().reversed() {
            let layer = layers[firstTrained + index], needsMore = index > 0 || needsInput || trainsEmbedding
            guard let dLayer = gradient else { break }
            let layerTape: LayerTape
            switch record {
            case .whole(let kept): layerTape = kept
            case .input(let x): layerTape = layer.forward(x, sequence, step: step).1
            case .skipped: continue
            }
            gradient = layer.backward(
                dOut: dLayer, tape: layerTape, sequence, step: step, needsInput: needsMore)
        }
        if let dBiases = sequence.dPositionBiases { relative?.accumulate(dBiases) }
        guard let embedding, let embeddingTape = tape.embedding, let dEmbedded = gradient else { return gradient }
        return embedding.backward(dOut: dEmbedded, tape: embeddingTape, offsets: sequence.offsets, step: step)
    }

    private func makeRows(like x: EncoderRows) -> Matrix {
        engine.makeMatrix(rows: x.residual.rows, columns: x.residual.columns, precision: .float32)
    }
}
