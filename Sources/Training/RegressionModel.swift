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
    private let engine: any Engine

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

    public struct StepResult: Sendable {
        public let loss: RegressionLoss.Result
        public let predictions: [[Float]]
        /// `[N, C]`, when it was asked for.
        public let inputGradient: Matrix?
    }

    /// One forward and backward pass over a whole batch: adds to every parameter's gradient.
    ///
    /// Predictions come first, then the loss over all of them and its gradient, then the backward passes.
    /// - Parameters:
    ///   - rows: hidden states at the cut, `[N, C]` float32.
    ///   - labels: `[dimension][utterance]`, nil where unlabelled.
    public func accumulateGradients(
        _ rows: Matrix, offsets: PackedOffsets, labels: [[Double?]], step: TrainingStep, needsInput: Bool = false
    ) -> StepResult {
        let (hidden, tape) = encoder.forward(rows, offsets: offsets, step: step)
        let (predictions, topTape) = top.forward(hidden, offsets: offsets, step: step)
        let loss = loss(predictions: predictions, labels: labels)
        let dHidden = top.backward(dPredictions: loss.gradient, tape: topTape, step: step)
        let dRows = encoder.backward(dOut: dHidden, tape: tape, step: step, needsInput: needsInput)
        return StepResult(loss: loss, predictions: predictions, inputGradient: needsInput ? dRows : nil)
    }
}
