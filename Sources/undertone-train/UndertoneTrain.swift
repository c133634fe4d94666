import ArgumentParser
import Console
import Foundation
import Kernels
import Runs
import Training

/// Stage two: trains the layers above the cut and the regression heads from a cache.
@main
struct UndertoneTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undertone-train",
        abstract: "Train the top layers and the regression heads from a cache of hidden states.",
        usage: "undertone-train [<options>] --cache <folder> --out <folder> [--set <key=value> ...]",
        discussion: """
            Needs nothing but the cache: the labels and the weights above the cut travel in it. The run directory \
            receives config.yaml, metrics.jsonl, result.json, scores.csv, predictions-<split>.csv and best.safetensors.

            Example:
              undertone-train --cache build/cache --out build/runs/first \\
                --set 'labels=[activation,valence]'

            What is trained, beside the heads (docs/training.md has every key):
              --set layers=3         the top three layers (the default)
              --set layers=all       all layers, from cut cnn the embedding too
              --set layers=0         nothing
              --set tuning=lora      low-rank adapters of these layers; also biases, norms
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "The cache directory that undertone-cache wrote. Repeatable: caches of several corpora, with --corpus "
                + "naming the utterances of all.", valueName: "folder"))
    var cache: [String]

    @Option(help: ArgumentHelp("The run directory to write.", valueName: "folder"))
    var out: String

    @Option(
        help: ArgumentHelp(
            "A training configuration in YAML; every key has a default but labels.", valueName: "file.yaml"))
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Override one key of the configuration, e.g. optimiser.learning_rate.layers=1e-5. Repeatable.",
            valueName: "key=value"))
    var overrides: [String] = []

    @Option(
        help: ArgumentHelp(
            "A newer manifest than the one in the cache, for labels and splits.", valueName: "manifest.csv"))
    var corpus: String?

    @Flag(help: "Go on with an interrupted run in --out; a finished one is left as it is.")
    var resume = false

    @Flag(
        help: ArgumentHelp(
            "Begin anew over the run that --out holds; with --resume, only where that is of another configuration, "
                + "cache or corpus."))
    var replace = false

    @Option(
        help: ArgumentHelp(
            "Precision of the products; auto: bfloat16 where the processor multiplies it, else float32. (default: the "
                + "configuration's)"))
    var compute: TrainConfiguration.Compute?

    @Option(
        help: ArgumentHelp(
            "Threads. (default: the configuration's, or OMP_NUM_THREADS, or one per core)", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Stop cleanly once so many epochs are done; --resume without it, or with a later one, goes on as if it had "
                + "not stopped.", valueName: "n"))
    var untilEpoch: Int?

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Print the result as JSON on standard output.")
    var json = false

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); expected 1 or more") }
        if let untilEpoch, untilEpoch < 1 {
            throw ValidationError("--until-epoch is \(untilEpoch); expected 1 or more")
        }
        if cache.count > 1, corpus == nil {
            throw ValidationError("several caches are given; give --corpus <manifest.csv> with the utterances of all")
        }
    }

    func run() {
        do {
            Interruption.install()
            try train(try settings())
        } catch {
            exitReporting(error)
        }
    }

    /// The validated arguments.
    private func settings() throws -> StageTwo.Settings {
        var configuration = try TrainConfiguration(path: config, overrides: overrides)
        if let compute { configuration.compute = compute }
        if let threads { configuration.threads = threads }
        let threads = configuration.threads ?? Self.machineThreads
        return StageTwo.Settings(
            cacheDirectories: cache, runDirectory: out, configuration: configuration, manifest: corpus, resume: resume,
            replace: replace, engine: CPUEngine(threads: threads), precision: configuration.compute.precision,
            threads: threads, device: CPUEngine.processorName,
            versions: ["undertone": Version.text, "onednn": CPUEngine.libraryVersion, "swift": Version.swift],
            untilEpoch: untilEpoch)
    }

    /// Runs side by side are given their share of the machine by OMP_NUM_THREADS, which is no part of what a run is: one that
    /// is gone on with under another share is still the same.
    private static var machineThreads: Int {
        let said = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap { Int($0) } ?? 0
        return said > 0 ? said : ProcessInfo.processInfo.activeProcessorCount
    }

    private func train(_ settings: StageTwo.Settings) throws {
        let threads = settings.threads == 1 ? "1 thread" : "\(settings.threads) threads"
        let narrator = Narrator(
            mode: progress, epochs: settings.configuration.epochs,
            opening: "training in \(settings.precision.rawValue) on \(threads) of \(settings.device)")
        let log = TensorBoardLog(RunDirectory(path: settings.runDirectory), warn: narrator.say)
        let stage = StageTwo(
            settings,
            report: { event in
                narrator.report(event)
                log.report(event)
            }, isInterrupted: { Interruption.isRequested })
        defer { narrator.leaveBar() }
        guard
            let lock = try RunDirectory(path: settings.runDirectory).lock(
                onWait: { narrator.say("\(settings.runDirectory): another process trains this run; waiting for it") },
                shouldStop: { Interruption.isRequested })
        else { throw Interrupted() }
        let result: RunResult
        do {
            result = try stage.run()
        } catch let reached as EpochReached {
            narrator.say(
                "\(settings.runDirectory): stopped after epoch \(reached.epoch) of \(settings.configuration.epochs); "
                    + "--resume goes on")
            return
        }
        _ = consume lock
        if narrator.heardNothing {
            narrator.say("\(settings.runDirectory): this run was finished before; nothing is done over again")
        }
        narrator.leaveBar()
        print(json ? try Summary.json(result) : Summary.text(result, directory: settings.runDirectory))
    }
}

extension TrainConfiguration.Compute: ExpressibleByArgument {}
extension ProgressReporter.Mode: ExpressibleByArgument {}
