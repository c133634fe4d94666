import Runs

/// What a pipeline asks of Slurm: the manifest's `launcher: {slurm: …}`. Whatever is not said is left to the cluster's defaults.
public struct SlurmSettings: Sendable, Equatable {
    /// What a kind of jobs asks for. Every job is one task on one node.
    public struct Resources: Sendable, Equatable {
        public var partition: String?
        public var account: String?
        /// The longest that a job may take before it is queued again, as `--time` takes it.
        public var time: String?
        /// As `--mem` takes it.
        public var memory: String?
        /// Processors of a job, and its threads.
        public var cpus: Int?
        /// How many tasks an array has at most; where there is more to do, a task does several things one after another. Slurm itself
        /// refuses arrays longer than its `MaxArraySize`, 1001 unless the cluster says otherwise.
        public var tasks = 1000
        /// How many tasks of an array may run at the same time; nil: as many as there is room for.
        public var atOnce: Int?
        /// Other long options of `sbatch`, in the manifest's order; nil for one without a value.
        public var options: [Option] = []

        public init() {}
    }

    public struct Option: Sendable, Equatable {
        public var name: String
        public var value: String?
    }

    /// Kinds of jobs that may ask for different things.
    public enum Stage: String, Sendable, CaseIterable {
        /// Shards, and what makes a cache of them.
        case cache
        /// Runs and trials.
        case train
        /// What takes a moment: joining manifests, deciding which trials go on, the report.
        case report
    }

    private var stages: [Stage: Resources] = [:]
    /// Lines of bash that every job begins with, such as `module load hdf5`.
    public var setup: String?

    public init() {}

    public func resources(of stage: Stage) -> Resources { stages[stage] ?? Resources() }
}

extension SlurmSettings {
    static let keys = Resources.keys + ["setup"] + Stage.allCases.map(\.rawValue)

    init(_ mapping: StrictMapping, train: TrainConfiguration) throws(ConfigurationError) {
        try mapping.allowOnly(Self.keys)
        var common = Resources()
        try common.apply(mapping)
        for stage in Stage.allCases {
            var resources = common
            if let own = try mapping.mapping(stage.rawValue) {
                try own.allowOnly(Resources.keys)
                try resources.apply(own)
            }
            stages[stage] = resources
        }
        setup = try mapping.string("setup")
        try checkMemory(mapping, train: train)
    }

    /// A run that may take more than its job has would be killed again and again.
    private func checkMemory(_ mapping: StrictMapping, train: TrainConfiguration) throws(ConfigurationError) {
        guard let needed = train.memory, let text = resources(of: .train).memory,
            let given = Resources.byteCount(ofMemory: text), given > 0, needed.bytes > given
        else { return }
        let own = try mapping.mapping(Stage.train.rawValue)
        let place = own.map { $0.contains("memory") } == true ? own ?? mapping : mapping
        throw place.error(
            at: "memory",
            "'\(text)' is less than train.memory, \(needed): Slurm would kill every run; expected more, or less there")
    }
}
