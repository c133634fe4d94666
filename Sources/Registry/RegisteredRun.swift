import Foundation
import Runs

/// A run as the registry has it.
public struct RegisteredRun: Sendable, Encodable {
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Has a place in a sweep or a pipeline, and has not begun.
        case planned
        /// A process trains it at this moment.
        case running
        /// Stopped by a signal, or killed; the same command goes on.
        case interrupted
        /// Came to the epoch that it was to stop at, and may go on.
        case paused
        /// Others were better at the end of a rung.
        case stopped
        case finished
        /// Cannot be trained; `problem` says why, if it is known.
        case failed
        /// Its files are not what they should be; `problem` says which.
        case unreadable
    }

    public var facts: Facts
    /// Settings of the training configuration, by dotted name.
    public var configuration: [String: SettingValue]
    public var history: [Epoch]
    /// Of every epoch, on the development split.
    public var epochScores: [EpochScore]
    /// Of the best weights, on whole splits.
    public var scores: [Score]

    /// What there is one of.
    public struct Facts: Sendable, Codable, Equatable {
        /// Inside the folder that was asked for, or as it was given.
        public var directory: String
        /// Runs that differ in their seed alone share it: the name of the folder that holds them.
        public var trial: String
        public var seed: Int?
        public var state: State
        /// Done so far.
        public var epochs: Int
        public var epochsPlanned: Int?
        public var bestEpoch: Int?
        /// What `score` is, e.g. `ccc`.
        public var metric: String?
        /// The best so far, on the development split.
        public var score: Double?
        public var model: String?
        public var cacheKey: String?
        public var host: String?
        public var device: String?
        public var compute: String?
        public var threads: Int?
        /// When it was last begun or gone on with, and how that ended; ISO 8601.
        public var began: String?
        public var ended: String?
        /// Of the whole run, once it is finished.
        public var seconds: Double?
        public var secondsTraining: Double
        public var secondsEvaluating: Double
        public var framesPerSecond: Double?
        public var peakMemoryBytes: Int?
        public var problem: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case directory, trial, seed, state, epochs, metric, score, model, host, device, compute, threads, began
            case ended, seconds, problem
            case epochsPlanned = "epochs_planned"
            case bestEpoch = "best_epoch"
            case cacheKey = "cache_key"
            case secondsTraining = "seconds_training"
            case secondsEvaluating = "seconds_evaluating"
            case framesPerSecond = "frames_per_second"
            case peakMemoryBytes = "peak_memory_bytes"
        }
    }

    /// One epoch of training.
    public struct Epoch: Sendable, Codable, Equatable {
        public var epoch: Int
        public var step: Int
        public var score: Double?
        public var trainLoss: Double?
        public var developmentLoss: Double?
        public var gradientNorm: Double?
        public var secondsTraining: Double
        public var secondsEvaluating: Double
        public var framesPerSecond: Double?
        public var isBest: Bool

        enum CodingKeys: String, CodingKey {
            case epoch, step, score
            case trainLoss = "train_loss"
            case developmentLoss = "development_loss"
            case gradientNorm = "gradient_norm"
            case secondsTraining = "seconds_training"
            case secondsEvaluating = "seconds_evaluating"
            case framesPerSecond = "frames_per_second"
            case isBest = "is_best"
        }
    }

    /// What one epoch scored on the development split.
    public struct EpochScore: Sendable, Codable, Equatable {
        public var epoch: Int
        public var dimension: String
        public var metric: String
        /// Nil where it is not defined.
        public var value: Double?
    }

    /// A score with its 95 % interval, where there is one.
    public struct Score: Sendable, Codable, Equatable {
        public var split: String
        public var dimension: String
        public var metric: String
        /// Nil where it is not defined.
        public var value: Double?
        public var low: Double?
        public var high: Double?
    }

    enum CodingKeys: String, CodingKey { case configuration, history, scores }

    public func encode(to encoder: any Encoder) throws {
        try facts.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(configuration, forKey: .configuration)
        let scored = Dictionary(grouping: epochScores, by: \.epoch)
        try container.encode(
            history.map { ScoredEpoch(epoch: $0, scores: scored[$0.epoch] ?? []) }, forKey: .history)
        try container.encode(scores, forKey: .scores)
    }
}

/// An epoch with its scores in it: `"development": {"valence": {"ccc": 0.3}}`.
private struct ScoredEpoch: Encodable {
    var epoch: RegisteredRun.Epoch
    var scores: [RegisteredRun.EpochScore]

    enum CodingKeys: String, CodingKey { case development }

    func encode(to encoder: any Encoder) throws {
        try epoch.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        let development = Dictionary(grouping: scores, by: \.dimension).mapValues { scores in
            Dictionary(scores.map { ($0.metric, $0.value) }, uniquingKeysWith: { $1 })
        }
        try container.encode(development, forKey: .development)
    }
}
