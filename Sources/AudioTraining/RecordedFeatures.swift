import Buffers
import Caching
import Checkpoints
import Corpus
import FrozenModels
import Kernels
import Runs
import SpeechEncoder
import Synchronization
import Training

/// Hidden states computed from the recordings whenever they are asked for: training without a cache.
///
/// The rows are the bits that a float32 cache computed in the same precision holds, and `key` is that cache's.
public struct RecordedFeatures: FeatureSource {
    private let model: FrozenModel
    private let cut: Cut
    private let precision: Precision
    private let threads: Int
    private let isLimited: Bool
    private let withholdsPaths: Bool
    private let shouldStop: @Sendable () -> Bool
    private let recordings: [String: Recording]
    /// Recordings that cannot be used, in the manifest's order.
    public let rejects: [Reject]
    /// What there is to say about those that can, in the manifest's order.
    public let notes: [(utterance: Utterance, note: RecordingNote)]
    public let manifestPath: String
    /// Hashed once, and not for every seed.
    public let modelKey: String?

    /// What is known of a recording once it was decoded.
    struct Recording: Sendable {
        let utterance: Utterance
        let features: FeatureUtterance
    }

    /// Decodes every recording once, to know their lengths and their sound: batches and the resumption of a run depend on both.
    ///
    /// - Parameters:
    ///   - corpus: every recording of it is decoded, whatever its split.
    ///   - text: the model, as stage one takes it.
    ///   - configuration: of the run; what it trains decides the cut, and its limit of memory, if any, holds for the frozen layers too.
    ///   - precision: of the frozen layers' operands, float32 or bfloat16.
    ///   - threads: so many utterances at a time.
    ///   - withholdsPaths: whether errors name recordings by their ids, and the run the model by its path's last part.
    ///   - shouldStop: asked between recordings, and within them whenever rows are computed; once true, it must stay so.
    /// - Throws: what is wrong with the model, the manifest or its labels, before anything is decoded; `StopRequest`; errors that are not
    ///   about one recording.
    public init(
        corpus: CorpusManifest, model text: String, configuration: TrainConfiguration, precision: Precision,
        threads: Int, withholdsPaths: Bool = false, shouldStop: @escaping @Sendable () -> Bool
    ) throws {
        try TrainingCorpus.check(corpus, labels: configuration.labels, groups: configuration.scoring.by)
        let encoder = try EncoderConfiguration(try ModelSpecification(text).open().configuration)
        // Every cut can be computed; the set-up takes the one that it needs.
        let cut = try SetUp(
            configuration, encoder: encoder, cuts: [.cnn] + (0...encoder.layerCount).map(Cut.layer), cache: text
        ).cut
        let model = try FrozenModel(text, cuts: [cut], compute: precision)
        let source = model.recordings
        let utterances = corpus.utterances
        let found = Mutex((recordings: [String: Recording](), rejects: [Reject](), notes: [String: [RecordingNote]]()))
        try forEach(utterances.count, workers: threads, shouldStop: shouldStop) { index in
            let utterance = utterances[index]
            do {
                let decoded = try source.decode(utterance.span)
                let features = FeatureUtterance(
                    frameCount: encoder.frameCount(samples: decoded.samples.count), audioSHA256: decoded.sha256)
                let recording = Recording(utterance: utterance, features: features)
                found.withLock {
                    $0.recordings[utterance.id] = recording
                    if !decoded.notes.isEmpty { $0.notes[utterance.id] = decoded.notes }
                }
            } catch {
                guard let reject = Reject(utterance, error, withholdsPaths: withholdsPaths) else { throw error }
                found.withLock { $0.rejects.append(reject) }
            }
        }
        let upper = TensorNames(model.configuration).upper(above: cut).map(\.name)
        modelKey = try Self.modelKey(
            configuration: model.configurationJSON(), upperWeights: model.weights.sha256OfTensors(upper))
        self.model = model
        self.cut = cut
        self.precision = precision
        self.threads = threads
        isLimited = configuration.memory != nil
        self.withholdsPaths = withholdsPaths
        self.shouldStop = shouldStop
        recordings = found.withLock { $0.recordings }
        rejects = found.withLock { $0.rejects }.sorted { $0.line < $1.line }
        let noted = found.withLock { $0.notes }
        notes = utterances.flatMap { utterance in
            noted[utterance.id, default: []].map { (utterance: utterance, note: $0) }
        }
        manifestPath = corpus.path
    }

    public var location: String { model.location }
    public var key: String { model.layout(storage: .float32, pool: 1, shardCount: 1).key.hex }
    public var modelSource: String { withholdsPaths ? model.locationWithoutFolders : model.location }
    public var cuts: [Cut] { [cut] }
    public var pool: Int { 1 }
    public var rowSeconds: Double {
        Double(model.preprocessing.hopSamples) / Double(model.preprocessing.sampleRateHz)
    }
    public var missingAdvice: String { "have a recording that cannot be used; mend those" }

    public func encoderConfiguration() throws -> EncoderConfiguration { model.configuration }
    public func record() throws -> ModelRecord.Features {
        ModelRecord.Features(
            source: modelSource, configuration: try model.configurationJSON(), preprocessing: model.preprocessing,
            frozenCut: cut, frozenWeightsSHA256: model.frozenWeightsSHA256, storage: .float32, pool: 1,
            compute: "\(precision)")
    }

    public func upperWeights() throws -> any TensorSource { model.weights }
    public func utterance(_ id: String) -> FeatureUtterance? { recordings[id]?.features }

    public func rows(cut: Cut, engine: any Engine) throws -> any RowSource {
        precondition(cut == self.cut, "rows at cut \(cut) of recordings for cut \(self.cut)")
        let workingBytes = isLimited ? try self.workingBytes() : 0
        let encoder = model.encoder(
            precision: precision, threads: 1, memoryLimit: isLimited ? workingBytes : .max, shouldStop: shouldStop)
        try encoder.load()
        return RecordedRows(
            recordings: recordings, source: model.recordings, encoder: encoder, cut: cut,
            columns: model.configuration.width(at: cut), workers: threads, workingBytes: workingBytes,
            withholdsPaths: withholdsPaths, shouldStop: shouldStop, engine: engine)
    }

    /// - Throws: `RecordingError.rejects` if there are more than the user allows.
    public func checkRejects(_ limit: RejectLimit) throws(RecordingError) {
        let total = recordings.count + rejects.count
        guard !limit.allows(rejects.count, of: total) else { return }
        throw .rejects(
            count: rejects.count, total: total, limit: limit, areAllMissing: rejects.allSatisfy(\.isMissing))
    }

    /// What the frozen layers take: their weights, and as many utterances of the greatest length at once as there are threads.
    private func workingBytes() throws -> Int {
        let counting = CountingEngine(threads: 1)
        let encoder = try model.lowerEncoder(precision: precision, engine: counting)
        let frames = recordings.values.map(\.features.frameCount).max() ?? 0
        let waveform = [Float](
            repeating: 0, count: model.preprocessing.minimumSamples + frames * model.preprocessing.hopSamples)
        let utterance = counting.bytes { _ = encoder.hiddenStates(of: waveform) }
        // Beside its matrices each has the waveform, as it is decoded and as it is heard, and the rows on their way to the engine.
        let host = 4 * (2 * waveform.count + frames * model.configuration.width(at: cut))
        return counting.usedBytes + threads * (utterance + host)
    }
}
