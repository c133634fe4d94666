import ArgumentParser
import Checkpoints
import Console
import Foundation
import ModelHub
import Synchronization

struct ModelFetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch a pretrained encoder from a Hugging Face hub.",
        discussion: """
            Only what Undertone needs comes: config.json, preprocessor_config.json and the weights. Each file is \
            compared with the hash that the hub has of it before it gets its name; an interrupted fetch goes on where \
            it stopped, and what is there already does not come again. source.json says where it all came from.

            HF_ENDPOINT names another hub than https://huggingface.co, HF_TOKEN the token for a model that is not \
            public.

            Example:
              undertone model fetch facebook/wav2vec2-base --to models/wav2vec2-base
            """)

    @Argument(help: ArgumentHelp("The model's name on the hub, such as facebook/wav2vec2-base.", valueName: "name"))
    var name: HubName

    @Option(help: ArgumentHelp("The folder for it; made if it is not there.", valueName: "folder"))
    var to: String

    @Option(help: ArgumentHelp("A branch, tag or commit. (default: main)", valueName: "revision"))
    var revision: String?

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Print what was fetched as JSON on standard output.")
    var json = false

    func validate() throws {
        guard let revision else { return }
        if name.revision != nil { throw ValidationError("--revision: '\(name)' names one already; give one of them") }
        guard HubName.isRevision(revision) else {
            throw ValidationError("--revision is '\(revision)'; expected a branch, tag or commit")
        }
    }

    func run() {
        reportingFaults {
            Interruption.install()
            let notices = ProgressReporter(mode: progress == .json ? .json : .none, label: "", total: 0, unit: "MB")
            let reporter = Mutex<ProgressReporter?>(nil)
            let wanted = revision.flatMap { HubName("\(name)@\($0)") } ?? name
            let fetch = ModelFetch(
                wanted, to: to, settings: try HubSettings(),
                observer: FetchObserver(
                    shouldStop: { Interruption.isRequested },
                    onPlan: { [progress] files, bytes in
                        reporter.withLock {
                            $0?.finish()
                            $0 = ProgressReporter(
                                mode: progress, label: "fetching", total: files, totalWork: Double(bytes) / 1e6,
                                unit: "MB")
                        }
                    },
                    onProgress: { files, bytes in
                        reporter.withLock { $0?.advance(done: files, work: Double(bytes) / 1e6) }
                    },
                    onMessage: { line in (reporter.withLock { $0 } ?? notices).message(line) }))
            let outcome: ModelFetch.Outcome
            do {
                defer { reporter.withLock { $0?.finish() } }
                outcome = try fetch.run()
            }
            if !outcome.hasPreprocessor {
                notices.message(
                    "warning: \(name.repository) has no preprocessor_config.json; it says whether waveforms are "
                        + "normalised, and without it the model cannot be used")
            }
            print(json ? try Words.json(outcome) : text(outcome))
        }
    }

    private func text(_ outcome: ModelFetch.Outcome) -> String {
        let provenance = outcome.provenance
        let bytes = Words.bytes(provenance.files.reduce(0) { $0 + $1.bytes })
        let news =
            outcome.fetched.isEmpty
            ? "everything was there" : "\(outcome.fetched.count) of \(provenance.files.count) files came"
        let licence = provenance.licence.map { "licence: \($0)" } ?? "licence: not said; see the model's page"
        return """
            \(to): \(provenance.repository) at \(provenance.commit), \(bytes); \(news)
            \(licence)
            """
    }
}

extension HubName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
