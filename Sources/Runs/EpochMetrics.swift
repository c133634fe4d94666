/// One line of `metrics.jsonl`: what one epoch of training did.
public struct EpochMetrics: Sendable, Equatable {
    /// Counts from 1. Epoch 0, where present, is the score before any training.
    public var epoch: Int
    /// Optimiser steps taken since the beginning of the run.
    public var step: Int
    /// Mean over the epoch's batches of the loss, dropout on. NaN (JSON `null`) where nothing was trained.
    public var trainLoss: Double
    /// The learning rate of each parameter group (`layers`, `heads`) at the epoch's last step.
    public var learningRates: [String: Double]
    /// Scores on the development split, by dimension.
    public var development: [String: Scores]
    /// The loss over the development split as one batch, without dropout; nil where it was not computed.
    public var developmentLoss: Double?
    public var secondsTraining: Double
    /// Of those, reading rows. Nil in files of before it was measured.
    public var secondsReading: Double?
    /// Of those, in the optimiser.
    public var secondsOptimising: Double?
    public var secondsEvaluating: Double
    /// Frames (20 ms each) trained on per second of training.
    public var framesPerSecond: Double
    /// Mean over the epoch's steps of the gradient's norm over all parameters, before clipping.
    public var gradientNorm: Double
    /// How that norm was spread over the steps, for each trained layer (`layers.9`), the embedding and the heads on their own.
    /// Nil in files of before it was counted.
    public var gradientNorms: [String: NormHistogram]?
    /// Whether the best metric was better than in every epoch before, so that this epoch's weights were kept.
    public var isBest: Bool

    public init(
        epoch: Int, step: Int, trainLoss: Double, learningRates: [String: Double], development: [String: Scores],
        developmentLoss: Double? = nil, secondsTraining: Double, secondsReading: Double? = nil,
        secondsOptimising: Double? = nil, secondsEvaluating: Double, framesPerSecond: Double, gradientNorm: Double,
        gradientNorms: [String: NormHistogram]? = nil, isBest: Bool
    ) {
        self.epoch = epoch
        self.step = step
        self.trainLoss = trainLoss
        self.learningRates = learningRates
        self.development = development
        self.developmentLoss = developmentLoss
        self.secondsTraining = secondsTraining
        self.secondsReading = secondsReading
        self.secondsOptimising = secondsOptimising
        self.secondsEvaluating = secondsEvaluating
        self.framesPerSecond = framesPerSecond
        self.gradientNorm = gradientNorm
        self.gradientNorms = gradientNorms
        self.isBest = isBest
    }

    /// The mean over dimensions of the development CCC; an undefined CCC is left out. Nil where none is defined.
    public var meanDevelopmentCCC: Double? { BestCriterion.meanCCC.value(of: self) }
}

extension EpochMetrics: Codable {
    enum CodingKeys: String, CodingKey {
        case epoch, step, development
        case trainLoss = "train_loss"
        case developmentLoss = "development_loss"
        case learningRates = "learning_rates"
        case secondsTraining = "seconds_training"
        case secondsReading = "seconds_reading"
        case secondsOptimising = "seconds_optimising"
        case secondsEvaluating = "seconds_evaluating"
        case framesPerSecond = "frames_per_second"
        case gradientNorm = "gradient_norm"
        case gradientNorms = "gradient_norms"
        case isBest = "is_best"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        epoch = try values.decode(Int.self, forKey: .epoch)
        step = try values.decode(Int.self, forKey: .step)
        trainLoss = try values.decodeNullAsNaN(.trainLoss)
        learningRates = try values.decode([String: Double].self, forKey: .learningRates)
        development = try values.decode([String: Scores].self, forKey: .development)
        developmentLoss = try values.decodeIfPresent(Double.self, forKey: .developmentLoss)
        secondsTraining = try values.decode(Double.self, forKey: .secondsTraining)
        secondsReading = try values.decodeIfPresent(Double.self, forKey: .secondsReading)
        secondsOptimising = try values.decodeIfPresent(Double.self, forKey: .secondsOptimising)
        secondsEvaluating = try values.decode(Double.self, forKey: .secondsEvaluating)
        framesPerSecond = try values.decodeNullAsNaN(.framesPerSecond)
        gradientNorm = try values.decodeNullAsNaN(.gradientNorm)
        gradientNorms = try values.decodeIfPresent([String: NormHistogram].self, forKey: .gradientNorms)
        isBest = try values.decode(Bool.self, forKey: .isBest)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(epoch, forKey: .epoch)
        try values.encode(step, forKey: .step)
        try values.encodeNaNAsNull(trainLoss, .trainLoss)
        try values.encode(learningRates, forKey: .learningRates)
        try values.encode(development, forKey: .development)
        if let developmentLoss { try values.encodeNaNAsNull(developmentLoss, .developmentLoss) }
        try values.encode(secondsTraining, forKey: .secondsTraining)
        try values.encodeIfPresent(secondsReading, forKey: .secondsReading)
        try values.encodeIfPresent(secondsOptimising, forKey: .secondsOptimising)
        try values.encode(secondsEvaluating, forKey: .secondsEvaluating)
        try values.encodeNaNAsNull(framesPerSecond, .framesPerSecond)
        try values.encodeNaNAsNull(gradientNorm, .gradientNorm)
        try values.encodeIfPresent(gradientNorms, forKey: .gradientNorms)
        try values.encode(isBest, forKey: .isBest)
    }
}
