import Files
import Foundation
import Runs

/// Which files a pipeline makes, from which others: what the Make rules are written from.
///
/// The cache's folder carries a hash of what it was made from and how, so that two settings never share a folder, and
/// going back to a former setting finds its cache as it was left. Settings lie in small files that are written only
/// when they change: their modification times tell Make what has to be done again.
public struct Plan: Sendable, Equatable {
    /// A file that holds settings, and what it must hold.
    public struct Stamp: Sendable, Equatable {
        public var path: String
        public var content: String
    }

    public struct Run: Sendable, Equatable {
        public var directory: String
        /// The training configuration, given to stage two with `--config`.
        public var configuration: Stamp

        public var result: String { RunDirectory(path: directory).resultPath }
    }

    public let pipeline: Pipeline
    /// The files of the model's folder that exist and matter; empty for a random model.
    public let modelFiles: [String]
    /// `build/<name>`
    public let folder: String
    public let cacheFolder: String
    public let cacheSettings: Stamp
    public let runs: [Run]
    public let reportSettings: Stamp

    public var shards: [String] {
        (0..<pipeline.cache.shards).map { index in
            let digits = String(index)
            return "\(cacheFolder)/shard-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).h5"
        }
    }
    public var cacheManifest: String { "\(cacheFolder)/cache.json" }
    public var report: String { "\(folder)/report.html" }

    /// Plans a pipeline. Looks at the model's folder; writes nothing.
    /// - Parameter build: the folder for everything that is made, as Make sees it.
    public init(_ pipeline: Pipeline, build: String = "build") throws(PlanError) {
        self.pipeline = pipeline
        try Self.requireMakeable(build, what: "build folder")
        try Self.requireMakeable(pipeline.corpus, what: "corpus")
        modelFiles = try Self.modelFiles(pipeline.model)

        let cache = pipeline.cache
        let determining = """
            corpus: \(pipeline.corpus)
            model: \(pipeline.model)
            cuts: \(cache.cuts.joined(separator: " "))
            shards: \(cache.shards)
            store: \(cache.store.rawValue)
            pool: \(cache.pool)
            compute: \(cache.compute.rawValue)

            """
        folder = "\(build)/\(pipeline.name)"
        cacheFolder = "\(folder)/cache-\(shortHash(determining))"
        cacheSettings = Stamp(
            path: "\(cacheFolder).settings", content: determining + "max_rejects: \(cache.maxRejects)\n")

        let run = "\(folder)/runs/seed-\(pipeline.train.seed)"
        // The cache is named in it because another cache may well be older than the run: its time alone would not
        // tell Make.
        let content =
            "# Written by undertone plan; edit the pipeline instead.\n# cache: \(cacheFolder)\n\(pipeline.train.yaml)"
        runs = [Run(directory: run, configuration: Stamp(path: "\(run).yaml", content: content))]

        reportSettings = Stamp(
            path: "\(folder)/report.settings",
            content: """
                title: \(pipeline.reportTitle ?? "")
                cache: \(cacheFolder)
                corpus: \(pipeline.corpus)
                runs: \(runs.map(\.directory).joined(separator: " "))

                """)
    }

    /// Writes the settings files, each only where its content changes.
    public func writeStamps() throws(RunError) {
        for stamp in [cacheSettings, reportSettings] + runs.map(\.configuration) {
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

    /// Make splits words at white space and gives meaning to a handful of characters; some cannot be escaped in every
    /// place, so none of them is let through.
    static func requireMakeable(_ path: String, what: String) throws(PlanError) {
        for character in path {
            let harmless = character.isLetter || character.isNumber || "._/+,@-".contains(character)
            guard harmless else { throw .unmakeablePath(what: what, path: path, character: character) }
        }
    }

    private static func modelFiles(_ model: String) throws(PlanError) -> [String] {
        if model.hasPrefix("random:") { return [] }
        try requireMakeable(model, what: "model")
        let folder = model.count > 1 && model.hasSuffix("/") ? String(model.dropLast()) : model
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard names.contains("config.json") else { throw .missingModel(model) }
        let files = names.sorted().filter { name in
            ["config.json", "preprocessor_config.json"].contains(name)
                || (name.hasPrefix("model") || name.hasPrefix("pytorch_model"))
                    && [".safetensors", ".bin", ".index.json"].contains(where: name.hasSuffix)
        }
        for file in files { try requireMakeable(file, what: "model file") }
        return files.map { "\(folder)/\($0)" }
    }
}

/// Eight hexadecimal digits to tell folders apart (FNV-1a, 64 bits, folded). It guards nothing: the cache program
/// compares the full key and refuses a folder with another.
func shortHash(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
