import Runs
import Study

/// Which files a pipeline's study makes: a cache for every cut, store, pool and precision that a set-up reads, a run for every set-up and
/// seed, the table.
public struct StudyPlan: Sendable, Equatable {
    /// A cache of one cut, made in one go by one process, so that what it took is known.
    public struct Cache: Sendable, Equatable {
        public var folder: String
        public var cut: String
        public var store: String
        public var pool: Int
        public var compute: String
        public var settings: Stamp
        /// `cache.json`, which makes it whole.
        public var manifest: String { "\(folder)/cache.json" }
        /// What `undertone-cache --measures` writes.
        public var measures: String { "\(folder).measures.jsonl" }
    }

    public struct Member: Sendable, Equatable {
        public var setUp: StudySetUp
        /// One of each seed.
        public var runs: [Plan.Run]
        /// Theirs, whose seeds differ.
        public var configuration: TrainConfiguration
        /// Nil where it trains from the recordings.
        public var cache: Cache?
    }

    /// For everything that the study makes.
    public let folder: String
    public let members: [Member]
    public let amortisedOver: Int
    let settings: Stamp

    /// The page; the table lies beside it, as text, CSV and JSON.
    public var report: String { "\(folder)/report.html" }
    /// Each once, in the order in which they are needed.
    public var caches: [Cache] {
        var folders: Set<String> = []
        return members.compactMap(\.cache).filter { folders.insert($0.folder).inserted }
    }
    var stamps: [Stamp] { caches.map(\.settings) + members.flatMap { $0.runs.map(\.configuration) } + [settings] }

    /// - Parameters:
    ///   - corpus: the manifest that is cached and trained on.
    ///   - layerCount: the model's transformer layers.
    ///   - folder: the pipeline's.
    /// - Throws: `PlanError.tooManyLayers`; `ConfigurationError` for a set-up that cannot be.
    init(
        _ study: Pipeline.Study, of pipeline: Pipeline, source: String, corpus: String, layerCount: Int, folder: String
    ) throws {
        if let most = study.layers.max(), most >= layerCount {
            throw PlanError.tooManyLayers(most, of: layerCount, model: pipeline.model)
        }
        let own = "\(folder)/paper"
        self.folder = own
        amortisedOver = study.amortisedOver
        members = try study.setUps.map { setUp in
            let cache = Self.cache(setUp, pipeline, corpus: corpus, layerCount: layerCount, folder: own)
            let origin =
                cache.map { "# cache: \($0.folder)\n" } ?? "# recordings: \(corpus)\n# model: \(pipeline.model)\n"
            let common = try Self.configuration(setUp, pipeline.train, source: source)
            let runs = pipeline.seeds.map { seed in
                let directory = "\(own)/\(setUp.name)/seed-\(seed)"
                var configuration = common
                configuration.seed = seed
                return Plan.Run(
                    directory: directory,
                    configuration: Stamp(
                        path: "\(directory).yaml",
                        content: "# Written by undertone plan; edit the pipeline instead.\n" + origin
                            + configuration.yaml))
            }
            return Member(setUp: setUp, runs: runs, configuration: common, cache: cache)
        }
        settings = Stamp(
            path: "\(own)/report.settings",
            content: """
                title: \(pipeline.reportTitle ?? "")
                amortised_over: \(study.amortisedOver)
                set-ups: \(study.setUps.map(\.name).joined(separator: " "))
                seeds: \(pipeline.seeds.map(String.init).joined(separator: " "))

                """)
    }

    private static func configuration(
        _ setUp: StudySetUp, _ base: TrainConfiguration, source: String
    ) throws(ConfigurationError) -> TrainConfiguration {
        var configuration = base
        configuration.compute = TrainConfiguration.Compute(rawValue: setUp.compute) ?? .auto
        switch setUp.family {
        case .full: configuration.layers = .all
        case .top(let layers): configuration.layers = .top(layers)
        case .heads: configuration.layers = .top(0)
        case .lora(let rank):
            configuration.layers = .all
            configuration.tuning = .lora
            // Steps of one size whatever the rank: the adapters' product is scaled by alpha over rank.
            configuration.lora.alpha *= Double(rank) / Double(configuration.lora.rank)
            configuration.lora.rank = rank
        }
        try configuration.finish(source: source)
        return configuration
    }

    private static func cache(
        _ setUp: StudySetUp, _ pipeline: Pipeline, corpus: String, layerCount: Int, folder: String
    ) -> Cache? {
        guard let store = setUp.store else { return nil }
        let trained = if case .top(let layers) = setUp.family { layers } else { 0 }
        let cut = "\(layerCount - trained)"
        // A row per frame goes without saying: caches from before there was a choice keep their names.
        let (line, suffix) = setUp.isPooled ? ("pool: \(setUp.pool)\n", "-pool\(setUp.pool)") : ("", "")
        let determining = """
            corpus: \(corpus)
            model: \(pipeline.model)
            cuts: \(cut)
            shards: \(pipeline.cache.shards)
            store: \(store)
            compute: \(setUp.compute)
            \(line)
            """
        let path = "\(folder)/cache-\(cut)-\(store)\(suffix)-\(shortHash(determining))"
        return Cache(
            folder: path, cut: cut, store: store, pool: setUp.pool, compute: setUp.compute,
            settings: Stamp(
                path: "\(path).settings", content: determining + pipeline.cache.tolerances))
    }
}
