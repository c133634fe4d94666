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

    /// - Parameters:
    ///   - settings: with `seeds` in the configuration; the run directory is the series'.
    ///   - seeds: a run of each, in this order.
    ///   - report: is told what each run tells, and before it which seed begins.
    ///   - isInterrupted: as for `StageTwo`.
    public init(
        _ settings: StageTwo.Settings, seeds: [UInt64], report: @escaping (TrainingEvent) -> Void,
        isInterrupted: @escaping () -> Bool
    ) {
        self.settings = settings
        self.seeds = seeds
        self.report = report
        self.isInterrupted = isInterrupted
    }

    /// - Returns: what is written to `seeds.json`.
    /// - Throws: `TrainingError.mixed` where the folder holds a run of its own; `EpochReached` once every run is done or has come to
    ///   `untilEpoch`; what else the runs throw.
    public func run() throws -> SeedSummary {
        let directory = RunDirectory(path: settings.runDirectory), files = FileManager.default
        if files.fileExists(atPath: directory.resultPath) || files.fileExists(atPath: directory.statePath) {
            throw TrainingError.mixed(path: directory.path, holds: "a run of one seed", wanted: "runs of several seeds")
        }
        var results: [RunResult] = [], reached: EpochReached?
        for (index, seed) in seeds.enumerated() {
            report(.seed(seed, number: index + 1, of: seeds.count))
            var own = settings
            own.runDirectory = directory.seedRun(seed).path
            own.configuration.seed = seed
            own.configuration.seeds = nil
            let stage = StageTwo(own, report: report, isInterrupted: isInterrupted, willTrain: { try begin(directory) })
            do {
                results.append(try stage.run())
            } catch let stop as EpochReached {
                reached = stop
            }
        }
        if let reached { throw reached }
        let result = SeedSummary(results)
        try directory.write(result)
        return result
    }

    /// Once it is sure that something is trained: a run that is refused leaves what was there.
    private func begin(_ directory: RunDirectory) throws {
        // It speaks of runs that are all done.
        if FileManager.default.fileExists(atPath: directory.seedsPath) {
            try FileManager.default.removeItem(atPath: directory.seedsPath)
        }
        try directory.write(settings.configuration)
    }
}
