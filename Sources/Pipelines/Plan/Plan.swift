import Files
import Foundation
import Runs

/// A small file that holds settings, and what it must hold. It is written only when that changes: its modification time tells
/// Make what has to be done again.
public struct Stamp: Sendable, Equatable {
    public var path: String
    public var content: String

    /// Whether the file is there and holds something else.
    var isOutdated: Bool {
        FileManager.default.contents(atPath: path).map { $0 != Data(content.utf8) } ?? false
    }
}

/// Which files a pipeline makes, from which others: what the Make rules are written from.
///
/// A cache's folder carries a hash of what it was made from and how, so that two settings never share a folder, and
/// going back to a former setting finds its cache as it was left.
public struct Plan: Sendable, Equatable {
    /// Where the pipeline was read from, for the commands that read it again.
    public struct Source: Sendable, Equatable {
        public var path: String
        /// In place of the manifest's.
        public var corpus: String?
        public var model: String?

        public init(path: String, corpus: String? = nil, model: String? = nil) {
            self.path = path
            self.corpus = corpus
            self.model = model
        }
    }

    /// The cache of one corpus.
    public struct CachePlan: Sendable, Equatable {
        public var corpus: PipelineCorpus
        public var folder: String
        public var settings: Stamp
        public var shards: [String]
        /// `cache.json`, which makes it whole.
        public var manifest: String { "\(folder)/cache.json" }
    }

    /// The training configuration with one of the pipeline's seeds.
    public struct Run: Sendable, Equatable {
        public var directory: String
        /// The training configuration, given to stage two with `--config`.
        public var configuration: Stamp

        public var result: String { RunDirectory(path: directory).resultPath }
    }

    /// Several corpora as one manifest.
    public struct Joint: Sendable, Equatable {
        public var manifest: String
        public var settings: Stamp
    }

    public let pipeline: Pipeline
    public let source: Source
    /// The files of the model's folder that exist and matter; empty for a random model.
    public let modelFiles: [String]
    /// The folder for everything that is made.
    public let build: String
    /// `build/<name>`
    public let folder: String
    public let caches: [CachePlan]
    public let joint: Joint?
    public let runs: [Run]
    /// Every point of the sweep with every seed, seeds of a point beside one another; empty without a sweep.
    public let trials: [Trial]
    public let rungs: [Rung]
    /// The run directories of all trials, a line each; nil without a sweep.
    public let trialList: Stamp?
    /// What all trials and rungs are made under: how far each rung goes, and how many it lets go on. Nil without a sweep.
    public let sweepSettings: Stamp?
    public let reportSettings: Stamp
    /// Nil without one.
    public let study: StudyPlan?

    /// The manifest that is trained on.
    public var corpus: String { joint?.manifest ?? pipeline.corpora[0].manifest }
    public var report: String { "\(folder)/report.html" }
    /// The run directories of a sweep that came to their end, a line each, best first.
    public var ranking: String { "\(folder)/sweep/ranking" }
    public var stamps: [Stamp] {
        caches.map(\.settings) + (joint.map { [$0.settings] } ?? []) + runs.map(\.configuration)
            + trials.map(\.configuration) + [trialList, sweepSettings].compactMap(\.self) + [reportSettings]
            + (study?.stamps ?? [])
    }

    /// Plans a pipeline, reading it.
    public init(
        _ source: Source, build: String = "build", layerCount: ((_ model: String) throws -> Int)? = nil
    ) throws {
        try self.init(
            Pipeline(path: source.path, corpus: source.corpus, model: source.model), source: source, build: build,
            layerCount: layerCount)
    }

    /// Plans a pipeline. Looks at the model's folder; writes nothing.
    /// - Parameters:
    ///   - pipeline: the manifest's content.
    ///   - source: where it was read from, for the commands that read it again.
    ///   - build: the folder for everything that is made, as Make sees it.
    ///   - layerCount: the transformer layers of a model, by which cuts and layers are checked, and a study's cuts counted from the
    ///     top. Nil, to look at what there is of runs: nothing is checked, and no study is planned.
    public init(
        _ pipeline: Pipeline, source: Source, build: String = "build",
        layerCount: ((_ model: String) throws -> Int)? = nil
    ) throws {
        self.pipeline = pipeline
        self.source = source
        self.build = build
        try Self.requireMakeable(build, what: "build folder")
        for corpus in pipeline.corpora { try Self.requireMakeable(corpus.manifest, what: "corpus") }
        modelFiles = try Self.modelFiles(pipeline.model)
        let layerCount = try layerCount?(pipeline.model)
        let folder = "\(build)/\(pipeline.name)"
        self.folder = folder
        caches = pipeline.corpora.map { Self.cache(of: $0, pipeline, folder: folder) }
        joint = pipeline.onlyCorpus == nil ? Self.joint(pipeline, folder: folder) : nil

        // Caches are named in it because another cache may well be older than the run: its time alone would not tell Make.
        let heading =
            "# Written by undertone plan; edit the pipeline instead.\n"
            + caches.map { "# cache: \($0.folder)\n" }.joined()
        func settings(_ directory: String, _ configuration: TrainConfiguration, seed: UInt64) -> Stamp {
            var configuration = configuration
            configuration.seed = seed
            return Stamp(path: "\(directory).yaml", content: heading + configuration.yaml)
        }
        runs = pipeline.seeds.map { seed in
            let directory = "\(folder)/runs/seed-\(seed)"
            return Run(directory: directory, configuration: settings(directory, pipeline.train, seed: seed))
        }
        let points = try pipeline.sweep?.points(pipeline.train) ?? []
        if let layerCount { try pipeline.checkCuts(layerCount: layerCount, points: points) }
        var ids: Set<String> = []
        for point in points where !ids.insert(point.id).inserted { throw PlanError.sharedIdentifier(point.id) }
        trials = points.flatMap { point in
            pipeline.seeds.map { seed in
                let directory = "\(folder)/sweep/\(point.id)/seed-\(seed)"
                return Trial(
                    point: point, seed: seed, directory: directory,
                    configuration: settings(directory, point.configuration, seed: seed))
            }
        }
        let rungs = pipeline.sweep.map { Self.rungs(of: $0, points: points, pipeline, folder: folder) } ?? []
        self.rungs = rungs
        trialList =
            trials.isEmpty
            ? nil : Stamp(path: Self.trialListPath(folder), content: trials.map { "\($0.directory)\n" }.joined())
        sweepSettings = pipeline.sweep.map { Self.sweepSettings(of: $0, rungs, folder: folder) }
        let manifest = joint?.manifest ?? pipeline.corpora[0].manifest
        reportSettings = Stamp(
            path: "\(folder)/report.settings",
            content: """
                title: \(pipeline.reportTitle ?? "")
                cache: \(caches.map(\.folder).joined(separator: " "))
                corpus: \(manifest)
                runs: \((trials.isEmpty ? runs.map(\.directory) : trials.map(\.directory)).joined(separator: " "))

                """)
        study = try pipeline.study.flatMap { study in
            guard let layerCount else { return nil }
            return try StudyPlan(
                study, of: pipeline, source: source.path, corpus: manifest,
                layerCount: layerCount, folder: folder)
        }
    }

    private static func cache(of corpus: PipelineCorpus, _ pipeline: Pipeline, folder: String) -> CachePlan {
        let cache = pipeline.cache
        let determining = """
            corpus: \(corpus.manifest)
            model: \(pipeline.model)
            cuts: \(cache.cuts.joined(separator: " "))
            shards: \(cache.shards)
            store: \(cache.store.rawValue)
            pool: \(cache.pool)
            compute: \(cache.compute.rawValue)

            """
        let name = corpus.name.isEmpty ? "cache" : "cache-\(corpus.name)"
        let path = "\(folder)/\(name)-\(shortHash(determining))"
        let shards = (0..<cache.shards).map { index in
            let digits = String(index)
            return "\(path)/shard-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).h5"
        }
        return CachePlan(
            corpus: corpus, folder: path,
            settings: Stamp(path: "\(path).settings", content: determining + cache.tolerances),
            shards: shards)
    }

    private static func joint(_ pipeline: Pipeline, folder: String) -> Joint {
        let lines = pipeline.corpora.map { corpus in
            let labels = pipeline.train.labels.map { label in
                let source = corpus.source(of: label)
                return "\(label.name)=\(source.column) \(scaleText(source.scale)) to \(scaleText(label.scale))"
            }
            return "\(corpus.name)\(corpus.isTestedOnly ? " (tested on)" : ""): \(corpus.manifest) "
                + labels.joined(separator: ", ") + "\n"
        }
        return Joint(
            manifest: "\(folder)/corpora/manifest.csv",
            settings: Stamp(
                path: "\(folder)/corpora.settings",
                content: lines.joined() + "scores by: \(pipeline.train.scoring.by.joined(separator: " "))\n"))
    }

    private static func scaleText(_ scale: ClosedRange<Double>?) -> String {
        scale.map { "[\($0.lowerBound), \($0.upperBound)]" } ?? "as it is"
    }

    private static func rungs(
        of sweep: Sweep, points: [SweepPoint], _ pipeline: Pipeline, folder: String
    ) -> [Rung] {
        let epochs = sweep.halving?.rungs(of: pipeline.train.epochs) ?? [pipeline.train.epochs]
        return epochs.enumerated().map { number, epochs in
            Rung(
                number: number, epochs: epochs,
                points: sweep.halving?.survivors(of: points.count, in: number) ?? points.count,
                admission: number == 0 ? nil : "\(folder)/sweep/rung-\(number)")
        }
    }

    static func trialListPath(_ folder: String) -> String { "\(folder)/sweep/trials" }

    static func sweepSettingsPath(_ folder: String) -> String { "\(folder)/sweep.settings" }

    /// Not how many trials there are, of which the list tells: more of them leave those that there are alone.
    private static func sweepSettings(of sweep: Sweep, _ rungs: [Rung], folder: String) -> Stamp {
        let epochs = rungs.map { "\($0.epochs)" }.joined(separator: " ")
        return Stamp(
            path: sweepSettingsPath(folder),
            content: "rungs: \(epochs)\n" + (sweep.halving.map { "eta: \($0.eta)\n" } ?? ""))
    }

    /// Writes the settings files, each only where its content changes.
    public func writeStamps() throws(RunError) {
        for stamp in stamps {
            _ = try writing(as: RunError.self) { () throws(WriteFailure) in
                try AtomicFile.writeIfChanged(stamp.content, to: stamp.path, makingFolders: true)
            }
        }
    }

    /// Writes the rules to `path` only where they change, so that Make does not read its makefiles again for nothing.
    /// - Returns: whether they changed.
    public func writeRules(to path: String) throws(RunError) -> Bool {
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try AtomicFile.writeIfChanged(makeRules, to: path, makingFolders: true)
        }
    }
}
