import Buffers
import Kernels
import SpeechEncoder

/// What is trained: the upper encoder, mean pooling, standardisation of the pooled rows, and one head per dimension.
public struct RegressionModel: Sendable {
    /// `(x − shift) · scale` on pooled rows, `[1, C]` each; fixed before the first step.
    ///
    /// Pooled rows of different utterances differ by little beside what they share; without this the heads see a constant and
    /// finetuning collapses to it.
    public struct Standardisation: Sendable, Equatable {
        public var shift: [Float]
        public var scale: [Float]

        public init(shift: [Float], scale: [Float]) {
            self.shift = shift
            self.scale = scale
        }

        /// Leaves rows as they are.
        static func none(columns: Int) -> Standardisation {
            Standardisation(
                shift: [Float](repeating: 0, count: columns), scale: [Float](repeating: 1, count: columns))
        }
    }

    public let dimensions: [String]
    public let encoder: UpperEncoder
    public let standardisation: Standardisation
    let heads: [RegressionHead]
    let headDropout: Float
    let shift: Matrix
    let scale: Matrix
    let engine: any Engine

    public init(
        encoder: UpperEncoder, dimensions: [String], headWidth: Int, headLayers: Int, headDropout: Float,
        standardisation: Standardisation, seed: UInt64, engine: any Engine
    ) {
        self.encoder = encoder
        self.dimensions = dimensions
        self.standardisation = standardisation
        self.headDropout = headDropout
        self.engine = engine
        shift = engine.makeRow(standardisation.shift)
        scale = engine.makeRow(standardisation.scale)
        heads = dimensions.map {
            RegressionHead(
                dimension: $0, inputs: encoder.configuration.hiddenSize, hidden: headWidth, hiddenLayers: headLayers,
                seed: seed, engine: engine)
        }
    }

    public var encoderParameters: [Parameter] { encoder.parameters }
    public var headParameters: [Parameter] { heads.flatMap(\.parameters) }

    /// Mean-pooled rows before standardisation, `[B, C]` row by row.
    public static func pooled(
        _ rows: Matrix, offsets: PackedOffsets, encoder: UpperEncoder, engine: any Engine
    ) -> Matrix {
        let hidden = encoder(rows, offsets: offsets)
        let pooled = engine.makeMatrix(rows: offsets.utteranceCount, columns: hidden.columns, precision: .float32)
        engine.meanPoolForward(out: pooled, x: hidden, offsets: offsets)
        return pooled
    }

    /// `[dimension][utterance]`, without dropout.
    public func predictions(_ rows: Matrix, offsets: PackedOffsets) -> [[Float]] {
        let pooled = Self.pooled(rows, offsets: offsets, encoder: encoder, engine: engine)
        engine.standardise(out: pooled, x: pooled, shift: shift, scale: scale)
        return heads.map { engine.download($0.forward(pooled, dropout: 0, step: nil).0) }
    }
}
