import Foundation

/// What Slurm has in its queue of a pipeline: jobs that wait, run or are just ending.
public struct SlurmQueue: Sendable, Equatable {
    public struct Job: Sendable, Equatable {
        public var identifier: String
        /// With the pipeline's name, `study:shards`.
        public var name: String
        /// How many tasks are in each state, e.g. `RUNNING`.
        public var states: [String: Int]
    }

    /// In the order of their identifiers.
    public let jobs: [Job]

    /// Fields of a line, for `squeue --array --noheader --format=`. The name comes last, for it may hold a tab.
    public static let format = "%F\t%T\t%Z\t%j"

    /// - Parameters:
    ///   - output: of `squeue`, a line for each task.
    ///   - recorded: identifiers of jobs known to be the pipeline's.
    ///   - pipeline: its name. Jobs called after it are taken for its own where they were submitted from the same folder: a submission
    ///     that was killed may not have recorded its last.
    ///   - directory: from where the pipeline is submitted.
    public init(_ output: String, recorded: Set<String>, pipeline: String, directory: String) {
        var jobs: [Job] = []
        for line in output.split(separator: "\n") {
            let fields = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 4 else { continue }
            let isNamed = fields[3].hasPrefix("\(pipeline):") && fields[2] == directory
            guard isNamed || recorded.contains(fields[0]) else { continue }
            if let index = jobs.firstIndex(where: { $0.identifier == fields[0] }) {
                jobs[index].states[fields[1], default: 0] += 1
            } else {
                jobs.append(Job(identifier: fields[0], name: fields[3], states: [fields[1]: 1]))
            }
        }
        self.jobs = jobs.sorted { (Int($0.identifier) ?? 0, $0.identifier) < (Int($1.identifier) ?? 0, $1.identifier) }
    }
}
