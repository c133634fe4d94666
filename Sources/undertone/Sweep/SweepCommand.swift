import ArgumentParser
import Console
import Foundation
import Pipelines
import Registry

struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Run a pipeline's sweep and tell what came out of it.",
        discussion: """
            Lets make train what is missing of the sweep's trials, as many at once as -j says, the machine's threads \
            divided among them, and shows how far they are, the best so far and the time left. Then it lists the \
            trials, best first, and writes the report. Interrupted, the same command goes on.

            Under make, its -j, -k and -n are taken over:
              make sweep -j2 PIPELINE=pipelines/sweep.yaml

            What each trial is said to do, and what make says, is kept in the pipeline's sweep.log.
            """)

    @OptionGroup var arguments: PipelineArguments

    @Option(
        name: [.customShort("j", allowingJoined: true), .long],
        help: ArgumentHelp("Trials at once. (default: what make above says, or 1)", valueName: "n"))
    var jobs: Int?

    @Flag(name: .shortAndLong, help: "Go on with the other trials where one fails.")
    var keepGoing = false

    @Option(
        help: ArgumentHelp(
            "The makefile that includes the pipeline's rules. (default: the rules alone)", valueName: "file"))
    var makefile: String?

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Print what came out as JSON.")
    var json = false

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs is \(jobs); expected 1 or more") }
    }

    func run() {
        reportingFaults {
            Interruption.install()
            let plan = try arguments.plan()
            guard !plan.trials.isEmpty else { throw SweepFault.noSweep(arguments.pipeline) }
            let flags = MakeFlags(
                ProcessInfo.processInfo.environment["MAKEFLAGS"],
                coreCount: ProcessInfo.processInfo.activeProcessorCount)
            try plan.writeStamps()
            let rules = "\(plan.folder)/rules.mk"
            _ = try plan.writeRules(to: rules)
            let runner = SweepRunner(
                plan: plan, command: command(rules: rules, flags), environment: environment(flags), mode: progress)
            if flags.onlySays { Foundation.exit(try runner.runShowingMake()) }
            let outcome = try runner.run()
            // For those who look at the file itself; undertone runs brings it up to date, too.
            if let problem = Registry(folder: plan.folder).refresh() { printToStandardError("warning: \(problem)") }
            do {
                let summary = try SweepSummary(plan)
                print(json ? try Words.json(summary) : summary.text(directory: plan.folder, isWhole: outcome == .done))
            } catch let error where outcome != .done {
                // How the sweep ended is the answer, whatever is wrong with what it left.
                printToStandardError("warning: \(error)")
            }
            switch outcome {
            case .done: break
            case .interrupted: throw Interrupted()
            case .failed(let code, let failure):
                throw SweepFault.makeFailed(code, failure.kind, log: runner.logPath)
            }
        }
    }

    private func command(rules: String, _ flags: MakeFlags) -> [String] {
        ["make", "--no-print-directory", "-f", makefile ?? rules, "-j\(jobs ?? flags.jobs ?? 1)"]
            + (keepGoing ? ["-k"] : [])
            // It begins words of the recipes, which make and the shell read.
            + ["UNDERTONE_BIN=\(shellWord(programFolder).replacing("$", with: "$$"))"]
            + (flags.onlySays ? [] : ["PROGRESS=none"]) + ["trials", "report"]
    }

    private func environment(_ flags: MakeFlags) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] { environment[name] = nil }
        if !flags.inherited.isEmpty { environment["MAKEFLAGS"] = flags.inherited }
        // What make says is read.
        environment["LC_ALL"] = "C.UTF-8"
        return environment
    }
}
