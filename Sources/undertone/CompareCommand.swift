import ArgumentParser
import Evaluation
import Reports
import Runs

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare runs' predictions, utterance by utterance.",
        discussion: """
            Takes the first run's score less another's, over the utterances that both predict, with a 95 % interval from \
            a paired bootstrap: both runs are scored over the same resamples, drawn by speaker where speakers are known. \
            Of more than two runs, each is compared with the first. Refuses runs that learnt other labels.
            """)

    @Argument(help: ArgumentHelp("Run directories, two or more, as undertone-train wrote them.", valueName: "run"))
    var runs: [String]

    @Option(
        help: ArgumentHelp(
            "The split to compare on. (default: the first test split that all have, else development)",
            valueName: "split"))
    var split: String?

    @Option(help: "The score to compare.")
    var metric: Metric = .ccc

    @Option(help: ArgumentHelp("Resamples of the bootstrap.", valueName: "n"))
    var resamples = Bootstrap.defaultResampleCount

    @Option(help: ArgumentHelp("Of the bootstrap: the same seed gives the same intervals.", valueName: "n"))
    var seed: UInt64 = 0

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if runs.count < 2 { throw ValidationError("one run is given; expected two or more to compare") }
        if resamples < 100 { throw ValidationError("--resamples is \(resamples); expected 100 or more") }
    }

    func run() {
        reportingFaults {
            let comparison = try RunComparison(
                paths: runs, split: split, metric: metric, resamples: resamples, seed: seed)
            print(json ? try comparison.json() + "\n" : comparison.summary, terminator: "")
        }
    }
}

extension Metric: ExpressibleByArgument {}
