import Runs

/// All of a run directory that a report shows.
public struct RunRecord: Sendable {
    public let name: String
    public let configuration: TrainConfiguration
    public let epochs: [EpochMetrics]
    public let result: RunResult
    /// By split.
    public let predictions: [String: Predictions]
    /// What was found wanting and could be left out, a line each.
    public let warnings: [String]

    public init(
        name: String, configuration: TrainConfiguration, epochs: [EpochMetrics], result: RunResult,
        predictions: [String: Predictions], warnings: [String] = []
    ) {
        self.name = name
        self.configuration = configuration
        self.epochs = epochs
        self.result = result
        self.predictions = predictions
        self.warnings = warnings
    }

    /// Reads a run directory.
    /// - Throws: `ReportError` naming the file that is missing or wrong; a torn last line of the metrics is only a
    ///   warning.
    public init(path: String) throws(ReportError) {
        let directory = RunDirectory(path: path)
        do throws(RunError) {
            // The result first: a folder that is no run is best told by its absence.
            result = try directory.result()
            let metrics = try directory.metrics()
            epochs = metrics.epochs
            warnings = metrics.warning.map { [$0] } ?? []
            var predictions: [String: Predictions] = [:]
            for split in try directory.predictedSplits() {
                predictions[split] = try directory.predictions(split: split)
            }
            self.predictions = predictions
        } catch {
            throw .run(error)
        }
        do throws(ConfigurationError) {
            configuration = try directory.configuration()
        } catch {
            throw .configuration(error)
        }
        name = directory.name
    }

    /// The dimensions in the configuration's order.
    var dimensions: [String] { configuration.labels.map(\.name) }

    var splits: [String] { sortedSplits(result.scores.keys) }

    /// The split that the headline is about: the first test, else development, else whatever there is.
    var headlineSplit: String? {
        splits.first { $0.hasPrefix("test") } ?? splits.first { $0 == "development" } ?? splits.first
    }
}
