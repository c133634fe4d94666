import ArgumentParser
import Caching
import Console
import FeatureStore
import Foundation
import Kernels
import SpeechEncoder

/// Stage one: runs the frozen lower layers of a speech encoder over a corpus, once, and keeps what they give.
@main
struct UndertoneCache: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undertone-cache",
        abstract: "Run the frozen lower layers of a speech encoder over a corpus and cache their hidden states.",
        discussion: """
            The cache is all that training needs: features, labels, and the weights above the cut. An interrupted run \
            goes on where it stopped; a grown corpus computes only what is new.

            Example:
              undertone-cache --corpus corpus/manifest.csv --model wav2vec2-base/ \\
                --cut 9 --out build/cache
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "The corpus manifest: a CSV file with the columns id, path, split, speaker and any labels.",
            valueName: "manifest.csv"))
    var corpus: String

    @Option(
        help: ArgumentHelp(
            "A model's folder in Hugging Face layout; the name of one in the Hugging Face cache, such as "
                + "facebook/wav2vec2-base; or random:wav2vec2-base?seed=0.", valueName: "model"))
    var model: String

    @Option(
        name: .customLong("cut"), parsing: .unconditionalSingleValue,
        help: "Where to cut: cnn, 0 (input of the first layer) or k (output of the k-th layer). Repeatable.")
    var cuts: [Cut]

    @Option(help: ArgumentHelp("The cache directory to write.", valueName: "folder"))
    var out: String

    @Option(
        help: ArgumentHelp(
            "Into how many files the features go. (default: as many as the cache has, or 1)", valueName: "n"))
    var shards: Int?

    @Option(
        help: ArgumentHelp(
            "Make this shard only, counted from 0; a run without it completes the cache.", valueName: "k"))
    var onlyShard: Int?

    @Option(help: "Precision of the products; auto: bfloat16 where the processor multiplies it, else float32.")
    var compute: ComputeChoice = .auto

    @Option(
        help: ArgumentHelp(
            "How values are stored: float16 up to 65504; bfloat16 with float32's range and an eighth of float16's "
                + "precision; int8 in half their space, with a scale per frame."))
    var store: StorageFormat = .float16

    @Option(
        help: ArgumentHelp(
            "Store the mean of every k neighbouring frames in their place. 2 halves the cache and the frames to "
                + "train on; the trained layers then see 40 ms steps, where they were pretrained on 20 ms.",
            valueName: "k"))
    var pool = 1

    @Option(
        help: ArgumentHelp(
            "Cores to use, each for an utterance of its own. (default: OMP_NUM_THREADS, or all)", valueName: "n"))
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "How many recordings may be unusable, as a number or a percentage of the corpus, before the run that "
                + "completes the cache fails. They are listed in rejects.csv; the others are cached all the same.",
            valueName: "n|p%"))
    var maxRejects: RejectLimit = .count(0)

    @Option(
        help: ArgumentHelp(
            "How often what is computed is put safely on the disk: whatever ends the run, no more is lost than that and "
                + "the recordings being computed.",
            valueName: "seconds"))
    var sealEvery = 30.0

    @Flag(help: "Drop the rows of utterances that the manifest no longer has; without it they stay.")
    var prune = false

    @Flag(
        help: ArgumentHelp(
            "Name no audio file in corpus.csv, rejects.csv, cache.json or messages: ids stand for them. Training needs "
                + "no paths."))
    var noPaths = false

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Say what would be done, how much it would take of time and disk, and do nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Append what the run took to this file, however it ends: seconds, speech computed and peak memory, a line of "
                + "JSON.", valueName: "file"))
    var measures: String?

    @Flag(help: "Print the summary as JSON on standard output.")
    var json = false

    func validate() throws {
        guard !cuts.isEmpty else { throw ValidationError("--cut is missing; expected cnn, 0 or a layer, such as 9") }
        for (name, value, least) in [
            ("--shards", shards, 1), ("--workers", workers, 1), ("--only-shard", onlyShard, 0),
            ("--pool", pool, 1),
        ] {
            if let value, value < least { throw ValidationError("\(name) is \(value); expected \(least) or more") }
        }
        guard 0...86_400 ~= sealEvery else {
            throw ValidationError("--seal-every is \(sealEvery); expected a number of seconds from 0 to 86400")
        }
        if let shards, shards > 99_999 { throw ValidationError("--shards is \(shards); expected at most 99999") }
        if pool > 1000 { throw ValidationError("--pool is \(pool); expected at most 1000") }
    }

    func run() {
        do {
            Interruption.install()
            try CacheJob(validated()).run()
        } catch {
            exitReporting(error)
        }
    }

    /// The validated arguments.
    private func validated() -> CacheJob.Arguments {
        CacheJob.Arguments(
            manifestPath: corpus, model: model, cuts: Set(cuts).sorted(), directory: out, shardCount: shards,
            onlyShard: onlyShard, compute: compute.precision, storage: store, pool: pool,
            workerCount: workers ?? machineThreadCount, rejectLimit: maxRejects,
            sealDuration: .seconds(sealEvery), prunes: prune, withholdsPaths: noPaths, progress: progress,
            isDryRun: dryRun, printsJSON: json, measuresPath: measures)
    }
}

extension Cut: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
extension RejectLimit: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public var defaultValueDescription: String { description }
}
extension StorageFormat: ExpressibleByArgument {}
extension ProgressReporter.Mode: ExpressibleByArgument {}
