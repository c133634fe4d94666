import Console
import Foundation
import Pipelines

/// What came of handing a pipeline to Slurm.
struct Submission {
    enum Outcome {
        case submitted([SlurmRecord.Entry])
        /// Nothing was submitted: these are still at it.
        case queued([SlurmQueue.Job])
        case upToDate
    }

    private let plan: Plan
    let outcome: Outcome

    /// Submits what is missing, unless jobs of the pipeline are in the queue. Either all jobs are submitted or none.
    /// - Parameter missing: asked once it is clear that no job changes what is there.
    init(_ plan: Plan, missing: () throws -> SlurmPlan) throws {
        self.plan = plan
        let record = SlurmRecord(plan)
        guard
            let lock = try record.lock(
                onWait: {
                    printToStandardError("\(record.path): another process submits this pipeline; waiting for it")
                },
                shouldStop: { Interruption.isRequested })
        else { throw Interrupted() }
        let queued = try Self.queue(plan, record).jobs
        let jobs = queued.isEmpty ? try missing() : nil
        if let jobs, !jobs.jobs.isEmpty {
            try plan.writeStamps()
            try jobs.write()
            outcome = .submitted(try Self.submit(jobs, record))
        } else {
            outcome = queued.isEmpty ? .upToDate : .queued(queued)
        }
        _ = consume lock
    }

    private static func queue(_ plan: Plan, _ record: SlurmRecord) throws -> SlurmQueue {
        let output = try SlurmProgram.run(
            ["squeue", "--user=\(geteuid())", "--array", "--noheader", "--format=\(SlurmQueue.format)"])
        return SlurmQueue(
            output, recorded: record.identifiers(), pipeline: plan.pipeline.name,
            directory: FileManager.default.currentDirectoryPath)
    }

    private static func submit(_ jobs: SlurmPlan, _ record: SlurmRecord) throws -> [SlurmRecord.Entry] {
        var identifiers: [String: String] = [:]
        var entries: [SlurmRecord.Entry] = []
        do {
            for job in jobs.jobs {
                try Interruption.check()
                let command = jobs.submission(of: job) { identifiers[$0] ?? $0 }
                // With --parsable: the identifier, and after a semicolon the cluster's name where there are several.
                let identifier = String(try SlurmProgram.run(command).prefix { $0.isNumber })
                guard !identifier.isEmpty else { throw SubmitFault.refused(command, code: 0, said: ["no identifier"]) }
                identifiers[job.name] = identifier
                entries.append(
                    .init(
                        job: identifier, name: jobs.slurmName(of: job), tasks: job.taskCount(jobs.settings),
                        after: job.after.compactMap { identifiers[$0] }))
                try record.append(entries[entries.count - 1])
            }
        } catch {
            // What is submitted would wait for what is not.
            if !entries.isEmpty { _ = try? SlurmProgram.run(["scancel"] + entries.map(\.job)) }
            throw error
        }
        return entries
    }
}

extension Submission {
    struct Report: Encodable {
        struct Queued: Encodable {
            var job: String
            var name: String
            var states: [String: Int]
        }

        var state: String
        var submitted: [SlurmRecord.Entry] = []
        var queued: [Queued] = []
    }

    var report: Report {
        switch outcome {
        case .submitted(let entries): Report(state: "submitted", submitted: entries)
        case .queued(let jobs):
            Report(
                state: "queued",
                queued: jobs.map { .init(job: $0.identifier, name: $0.name, states: $0.states) })
        case .upToDate: Report(state: "up_to_date")
        }
    }

    var text: String {
        switch outcome {
        case .upToDate: return "everything is up to date; nothing was submitted"
        case .submitted(let entries):
            var table = TextTable([.left, .right, .right, .left])
            table.add("job", "id", "tasks", "after")
            for entry in entries {
                table.add(entry.name, entry.job, entry.tasks.map(String.init) ?? "", entry.after.joined(separator: " "))
            }
            let identifiers = entries.map(\.job)
            return
                (["submitted \(Words.counted(entries.count, "job"))"] + table.lines + [
                    "look: squeue --jobs=\(identifiers.joined(separator: ","))", "logs: \(plan.folder)/slurm/log",
                    "stop: scancel \(identifiers.joined(separator: " "))", "report: \(plan.report)",
                ]).joined(separator: "\n")
        case .queued(let jobs):
            var table = TextTable([.left, .right, .left])
            for job in jobs {
                let states = job.states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.lowercased())" }
                table.add(job.name, job.identifier, states.joined(separator: ", "))
            }
            let isOne = jobs.count == 1
            return
                ([
                    "\(Words.counted(jobs.count, "job")) of this pipeline \(isOne ? "is" : "are") in the queue; nothing was submitted"
                ]
                + table.lines + ["stop: scancel \(jobs.map(\.identifier).joined(separator: " "))"]).joined(
                    separator: "\n")
        }
    }
}
