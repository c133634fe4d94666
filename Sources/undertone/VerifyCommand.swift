import ArgumentParser
import CacheInspection
import Console
import Foundation

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read a whole cache against its checksums, and repair what is damaged.",
        discussion: """
            Everything is compared with what the cache records about itself: every row with its checksum, every \
            utterance with the shard it belongs in, the weights above the cut, the counts, the corpus. One line per \
            finding says what is damaged; the exit code is then 65.

            With --repair, what is damaged is computed again with the cache's own settings, and nothing else is: the \
            rows are then the same bits as before. A shard that cannot be opened is set aside as shard-00000.h5.damaged.

            Example:
              undertone verify build/cache --repair --corpus corpus/manifest.csv
            """)

    @Argument(help: ArgumentHelp("The cache directory, as undertone-cache wrote it with --out.", valueName: "cache"))
    var cache: String

    @Flag(help: "Compute again what is damaged.")
    var repair = false

    @Option(
        help: ArgumentHelp(
            "The manifest that the cache was made from, which says where the recordings are.",
            valueName: "manifest.csv"))
    var corpus: String?

    @Option(
        help: ArgumentHelp(
            "The model that the cache was made with. (default: as cache.json has it)", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("Cores to repair with. (default: OMP_NUM_THREADS, or all)", valueName: "n"))
    var workers: Int?

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Print the findings as JSON on standard output.")
    var json = false

    func validate() throws {
        if let workers, workers < 1 { throw ValidationError("--workers is \(workers); expected 1 or more") }
        for (name, isGiven) in [("--corpus", corpus != nil), ("--model", model != nil), ("--workers", workers != nil)]
        where isGiven && !repair {
            throw ValidationError("\(name) is for repairing; expected --repair with it")
        }
    }

    func run() {
        reportingFaults {
            Interruption.install()
            let (verifier, verification) = try verify()
            guard repair, !verification.isSound else {
                try show(VerifyReport(directory: cache, verification: verification))
                guard verification.isSound else {
                    throw RepairError.damaged(directory: cache, count: verification.damage.count)
                }
                return
            }
            // Said before the repair, which may take long.
            if !json { print(VerifyReport(directory: cache, verification: verification).text) }
            let outcome = try repairJob.run(verifier, verification)
            let after = try verify().verification
            let report = VerifyReport(directory: cache, verification: verification, repair: outcome, after: after)
            print(json ? try report.json() : report.repairText)
            guard after.isSound else {
                throw RepairError.stillDamaged(directory: cache, count: after.damage.count)
            }
            if outcome.unusable > 0 {
                throw RepairError.rejects(count: outcome.unusable, listedIn: "\(cache)/rejects.csv")
            }
        }
    }

    private func show(_ report: VerifyReport) throws { print(json ? try report.json() : report.text) }

    private func verify() throws -> (verifier: CacheVerifier, verification: CacheVerification) {
        let verifier = try CacheVerifier(directory: cache)
        let reporter = ProgressReporter(
            mode: progress, label: "verifying", total: verifier.utteranceCount,
            totalWork: Double(verifier.byteCount) / 1e6, unit: "MB")
        defer { reporter.finish() }
        let verification = try verifier.verify(
            shouldStop: { Interruption.isRequested },
            onProgress: { reporter.advance(done: $0, work: Double($1) / 1e6) })
        return (verifier, verification)
    }

    private var repairJob: RepairJob {
        let notices = ProgressReporter(mode: progress == .json ? .json : .none, label: "", total: 0, unit: "audio s")
        return RepairJob(
            directory: cache, manifestPath: corpus, model: model,
            workerCount: workers ?? machineThreadCount, progress: progress,
            say: { notices.message($0) })
    }
}

extension ProgressReporter.Mode: ExpressibleByArgument {}
