import ArgumentParser
import AudioTraining
import Buffers
import Caching
import Console
import Corpus
import Foundation
import Kernels
import Runs
import Training

/// Stage two: trains the layers above the cut and the regression heads from a cache, or from the recordings themselves.
@main
struct UndertoneTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undertone-train",
        abstract: "Train an encoder's upper layers and regression heads, from a cache or from recordings.",
        usage: "undertone-train [<options>] --cache <folder> --out <folder> [--set <key=value> ...]",
        discussion: """
            Needs nothing but the cache: the labels and the weights above the cut travel in it. The run directory \
            receives config.yaml, metrics.jsonl, result.json, scores.csv, predictions-<split>.csv and best.safetensors. \
            Of several seeds it receives as many run directories, and seeds.json with the mean and the standard deviation \
            of every score.

            Example:
              undertone-train --cache build/cache --out build/runs/first \\
                --set 'labels=[activation,valence]'
              undertone-train --audio --corpus manifest.csv --model path/to/model \\
                --out build/runs/uncached --set 'labels=[activation,valence]'

            What is trained, beside the heads (docs/training.md has every key):
              --set layers=3         the top three layers (the default)
              --set layers=all       all layers, from cut cnn the embedding too
              --set layers=0         nothing
              --set tuning=lora      low-rank adapters of these layers; also biases, norms

            And how:
              --set memory=2GB       any batch, in pieces, with the loss of the whole
              --set 'seeds=[1,2,3]'  a run for each, in seed-<n>, and seeds.json
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "The cache directory that undertone-cache wrote. Repeatable: caches of several corpora, with --corpus "
                + "naming the utterances of all.", valueName: "folder"))
    var cache: [String] = []

    @Flag(help: "Compute the frozen layers anew for every batch, from the recordings of --corpus: no cache is needed.")
    var audio = false

    @Option(
        help: ArgumentHelp(
            "With --audio: the model, as undertone-cache takes it; a folder, or random:wav2vec2-base?seed=0.",
            valueName: "model"))
    var model: String?

    @Flag(
        help: ArgumentHelp(
            "With --audio: name no audio file in the run directory or in messages, where ids stand for them, and of "
                + "the model's path only its last part."))
    var noPaths = false

    @Option(
        help: ArgumentHelp(
            "With --audio: how many recordings may be unusable, as a number or a percentage of the corpus, before "
                + "training is refused. (default: 0)", valueName: "n|p%"))
    var maxRejects: RejectLimit?

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
            "The manifest of the recordings, with --audio; else a newer one than the cache's, for labels and splits.",
            valueName: "manifest.csv"))
    var corpus: String?

    @Flag(help: "Go on with an interrupted run in --out; a finished one is not trained again.")
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
            "How long to train between two savings of the state: what kill -9 loses at most. 0: save after every step.",
            valueName: "seconds"))
    var saveEvery = 30.0

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
        guard saveEvery >= 0, saveEvery.isFinite else {
            throw ValidationError("--save-every is \(saveEvery); expected seconds, 0 or more")
        }
        if let untilEpoch, untilEpoch < 1 {
            throw ValidationError("--until-epoch is \(untilEpoch); expected 1 or more")
        }
        if audio {
            if !cache.isEmpty {
                throw ValidationError("--audio trains without a cache; give --cache or --audio, not both")
            }
            guard corpus != nil, model != nil else {
                throw ValidationError("--audio reads recordings; give --corpus <manifest.csv> and --model <model> too")
            }
        } else {
            if model != nil {
                throw ValidationError(
                    "--model is of use with --audio; the model of a cache is the one it was made with")
            }
            if noPaths {
                throw ValidationError(
                    "--no-paths is of use with --audio; what a cache says of paths is for undertone-cache --no-paths")
            }
            if maxRejects != nil {
                throw ValidationError(
                    "--max-rejects is of use with --audio; a cache's are for undertone-cache --max-rejects")
            }
            if cache.isEmpty {
                throw ValidationError("give --cache <folder>, or --audio to train from the recordings themselves")
            }
            if cache.count > 1, corpus == nil {
                throw ValidationError(
                    "several caches are given; give --corpus <manifest.csv> with the utterances of all")
            }
        }
    }

    func run() {
        do {
            Interruption.install()
            try train()
        } catch {
            exitReporting(error)
        }
    }

    private func train() throws {
        let configuration = try readConfiguration()
        if configuration.memory != nil { returnFreedMemory() }
        let precision = configuration.compute.precision
        // The machine's share is no part of what a run is: one that is gone on with under another is still the same.
        let threads = configuration.threads ?? machineThreadCount
        let words = threads == 1 ? "1 thread" : "\(threads) threads"
        let narrator = Narrator(
            mode: progress, epochs: configuration.epochs,
            opening: "training in \(precision.rawValue) on \(words) of \(CPUEngine.processorName)")
        defer { narrator.leaveBar() }
        guard
            let lock = try RunDirectory(path: out).lock(
                onWait: { narrator.say("\(out): another process trains this run; waiting for it") },
                shouldStop: { Interruption.isRequested })
        else { throw Interrupted() }
        let settings = StageTwo.Settings(
            features: try features(configuration, precision: precision, threads: threads, narrator),
            runDirectory: out, configuration: configuration, manifest: corpus, resume: resume, replace: replace,
            engine: CPUEngine(
                threads: threads, memoryLimit: configuration.memory.map(MemoryPlan.engineBytes) ?? .max),
            precision: precision, threads: threads, device: CPUEngine.processorName,
            versions: ["undertone": Version.text, "onednn": CPUEngine.libraryVersion, "swift": Version.swift],
            secondsBetweenStates: saveEvery, untilEpoch: untilEpoch)
        let summary: String
        do {
            summary = try train(settings, narrator)
        } catch let reached as EpochReached {
            narrator.leaveBar()
            narrator.say(
                "\(out): stopped after epoch \(reached.epoch) of \(configuration.epochs); --resume goes on")
            return
        }
        _ = consume lock
        narrator.leaveBar()
        if narrator.heardNothing {
            narrator.say("\(out): this run was finished before; nothing is done over again")
        }
        print(summary)
    }

    /// - Returns: what came of it, for standard output.
    private func train(_ settings: StageTwo.Settings, _ narrator: Narrator) throws -> String {
        let log = TensorBoardLog(RunDirectory(path: out), warn: narrator.say)
        func report(_ event: TrainingEvent) {
            narrator.report(event)
            log.report(event)
        }
        do {
            return try summary(of: settings, report)
        } catch {
            log.report(error)
            throw error
        }
    }

    private func summary(
        of settings: StageTwo.Settings, _ report: @escaping (TrainingEvent) -> Void
    ) throws -> String {
        guard let seeds = settings.configuration.seeds else {
            let result = try StageTwo(settings, report: report, isInterrupted: { Interruption.isRequested }).run()
            return json ? try Summary.json(result) : Summary.text(result, directory: out)
        }
        let result = try SeedSeries(
            settings, seeds: seeds, report: report, isInterrupted: { Interruption.isRequested }
        ).run()
        return json ? try Summary.json(result) : Summary.text(result, directory: out)
    }

    /// With what the command line says of it.
    private func readConfiguration() throws -> TrainConfiguration {
        var configuration = try TrainConfiguration(path: config, overrides: overrides)
        if let compute { configuration.compute = compute }
        if let threads { configuration.threads = threads }
        return configuration
    }

    private func features(
        _ configuration: TrainConfiguration, precision: Precision, threads: Int, _ narrator: Narrator
    ) throws -> any FeatureSource {
        guard audio, let corpus, let model else { return try CachedFeatures(directories: cache) }
        let manifest = try CorpusManifest.load(corpus)
        do {
            let features = try RecordedFeatures(
                corpus: manifest, model: model, configuration: configuration, precision: precision, threads: threads,
                withholdsPaths: noPaths, shouldStop: { Interruption.isRequested })
            // What is at fault is said before anything is trained, and whatever shows progress.
            for reject in features.rejects { narrator.warn("rejected: \(reject.reason) (\(corpus):\(reject.line))") }
            let notes = NoteTally(manifestPath: corpus, withholdsPaths: noPaths)
            for (utterance, note) in features.notes {
                if let line = notes.line(note, of: utterance) { narrator.warn(line) }
            }
            notes.closingLines.forEach(narrator.warn)
            try features.checkRejects(maxRejects ?? .count(0))
            return features
        } catch is StopRequest {
            throw TrainingError.interrupted(path: nil)
        }
    }
}

extension RejectLimit: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
extension TrainConfiguration.Compute: ExpressibleByArgument {}
extension ProgressReporter.Mode: ExpressibleByArgument {}
