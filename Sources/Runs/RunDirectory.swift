import Files
import Foundation

/// A run on the disk: what stage two leaves, and what reports, predictions and resumption read.
///
/// Every file appears whole or not at all, except `metrics.jsonl`, which grows by a line per epoch and whose last
/// line may be torn by an interruption; that line is dropped on reading, with a warning, and on the next append.
public struct RunDirectory: Sendable {
    public let path: String

    /// Names a run directory, without touching the disk.
    public init(path: String) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    public var configurationPath: String { "\(path)/config.yaml" }
    public var metricsPath: String { "\(path)/metrics.jsonl" }
    public var resultPath: String { "\(path)/result.json" }
    public var attemptPath: String { "\(path)/attempt.json" }
    public var scoresPath: String { "\(path)/scores.csv" }
    /// Of a series of runs with seeds of their own, in the folder that holds theirs.
    public var seedsPath: String { "\(path)/seeds.json" }
    /// Of one of those.
    public func seedRun(_ seed: UInt64) -> RunDirectory { RunDirectory(path: "\(path)/seed-\(seed)") }
    public var bestWeightsPath: String { "\(path)/best.safetensors" }
    public var modelPath: String { "\(path)/model.json" }
    public var statePath: String { "\(path)/state" }

    public func predictionsPath(split: String) -> String { "\(path)/predictions-\(split).csv" }

    /// The folder's own name.
    public var name: String { URL(fileURLWithPath: path).lastPathComponent }

    /// Those of the seeds whose runs lie in this folder, in order; none in an ordinary run directory.
    public var seeds: [UInt64] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { $0.hasPrefix("seed-") ? UInt64($0.dropFirst(5)) : nil }.sorted()
    }

    /// Makes the directory and those above it, where they are not there.
    public func create() throws(RunError) {
        try writing(as: RunError.self) { () throws(WriteFailure) in try makeFolder(path) }
    }

    // MARK: One process at a time

    /// Waits until no other process trains this run: after a `kill -9` of what started it, one may live on.
    /// - Parameters:
    ///   - onWait: called once if there is one.
    ///   - shouldStop: asked while waiting.
    /// - Returns: nil if asked to stop.
    package func lock(onWait: () -> Void, shouldStop: () -> Bool) throws(RunError) -> FileLock? {
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        }
        return FileLock.acquire(for: path, onWait: onWait, shouldStop: shouldStop)
    }

    /// Whether a process trains this run at this moment.
    public var isBeingTrained: Bool { FileLock.isHeld(for: path) }

    private func replace(_ bytes: Data, at path: String) throws(RunError) {
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try AtomicFile.write(bytes, to: path, makingFolders: true)
        }
    }

    // MARK: Configuration

    public func write(_ configuration: TrainConfiguration) throws(RunError) {
        try replace(Data(configuration.yaml.utf8), at: configurationPath)
    }

    /// - Throws: `ConfigurationError` where `config.yaml` is missing or not a configuration.
    public func configuration() throws(ConfigurationError) -> TrainConfiguration {
        try TrainConfiguration(path: configurationPath)
    }

    // MARK: Model

    /// Writes `model.json`: what the run's weights go together with.
    package func writeModel(_ record: some Encodable) throws(RunError) {
        let bytes = try encodeJSON(record, pretty: true, path: modelPath)
        try replace(bytes + [UInt8(ascii: "\n")], at: modelPath)
    }

    package func model<Record: Decodable>(_: Record.Type) throws(RunError) -> Record {
        let bytes = try readFile(
            modelPath,
            advice: "a finished run of this version has it; an older one is trained again with the same command and "
                + "--replace")
        return try decodeJSON(Record.self, from: bytes, path: modelPath)
    }

    // MARK: Metrics

    /// Whether a first epoch is done.
    public var hasMetrics: Bool { FileManager.default.fileExists(atPath: metricsPath) }

    /// Appends one epoch's line and flushes it to the disk.
    public func append(_ metrics: EpochMetrics) throws(RunError) {
        let line = try encodeJSON(metrics, pretty: false, path: metricsPath)
        try writing(as: RunError.self) { () throws(WriteFailure) in try LineFile.append(line, to: metricsPath) }
    }

    /// Replaces all lines: for resuming from a state that is older than the last line, and for starting anew with
    /// none.
    public func replaceMetrics(_ metrics: [EpochMetrics]) throws(RunError) {
        var bytes = Data()
        for epoch in metrics {
            bytes += try encodeJSON(epoch, pretty: false, path: metricsPath) + [UInt8(ascii: "\n")]
        }
        try replace(bytes, at: metricsPath)
    }

    /// The epochs so far, in the order they were written.
    /// - Returns: the epochs, and a warning where the last line was torn and dropped.
    /// - Throws: `RunError.missing` where there is no such file; `.malformed` naming the line for any other bad line.
    public func metrics() throws(RunError) -> (epochs: [EpochMetrics], warning: String?) {
        let bytes = try readFile(
            metricsPath, advice: "\(path) is not a run directory, or its first epoch is not done")
        var epochs: [EpochMetrics] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // Only a line that its newline ends was written whole; what follows the last newline is torn, or empty.
        for (index, line) in lines.dropLast().enumerated() where !line.isEmpty {
            epochs.append(try decodeJSON(EpochMetrics.self, from: Data(line), path: metricsPath, line: index + 1))
        }
        guard let torn = lines.last, !torn.isEmpty else { return (epochs, nil) }
        return (epochs, "\(metricsPath):\(lines.count): the last line is torn (an interruption?) and is left out")
    }

    // MARK: Attempt

    public func write(_ attempt: RunAttempt) throws(RunError) {
        let bytes = try encodeJSON(attempt, pretty: true, path: attemptPath)
        try replace(bytes + [UInt8(ascii: "\n")], at: attemptPath)
    }

    /// - Returns: nil where training has not begun, or the run is of a version that did not record it.
    public func attempt() throws(RunError) -> RunAttempt? {
        guard FileManager.default.fileExists(atPath: attemptPath) else { return nil }
        let bytes = try readFile(attemptPath, advice: "\(path) is being written; try again")
        return try decodeJSON(RunAttempt.self, from: bytes, path: attemptPath)
    }

    // MARK: Result

    public var isFinished: Bool { FileManager.default.fileExists(atPath: resultPath) }

    public func write(_ result: RunResult) throws(RunError) {
        let bytes = try encodeJSON(result, pretty: true, path: resultPath)
        try replace(bytes + [UInt8(ascii: "\n")], at: resultPath)
    }

    public func result() throws(RunError) -> RunResult {
        let advice =
            seeds.isEmpty
            ? "\(path) is not a run directory, or its run is not done"
            : "\(path) holds a run for each of several seeds; give those, \(path)/seed-*"
        let bytes = try readFile(resultPath, advice: advice)
        return try decodeJSON(RunResult.self, from: bytes, path: resultPath)
    }

    public func write(_ summary: SeedSummary) throws(RunError) {
        let bytes = try encodeJSON(summary, pretty: true, path: seedsPath)
        try replace(bytes + [UInt8(ascii: "\n")], at: seedsPath)
    }

    public func seedSummary() throws(RunError) -> SeedSummary {
        let bytes = try readFile(
            seedsPath, advice: "\(path) is not a folder of runs with several seeds, or not all are done")
        return try decodeJSON(SeedSummary.self, from: bytes, path: seedsPath)
    }

    public func write(_ scores: ScoreTable) throws(RunError) {
        try replace(Data(scores.csv.utf8), at: scoresPath)
    }

    // MARK: Predictions

    public func write(_ predictions: Predictions, split: String) throws(RunError) {
        try replace(Data(predictions.csv.utf8), at: predictionsPath(split: split))
    }

    public func predictions(split: String) throws(RunError) -> Predictions {
        let path = predictionsPath(split: split)
        let bytes = try readFile(path, advice: "the run has no predictions for split '\(split)'")
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw .malformed(path: path, line: nil, problem: "not UTF-8 text")
        }
        return try Predictions(csv: text, path: path)
    }

    /// The splits that have predictions: `development` and `train` first, then the tests in order.
    public func predictedSplits() throws(RunError) -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .missing(path: path, advice: "give the folder that undertone-train wrote with --out")
        }
        let splits = names.filter { $0.hasPrefix("predictions-") && $0.hasSuffix(".csv") }
            .map { String($0.dropFirst("predictions-".count).dropLast(".csv".count)) }
        return sortedSplits(splits)
    }
}

/// Train, development, then the tests by number: the order in which people read them.
public func sortedSplits(_ splits: some Sequence<String>) -> [String] {
    func rank(_ split: String) -> Int { ["train": 0, "development": 1][split] ?? 2 }
    return splits.sorted { a, b in
        if rank(a) != rank(b) { return rank(a) < rank(b) }
        if a.count != b.count { return a.count < b.count }
        return a < b
    }
}
