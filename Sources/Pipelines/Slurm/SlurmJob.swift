/// A job that is submitted with `sbatch`: a script, and the jobs that must have come to a good end before it begins.
public struct SlurmJob: Sendable, Equatable {
    /// Within the pipeline, e.g. `shards`, `rung-1`; names the script.
    public var name: String
    public var stage: SlurmSettings.Stage
    /// For people, a line or two.
    public var purpose: String
    /// Names of jobs of the same submission, which come before it.
    public var after: [String] = []
    /// Of a job array: what there is to do.
    public var work: Work?
    /// Lines of bash; of an array, for one line of its work.
    public var body: [String]

    /// A file with a line for each thing to do, which the tasks of an array divide among them.
    public struct Work: Sendable, Equatable {
        /// What a line is, and the variable that has it.
        public var item: String
        public var list: String
        /// What is written there; nil where a job before writes it.
        public var content: String?
        /// How many lines there are at most.
        public var count: Int
    }

    /// How many tasks the array has; nil where it is none.
    public func taskCount(_ settings: SlurmSettings) -> Int? {
        work.map { min($0.count, settings.resources(of: stage).tasks) }
    }
}
