import Foundation
import Runs

/// What a pipeline's build folder, `build/<name>`, or any other, holds of runs: found by looking, so that it does not matter which
/// manifest made it.
public struct BuildFolder: Sendable {
    public let path: String
    /// The sweep's trials, by the end of their paths, `sweep/<id>/seed-<n>`; nil without a sweep.
    private let trials: Set<String>?
    private let rungs: RungFiles
    /// Of each rung but the first, in order, who was let in; as far as they are decided.
    private let admissions: [Set<String>]

    public init(_ path: String) {
        self.path = RunDirectory(path: path).path
        trials = Self.list(Plan.trialListPath(path))
        rungs = RungFiles(folder: path)
        var admissions: [Set<String>] = []
        while let runs = rungs.admitted(by: "\(path)/sweep/rung-\(admissions.count + 1)") {
            admissions.append(Set(runs.map(Self.end)))
        }
        self.admissions = admissions
    }

    /// Whether `undertone plan` wrote it.
    public var isPipelines: Bool { FileManager.default.fileExists(atPath: "\(path)/report.settings") }

    /// The run directories in it, below it too, sorted; with those that are planned and not there yet, which of a sweep are its
    /// trials. Of runs of several seeds, each seed's.
    public func runs() -> [RunDirectory] {
        var found: Set<String> = []
        Self.visit(path, depth: 0, &found)
        if let trials {
            for trial in trials { found.insert("\(path)/\(trial)") }
        } else {
            for name in Self.names(in: "\(path)/runs") where name.hasSuffix(".yaml") {
                found.insert("\(path)/runs/\(name.dropLast(5))")
            }
        }
        return found.sorted().map(RunDirectory.init)
    }

    /// Deeper than a sweep's trials in a pipeline's folder in the folder of all.
    private static let deepest = 5

    private static func visit(_ folder: String, depth: Int, _ found: inout Set<String>) {
        let names = names(in: folder)
        // A cache may have a hundred thousand files' worth of neighbours, but no runs.
        if names.contains("cache.json") { return }
        let seeds = names.filter { $0.hasPrefix("seed-") && UInt64($0.dropFirst(5)) != nil }
        if seeds.isEmpty, names.contains("config.yaml") || names.contains("attempt.json") {
            found.insert(folder)
            return
        }
        guard depth < deepest else { return }
        for name in names where !name.hasPrefix(".") {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) else { continue }
            if isFolder.boolValue { visit("\(folder)/\(name)", depth: depth + 1, &found) }
        }
    }

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// What halving has decided of a trial; nil of a run that is none, or that it lets go on.
    public func verdict(on run: RunDirectory) -> Verdict? {
        let trial = Self.end(of: run.path)
        guard let trials, trials.contains(trial) else { return nil }
        if admissions.contains(where: { !$0.contains(trial) }) { return .stopped }
        // Its rung is at an end, and it has not begun: it could not.
        return rungs.isPassed(0, by: run.path)
            && !FileManager.default.fileExists(atPath: run.configurationPath) ? .failed : nil
    }

    public enum Verdict: String, Sendable {
        /// Others were better at the end of a rung.
        case stopped
        /// Could not be trained at all.
        case failed
    }

    private static func list(_ path: String) -> Set<String>? {
        FileManager.default.contents(atPath: path).map { bytes in
            Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { end(of: String($0)) })
        }
    }

    /// A build folder may be named from elsewhere than where it was made.
    private static func end(of path: String) -> String { path.split(separator: "/").suffix(3).joined(separator: "/") }
}
