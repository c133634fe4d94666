import Checkpoints
import Foundation
import Kernels
import Runs
import SpeechEncoder

/// Where a run stands between two steps: all that resuming needs beside the configuration and the cache.
///
/// Random numbers are counter-based and named by step, so none of their state has to be kept.
struct TrainingProgress: Codable, Equatable, Sendable {
    /// Epochs done.
    var epoch = 0
    /// Batches of the next epoch done.
    var batch = 0
    /// Optimiser steps done.
    var step = 0
    var bestEpoch = 0
    var bestMetric: Double?
    /// Sums over the batches done of the epoch under way.
    var lossSum = 0.0
    var normSum = 0.0
    /// Nil before the epoch's first batch, and in states of before it was counted.
    var gradientNorms: [String: NormHistogram]?
    var frames = 0
    var seconds = 0.0
    var secondsReading = 0.0
    var secondsOptimising = 0.0
    /// Where the step after these could not be taken, because something in it was not finite.
    var failedStep: Int?
    /// Over the whole run.
    var totalFrames = 0
    var totalTrainingSeconds = 0.0
    var totalSeconds = 0.0

    mutating func count(_ norms: [String: Double]) {
        // As a whole: a copy of what is in the middle of being changed would be made for every step.
        var histograms = gradientNorms ?? [:]
        gradientNorms = nil
        for (part, norm) in norms {
            if histograms[part]?.add(norm) == nil { histograms[part] = NormHistogram(norm) }
        }
        gradientNorms = histograms
    }

    /// Adds the epoch that is done to the totals and clears its sums.
    mutating func beginEpoch() {
        totalFrames += frames
        totalTrainingSeconds += seconds
        batch = 0
        lossSum = 0
        normSum = 0
        gradientNorms = nil
        frames = 0
        seconds = 0
        secondsReading = 0
        secondsOptimising = 0
    }
}

extension TrainingState.Identity {
    /// In words, what another run's identity has otherwise; nil when nothing.
    func difference(from other: TrainingState.Identity) -> String? {
        if other.cacheKey != cacheKey { return "cache (key \(other.cacheKey.prefix(12))… there)" }
        if let model, let found = other.model, found != model {
            return "model (its configuration, or its weights above the cut)"
        }
        if other.corpus != corpus { return "corpus (utterances, splits or labels)" }
        if let settings = differentSettings(from: other) { return "configuration\(settings)" }
        if let precision, let found = other.precision, found != precision { return "precision (\(found) there)" }
        return nil
    }

    /// How many settings are named.
    private static let settingCount = 3

    /// Those that the weights depend on: ` (epochs: 20 there)`, or nothing of a configuration that cannot be read; nil where none differs.
    private func differentSettings(from other: TrainingState.Identity) -> String? {
        guard other.configuration != configuration else { return nil }
        guard let wanted = try? TrainConfiguration(yaml: configuration, source: ""),
            let found = try? TrainConfiguration(yaml: other.configuration, source: "")
        else { return "" }
        guard wanted.training != found.training else { return nil }
        let settings = wanted.training.differences(in: found.training)
        let more = settings.count > Self.settingCount ? ", …" : ""
        return " (\(settings.prefix(Self.settingCount).joined(separator: ", "))\(more) there)"
    }
}

/// `state/training.safetensors`: parameters, both moments, averages, and the progress, in one file that is replaced whole.
struct TrainingState {
    /// What a state belongs to; a run of another configuration or cache is not resumed from it.
    struct Identity: Codable, Equatable {
        var configuration: String
        var cacheKey: String
        /// Of what `cacheKey` leaves open, see `FeatureSource.modelKey`; nil where it is not known, as in states and results of before.
        var model: String?
        /// Of the utterances, their splits and their labels.
        var corpus: String
        /// What `compute: auto` came to on this processor; nil for what is finished, which no processor changes any more.
        var precision: String?
    }

    let directory: RunDirectory

    private var path: String { "\(directory.statePath)/training.safetensors" }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    func save(
        _ progress: TrainingProgress, identity: Identity, parameters: [Parameter],
        average: WeightAverage?, standardisation: RegressionModel.Standardisation, engine: any Engine
    ) throws {
        try FileManager.default.createDirectory(atPath: directory.statePath, withIntermediateDirectories: true)
        var tensors: [(name: String, shape: [Int], read: () throws -> [Float])] = []
        for parameter in parameters {
            tensors.append((parameter.name, parameter.shape, { engine.download(parameter.value) }))
            tensors.append(("\(parameter.name)#first", parameter.shape, { engine.download(parameter.firstMoment) }))
            tensors.append(("\(parameter.name)#second", parameter.shape, { engine.download(parameter.secondMoment) }))
        }
        tensors += average?.tensors ?? []
        tensors.append(("pooled.shift", [standardisation.shift.count], { standardisation.shift }))
        tensors.append(("pooled.scale", [standardisation.scale.count], { standardisation.scale }))
        try write(tensors, progress, identity)
    }

    private func write(
        _ tensors: [(name: String, shape: [Int], read: () throws -> [Float])], _ progress: TrainingProgress,
        _ identity: Identity
    ) throws {
        var writer = try SafetensorsWriter(
            path: path, tensors: tensors.map { ($0.name, $0.shape, .float32) },
            metadata: ["progress": try json(progress), "identity": try json(identity)])
        for tensor in tensors { try writer.append(tensor.read()) }
        try writer.finish()
    }

    /// Notes in the state that is there that a later step could not be taken, so that it may be gone on with under another optimiser.
    /// - Returns: false where there is none.
    func markFailed(step: Int) throws -> Bool {
        guard exists else { return false }
        let saved = try read()
        var progress = saved.progress
        progress.failedStep = step
        let tensors = saved.file.names.map { name in
            (
                name: name, shape: saved.file.shape(of: name) ?? [],
                read: { () throws -> [Float] in try saved.file.floats(name) }
            )
        }
        try write(tensors, progress, saved.identity)
        return true
    }

    /// What the state belongs to.
    /// - Parameter wanted: a run as which one that stopped over something that is not finite may be gone on with; nil: only as it was.
    func identity(goingOnAs wanted: Identity?) throws -> Identity {
        let state = try read()
        guard let wanted, state.progress.failedStep != nil else { return state.identity }
        return try relaxed(state.identity, as: wanted)
    }

    /// The caller has seen to it that the state is the run's own.
    func load() throws -> (file: SafetensorsFile, progress: TrainingProgress) {
        let state = try read()
        return (state.file, state.progress)
    }

    /// A run that stopped over something that is not finite may go on with another optimiser and precision: that is the way out.
    private func relaxed(_ saved: Identity, as wanted: Identity) throws -> Identity {
        var configuration = try TrainConfiguration(yaml: saved.configuration, source: path)
        let other = try TrainConfiguration(yaml: wanted.configuration, source: path)
        configuration.optimiser = other.optimiser
        configuration.compute = other.compute
        var identity = saved
        identity.configuration = configuration.yaml
        identity.precision = wanted.precision
        return identity
    }

    private func read() throws -> (file: SafetensorsFile, progress: TrainingProgress, identity: Identity) {
        let file = try SafetensorsFile.open(path)
        guard let progressText = file.metadata["progress"], let identityText = file.metadata["identity"],
            let progress = try? JSONDecoder().decode(TrainingProgress.self, from: Data(progressText.utf8)),
            let identity = try? JSONDecoder().decode(Identity.self, from: Data(identityText.utf8))
        else { throw TrainingError.state(path: path, detail: "is not a training state of this version") }
        return (file, progress, identity)
    }

    static func standardisation(in file: SafetensorsFile, columns: Int) throws -> RegressionModel.Standardisation {
        RegressionModel.Standardisation(
            shift: try file.floats("pooled.shift", shape: [columns]),
            scale: try file.floats("pooled.scale", shape: [columns]))
    }

    static func restore(_ parameters: [Parameter], from file: SafetensorsFile, engine: any Engine) throws {
        for parameter in parameters {
            load(parameter, value: try file.floats(parameter.name, shape: parameter.shape), engine: engine)
            engine.upload(
                try file.floats("\(parameter.name)#first", shape: parameter.shape), to: parameter.firstMoment)
            engine.upload(
                try file.floats("\(parameter.name)#second", shape: parameter.shape), to: parameter.secondMoment)
        }
    }

    /// Sets a parameter, and its operands with it.
    static func load(_ parameter: Parameter, value: [Float], engine: any Engine) {
        engine.upload(value, to: parameter.value)
        if let operand = parameter.operand { engine.convert(parameter.value, to: operand) }
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
