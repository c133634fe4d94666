import FeatureStore
import Runs
import SpeechEncoder
import Training

/// What a run takes, in units that no machine decides.
public struct RunWork: Sendable, Equatable {
    /// Of the products.
    public var precision: String
    public var trainableParameters: Double
    /// Of all steps of an epoch, the optimiser left out.
    public var trainingOperations: Double
    public var steps: Double
    /// Of predicting the development split after an epoch.
    public var developmentOperations: Double
    /// Once: the moments of pooled rows before training, and predictions of every split after it.
    public var standardisingOperations: Double
    public var finalOperations: Double
    /// Of a run without a cache: the frozen layers, over what is trained and predicted in an epoch, and over what is once.
    public var frozenOperations: Double
    public var frozenOnceOperations: Double
    /// Speech that is decoded in an epoch, and once; of a run without a cache.
    public var decodedSeconds: Double
    public var decodedOnceSeconds: Double
    /// Speech that is trained on in an epoch.
    public var trainingSeconds: Double
    /// The same in rows.
    public var trainingFrames: Double
    /// Of the cache, in an epoch.
    public var readBytes: Double
    public var memoryBytes: Double
    /// What stays: weights, predictions and texts.
    public var bytes: Double
    public var files: Int

    /// `best.safetensors`, but for its header.
    public var weightsBytes: Double { 4 * trainableParameters }
    /// `state/`, while the run is not at its end: the parameters and both moments.
    public var stateBytes: Double { 3 * weightsBytes }

    /// Beside `best.safetensors` and the predictions: `config.yaml`, `metrics.jsonl`, `result.json`, `attempt.json`, `scores.csv`,
    /// `model.json`, `events.out.tfevents.*`.
    private static let ownFiles = 8

    /// - Parameters:
    ///   - configuration: of the run.
    ///   - encoder: of the model, of which shapes alone are needed.
    ///   - cuts: that there are rows of.
    ///   - store: of the cache's rows; nil without a cache.
    ///   - pool: how many neighbouring frames each row is the mean of.
    ///   - speech: of all corpora that are trained and tested on.
    ///   - sampleRateHz: that the model hears at.
    ///   - threads: of the run's engine, whose memory depends on them.
    public init(
        _ configuration: TrainConfiguration, encoder: EncoderConfiguration, cuts: [Cut], store: StorageFormat?,
        pool: Int,
        speech: Speech, sampleRateHz: Int, threads: Int
    ) throws {
        let compute = configuration.compute.precision
        let cost = try TrainingCost(
            configuration, encoder: encoder, cuts: cuts, precision: compute, threads: threads)
        func samples(_ seconds: Double) -> Int { Int((seconds * Double(sampleRateHz)).rounded()) }
        func frames(_ seconds: Double) -> Int {
            max(1, (encoder.frameCount(samples: samples(seconds)) + pool - 1) / pool)
        }
        func part(_ role: Speech.Role) -> Speech.Part {
            speech.parts[role] ?? Speech.Part(utterances: 0, lengthsSeconds: [])
        }
        let train = part(.train), development = part(.development), test = part(.test)
        func operations(_ part: Speech.Part, _ each: TrainingCost.Operations) -> Double {
            part.total { each.of([frames($0)]) }
        }
        precision = compute.rawValue
        trainableParameters = Double(cost.trainableParameters)
        trainingSeconds = train.seconds
        developmentOperations = operations(development, cost.scoring)
        finalOperations = developmentOperations + operations(test, cost.scoring)

        let trainFrames = train.total { Double(frames($0)) }, count = train.utterances
        trainingFrames = trainFrames
        let meanFrames = count > 0 ? max(1, trainFrames / Double(count)) : 1
        let sample = min(count, StandardisationSample.utteranceLimit)
        let rowLimit = StandardisationSample.rowLimit(of: train.spread(sample).map(frames))
        let standardised = configuration.standardise ? Double(sample) / Double(max(1, count)) : 0
        standardisingOperations = standardised * train.total { cost.scoring.of([min(frames($0), rowLimit)]) }
        let batch: Int
        switch configuration.batch.size {
        case .utterances(let size):
            batch = max(1, min(size, count))
            let isWhole = configuration.batch.dropsLast && count >= size
            steps = Double(isWhole ? count / size : (count + size - 1) / size)
        case .frames(let limit):
            batch = max(2, Int(Double(limit) / meanFrames))
            steps = (Double(count) / Double(batch)).rounded(.up)
        }
        var lengths = [Int](repeating: Int(meanFrames.rounded()), count: batch)
        lengths[0] = max(lengths[0], frames(speech.longestSeconds))
        let whole = cost.memoryBytes(batch: lengths)
        memoryBytes =
            Double(min(whole, configuration.memory?.bytes ?? .max))
            + Double(speech.utterances * CorpusMemory.bytesPerTrainedRow)
        // In pieces, a batch goes through the layers once more.
        let isInPieces = configuration.memory.map { whole > $0.bytes } ?? false
        trainingOperations = operations(train, cost.step) + (isInPieces ? operations(train, cost.scoring) : 0)

        let epochSpeech = train.seconds + development.seconds
        let onceSpeech = standardised * train.seconds + development.seconds + test.seconds
        if let store {
            let rowBytes = Double(store.byteCount(channels: encoder.width(at: cost.setUp.cut)))
            readBytes = rowBytes * (trainFrames + development.total { Double(frames($0)) })
            (frozenOperations, frozenOnceOperations, decodedSeconds, decodedOnceSeconds) = (0, 0, 0, 0)
        } else {
            func frozen(_ part: Speech.Part) -> Double {
                part.total { encoder.operationCount(samples: samples($0), upTo: cost.setUp.cut) }
            }
            readBytes = 0
            frozenOperations = frozen(train) + frozen(development)
            frozenOnceOperations = standardised * frozen(train) + frozen(development) + frozen(test)
            decodedSeconds = epochSpeech
            // All of it is decoded before anything else, to know how long it is.
            decodedOnceSeconds = speech.seconds + onceSpeech
        }
        let predicted = development.utterances + test.utterances
        let texts = RunTexts(
            epochs: configuration.epochs, dimensions: configuration.labels.count, predictions: predicted)
        bytes = 4 * trainableParameters + Double(texts.bytes)
        files = Self.ownFiles + speech.predictedSplits
    }

    /// The mean of several kinds of runs.
    public init(meanOf all: [RunWork]) {
        precondition(!all.isEmpty, "no run")
        self = all[0]
        for path: WritableKeyPath<RunWork, Double> in Self.quantities {
            self[keyPath: path] = all.reduce(0) { $0 + $1[keyPath: path] } / Double(all.count)
        }
        memoryBytes = all.map(\.memoryBytes).max() ?? 0
    }

    private static var quantities: [WritableKeyPath<RunWork, Double>] {
        [
            \.trainableParameters, \.trainingOperations, \.steps, \.developmentOperations, \.standardisingOperations,
            \.finalOperations, \.frozenOperations, \.frozenOnceOperations, \.decodedSeconds, \.decodedOnceSeconds,
            \.trainingSeconds, \.trainingFrames, \.readBytes, \.bytes,
        ]
    }
}

/// What a run writes beside its weights: small, and so only about.
struct RunTexts {
    let bytes: Int

    init(epochs: Int, dimensions: Int, predictions: Int) {
        let metrics = epochs * (1500 + 400 * dimensions), events = epochs * (600 + 500 * dimensions)
        bytes = 12_000 + metrics + events + predictions * (40 + 30 * dimensions)
    }
}
