import Buffers
import Kernels
import Runs

/// The run has come to `untilEpoch` and is not at its end: its state is saved, and `resume` goes on from there to the bits of
/// an undisturbed run.
public struct EpochReached: Error, Equatable {
    /// Epochs done: `untilEpoch`, or more where the run had come further before.
    public let epoch: Int
}

extension StageTwo {
    /// What a run is to be made of, where from, where to, and on what.
    public struct Settings: Sendable {
        public var features: any FeatureSource
        public var runDirectory: String
        public var configuration: TrainConfiguration
        /// A newer manifest than the one that came with the features.
        public var manifest: String?
        /// Go on with what the run directory holds; a finished run is not trained again.
        public var resume: Bool
        /// Replace what the run directory holds when it is of another configuration, cache or corpus.
        public var replace: Bool
        public var engine: any Engine
        public var precision: Precision
        public var threads: Int
        /// The processor, as it names itself.
        public var device: String
        public var versions: [String: String]
        /// What `kill -9` loses at most; SIGTERM loses nothing.
        public var secondsBetweenStates: Double
        /// Stop with the state saved once so many epochs are done, if the run has more; nil: go on to its end.
        public var untilEpoch: Int?

        public init(
            features: any FeatureSource, runDirectory: String, configuration: TrainConfiguration, manifest: String?,
            resume: Bool, replace: Bool, engine: any Engine, precision: Precision, threads: Int, device: String,
            versions: [String: String], secondsBetweenStates: Double = 30, untilEpoch: Int? = nil
        ) {
            self.features = features
            self.runDirectory = runDirectory
            self.configuration = configuration
            self.manifest = manifest
            self.resume = resume
            self.replace = replace
            self.engine = engine
            self.precision = precision
            self.threads = threads
            self.device = device
            self.versions = versions
            self.secondsBetweenStates = secondsBetweenStates
            self.untilEpoch = untilEpoch
        }
    }
}
