import Files
import Foundation
import Runs

/// The jobs that were submitted for a pipeline, oldest first: `slurm/jobs.csv`, with the columns `job` (Slurm's identifier), `name`,
/// `tasks` (of an array) and `after` (identifiers).
public struct SlurmRecord: Sendable {
    public struct Entry: Sendable, Equatable, Encodable {
        public var job: String
        public var name: String
        public var tasks: Int?
        public var after: [String]

        public init(job: String, name: String, tasks: Int?, after: [String]) {
            self.job = job
            self.name = name
            self.tasks = tasks
            self.after = after
        }
    }

    public let path: String

    public init(_ plan: Plan) { path = "\(plan.folder)/slurm/jobs.csv" }

    /// Waits until no other process submits this pipeline.
    /// - Returns: nil if asked to stop.
    package func lock(onWait: () -> Void, shouldStop: () -> Bool) throws(RunError) -> FileLock? {
        try writing(as: RunError.self) { () throws(WriteFailure) in try makeFolder(PathParts(path).folder) }
        return FileLock.acquire(for: path, onWait: onWait, shouldStop: shouldStop)
    }

    /// The identifiers of all jobs; none where nothing was ever submitted.
    public func identifiers() -> Set<String> {
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        return Set(CommaSeparated.parse([UInt8](bytes)).rows.dropFirst().compactMap(\.cells.first))
    }

    /// Adds a job, and puts it safely on the disk.
    public func append(_ entry: Entry) throws(RunError) {
        try writing(as: RunError.self) { () throws(WriteFailure) in
            if !FileManager.default.fileExists(atPath: path) {
                try AtomicFile.write(CommaSeparated.row(["job", "name", "tasks", "after"]), to: path)
            }
            let cells = [entry.job, entry.name, entry.tasks.map(String.init) ?? "", entry.after.joined(separator: " ")]
            try LineFile.append(Data(CommaSeparated.row(cells).utf8.dropLast()), to: path)
        }
    }
}
