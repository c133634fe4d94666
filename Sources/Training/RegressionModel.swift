import Buffers
import Kernels
import Runs
import SpeechEncoder

/// What is trained: the upper encoder and what stands on it, and what it is trained for.
public struct RegressionModel: Sendable {
    public typealias Standardisation = RegressionTop.Standardisation

    public let encoder: UpperEncoder
    public let top: RegressionTop
    public let loss: RegressionLoss
    let engine: any Engine

    public init(encoder: UpperEncoder, top: RegressionTop, loss: RegressionLoss, engine: any Engine) {
        self.encoder = encoder
        self.top = top
        self.loss = loss
        self.engine = engine
    }

    public var dimensions: [String] { top.dimensions }
    public var standardisation: Standardisation { top.standardisation }
    public var encoderParameters: [Parameter] { encoder.parameters }
    public var headParameters: [Parameter] { top.parameters }

    /// `[dimension][utterance]`, without dropout.
    public func predictions(_ rows: Matrix, offsets: PackedOffsets) -> [[Float]] {
        top.forward(encoder(rows, offsets: offsets), offsets: offsets, step: nil).predictions
    }
}
