import Foundation
import Runs

/// Several runs that differ in their seed, one after another, and what they have in common.
///
/// Each is an ordinary run directory, `seed-<n>`, inside the series' own, and is resumed by itself.
public struct SeedSeries {
    private let settings: StageTwo.Settings
    private let seeds: [UInt64]
    private let report: (TrainingEvent) -> Void
    private let isInterrupted: () -> Bool

    /// - Parameter settings: with `seeds` in the configuration; the run directory is the series'.
    public init(
        _ settings: StageTwo.Settings, seeds: [UInt64], report: @escaping (TrainingEvent) -> Void,
        isInterrupted: @escaping () -> Bool
    ) {
        self.settings = settings
        self.seeds = seeds
        self.report = report
        self.isInterrupted = isInterrupted
    }

    public static func runDirectory(of seed: UInt64, in directory: String) -> String { "\(directory)/seed-\(seed)" }

    /// - Returns: what is written to `seeds.json`.
    public func run() throws -> SeedSummary {
        let directory = RunDirectory(path: settings.runDirectory)
        try directory.create()
        let summary = URL(filePath: directory.seedsPath)
        // It speaks of runs that are all done.
        if FileManager.default.fileExists(atPath: summary.path) { try FileManager.default.removeItem(at: summary) }
        try directory.write(settings.configuration)
        var results: [RunResult] = []
        for (index, seed) in seeds.enumerated() {
            report(.seed(seed, number: index + 1, of: seeds.count))
            var own = settings
            own.runDirectory = Self.runDirectory(of: seed, in: directory.path)
            own.configuration.seed = seed
            own.configuration.seeds = nil
            results.append(try StageTwo(own, report: report, isInterrupted: isInterrupted).run())
        }
        let result = SeedSummary(results)
        try directory.write(result)
        return result
    }
}
