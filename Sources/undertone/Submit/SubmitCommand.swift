import ArgumentParser
import Console
import Foundation
import Pipelines

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Hand what is missing of a pipeline's report to Slurm.",
        discussion: """
            Writes a script per job into the pipeline's folder under slurm/ and submits them with sbatch, each to begin \
            once those that it needs have come to a good end: an array over shards, the cache, an array over runs or \
            over the trials of each rung of a sweep, the report. What each asks for is said in the manifest under \
            launcher (docs/cluster.md).

            Jobs whose time is up or whose node dies are queued again and go on where they stopped. While any job of \
            the pipeline is in the queue, nothing is submitted; after failures, the same command submits what is still \
            missing.
            """)

    @OptionGroup var arguments: PipelineArguments

    @Flag(help: "Print all scripts and the commands that would submit them; write and submit nothing.")
    var dryRun = false

    @Flag(help: "Print what was submitted as JSON.")
    var json = false

    func validate() throws {
        if dryRun, json { throw ValidationError("--dry-run prints scripts; leave out --json") }
    }

    func run() {
        reportingFaults {
            Interruption.install()
            let plan = try arguments.plan()
            guard case .slurm(let settings) = plan.pipeline.launcher else {
                throw SubmitFault.notSlurm(arguments.pipeline)
            }
            if dryRun {
                let jobs = try Self.missing(plan, settings)
                print(
                    jobs.jobs.isEmpty ? "everything is up to date" : jobs.dryRun,
                    terminator: jobs.jobs.isEmpty ? "\n" : "")
                return
            }
            let submission = try Submission(plan) { try Self.missing(plan, settings) }
            print(json ? try Words.json(submission.report) : submission.text)
        }
    }

    private static func missing(_ plan: Plan, _ settings: SlurmSettings) throws -> SlurmPlan {
        // Not the study's page, whose runs are timed one at a time.
        let explanation = Explanation(plan, target: plan.report)
        guard explanation.absent.isEmpty else { throw SubmitFault.absent(explanation.absent) }
        // The nodes have neither this program's folder to go by nor a PATH that is known here.
        return SlurmPlan(plan, explanation, settings: settings, programs: URL(filePath: programFolder).path)
    }
}
