import Files
import Runs

/// Bash that is pleasant to read.
enum SlurmScript {
    static let lineLength = 110

    /// A command's words on as many lines as they need.
    static func folded(_ words: [String]) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + word.count < lineLength {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(lines.isEmpty ? word : "    \(word)")
            }
        }
        return lines.dropLast().map { "\($0) \\" } + lines.suffix(1)
    }
}

/// The scripts as they are submitted, and kept to be read.
extension SlurmPlan {
    public func scriptPath(of job: SlurmJob) -> String { "\(folder)/\(job.name).sh" }

    /// By which Slurm knows the job.
    public func slurmName(of job: SlurmJob) -> String { "\(plan.pipeline.name):\(job.name)" }

    /// Equal plans give equal text.
    public func script(of job: SlurmJob) -> String {
        let isResumable = job.body.contains { $0.contains("resumable ") }
        var lines = ["#!/usr/bin/env bash"]
        lines += ["# Written by undertone submit from pipeline '\(plan.pipeline.name)'; edit the pipeline instead."]
        lines += ["# \(job.purpose)"]
        lines += options(of: job, isResumable: isResumable).map { "#SBATCH --\($0)" }
        lines += ["set -euo pipefail", "export LC_ALL=C.UTF-8", "export PATH=\(shellWord(programs)):$PATH"]
        lines += ["export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}"]
        lines += settings.setup.map { [$0.last == "\n" ? String($0.dropLast()) : $0] } ?? []
        if isResumable { lines += ["", Self.resumable] }
        lines.append("")
        if let work = job.work {
            lines += Self.loop(over: work, job.body)
        } else {
            lines += job.body
        }
        return lines.map { "\($0)\n" }.joined()
    }

    private func options(of job: SlurmJob, isResumable: Bool) -> [String] {
        let resources = settings.resources(of: job.stage)
        var options = ["job-name=\(slurmName(of: job))"]
        if let count = job.taskCount(settings) {
            options.append("array=0-\(count - 1)" + (resources.atOnce.map { "%\($0)" } ?? ""))
        }
        options += ["output=\(logFolder)/\(job.name)-\(job.work == nil ? "%j" : "%A_%a").log", "open-mode=append"]
        options.append("ntasks=1")
        if let cpus = resources.cpus { options.append("cpus-per-task=\(cpus)") }
        if let memory = resources.memory { options.append("mem=\(memory)") }
        if let time = resources.time { options.append("time=\(time)") }
        if let partition = resources.partition { options.append("partition=\(partition)") }
        if let account = resources.account { options.append("account=\(account)") }
        options += resources.options.map { option in option.name + (option.value.map { "=\($0)" } ?? "") }
        options.append("requeue")
        if isResumable { options.append("signal=B:USR1@60") }
        if !job.after.isEmpty { options.append("kill-on-invalid-dep=yes") }
        return options
    }

    /// The warning is USR1 and not TERM, so that it is told from the TERM that Slurm sends to script and program alike: forwarded,
    /// that would be the program's second, which ends it at once; and a job that a user cancels must not come back.
    private static let resumable = """
        # Runs a program that saves its work when it is asked to stop, and then ends with exit code 75.
        # A minute before the time is up Slurm warns this script, which passes it on, and has the job queued again: it goes on from
        # there. When a job is cancelled or preempted, Slurm tells the program itself, and decides what becomes of the job.
        program='' warned='' told='' heard=''
        trap 'heard=yes warned=yes; if [[ -n $program ]]; then told=yes; kill -TERM "$program"; fi' USR1
        trap 'heard=yes' TERM
        resumable() {
            local code=0
            # The warning may come while nothing runs, between two lines of a list.
            if [[ -n $warned ]]; then
                scontrol requeue "$SLURM_JOB_ID"
                exit 75
            fi
            "$@" &
            program=$!
            [[ -z $warned || -n $told ]] || kill -TERM "$program"
            # A signal ends the wait, not the program.
            while heard='' code=0; wait "$program" || code=$?; [[ -n $heard ]]; do :; done
            program=''
            if ((code == 75)); then
                [[ -z $warned ]] || scontrol requeue "$SLURM_JOB_ID"
                exit 75
            fi
            return $code
        }
        """

    private static func loop(over work: SlurmJob.Work, _ body: [String]) -> [String] {
        ["one() {", "    local \(work.item)=$1"] + body.map { "    \($0)" } + [
            "}",
            "",
            "# The list's lines are divided among the tasks: one each, unless there are more lines than tasks.",
            "mapfile -t lines <\(shellWord(work.list))",
            "failed=0",
            "for ((line = SLURM_ARRAY_TASK_ID; line < ${#lines[@]}; line += SLURM_ARRAY_TASK_COUNT)); do",
            "    echo \"\(work.item) ${lines[line]}\"",
            "    one \"${lines[line]}\" || failed=$?",
            "done",
            "exit $failed",
        ]
    }

    // MARK: What is done with them

    /// What `sbatch` is called with.
    /// - Parameters:
    ///   - job: one of `jobs`.
    ///   - identifier: Slurm's, of a job that was submitted before, by its name.
    public func submission(of job: SlurmJob, identifier: (String) -> String) -> [String] {
        let dependency =
            job.after.isEmpty ? [] : ["--dependency=afterok:\(job.after.map(identifier).joined(separator: ":"))"]
        return ["sbatch", "--parsable"] + dependency + [scriptPath(of: job)]
    }

    /// Writes the scripts, the lists and the folder for logs, which Slurm does not make. The pipeline's settings files are not among
    /// them: see `Plan.writeStamps()`.
    public func write() throws(RunError) {
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try makeFolder(logFolder)
            for job in jobs {
                try AtomicFile.write(script(of: job), to: scriptPath(of: job))
                if let work = job.work, let content = work.content { try AtomicFile.write(content, to: work.list) }
            }
        }
    }

    /// All files, and the commands that submit them, as a shell would take them.
    public var dryRun: String {
        let files = jobs.flatMap { job in
            [(scriptPath(of: job), script(of: job))]
                + (job.work.map { work in work.content.map { [(work.list, $0)] } ?? [] } ?? [])
        }
        let commands = jobs.map { job in
            let variable = { (name: String) in name.replacing("-", with: "_").replacing(".", with: "_") }
            let command = submission(of: job) { "$\(variable($0))" }.map { $0.contains("$") ? $0 : shellWord($0) }
            return "\(variable(job.name))=$(\(command.joined(separator: " ")))\n"
        }
        return files.map { "==> \($0.0) <==\n\($0.1)\n" }.joined() + "==> submitted with <==\n" + commands.joined()
    }
}
