import ArgumentParser
import Files
import Pipelines
import Runs

struct RankCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rank",
        abstract: "List runs, best first.",
        discussion: """
            Compares runs by what their configuration keeps the best epoch by (best_metric, on the development split) \
            and lists the run directories, a line each. Runs beside one another in a folder, such as \
            sweep/3f2a11bc/seed-0 and seed-1, are one trial and count by their mean. Runs that did not come to their \
            end are left out; with --epoch, those that have fewer epochs.

            The rules of a sweep call this to decide which trials go on.
            """)

    @Argument(help: ArgumentHelp("Run directories, as undertone-train wrote them.", valueName: "run"))
    var runs: [String]

    @Option(help: ArgumentHelp("Compare the best scores up to this epoch. (default: of whole runs)", valueName: "n"))
    var epoch: Int?

    @Option(help: ArgumentHelp("List so many trials at most.", valueName: "n"))
    var keep: Int?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Write the list here. (default: standard output)", valueName: "file"))
    var output: String?

    func validate() throws {
        if let epoch, epoch < 1 { throw ValidationError("--epoch is \(epoch); expected 1 or more") }
        if let keep, keep < 1 { throw ValidationError("--keep is \(keep); expected 1 or more") }
    }

    func run() {
        reportingFaults {
            let list = try Ranking(runs, epoch: epoch).best(keep).map { "\($0)\n" }.joined()
            guard let output else {
                print(list, terminator: "")
                return
            }
            try writing(as: RunError.self) { () throws(WriteFailure) in
                try AtomicFile.write(list, to: output, makingFolders: true)
            }
        }
    }
}
