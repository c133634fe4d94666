import ArgumentParser
import Console
import Foundation

struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Predict activation, valence and dominance of recordings with a trained model.",
        usage: "undertone predict (--run <folder> [--model <model>] | --bundle <file>) [<options>] <input> ...",
        discussion: """
            Prints a row per recording, in the labels' own scale; of a run's own test recordings, the very numbers of its \
            predictions-test.csv. With --window, a row per window: curves over a long recording, which is read as it is \
            scored, so that memory does not grow with it. Recordings that cannot be used are named on standard error and \
            left out, and the exit code is then 65.

            Examples:
              undertone predict --run build/runs/first calls/*.wav
              ffmpeg -i talk.mp4 -f wav - | undertone predict --bundle FILE --window 10 -
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case csv, jsonl }

    @OptionGroup var model: ModelOptions

    @Argument(
        help: ArgumentHelp(
            "Recordings, folders of them, a corpus manifest (a .csv), or - for a WAV stream on standard input.",
            valueName: "input"))
    var inputs: [String]

    @Option(help: "How predictions are written: CSV with a header, or a JSON object a line.")
    var format: Format = .csv

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Write predictions here. (default: standard output)", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Score windows of so many seconds instead of whole recordings.", valueName: "seconds"))
    var window: Double?

    @Option(
        help: ArgumentHelp(
            "Begin a window every so many seconds. (default: half of --window)", valueName: "seconds"))
    var hop: Double?

    @Option(help: ArgumentHelp("Draw the windows' scores over time into this .svg or .html file.", valueName: "file"))
    var plot: String?

    @Option(help: ArgumentHelp("Threads. (default: OMP_NUM_THREADS, or one per core)", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if inputs.count(where: { $0 == "-" }) > 1 {
            throw ValidationError("- is given twice; standard input can be read once")
        }
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); expected 1 or more") }
        guard let window else {
            for (name, isGiven) in [("--hop", hop != nil), ("--plot", plot != nil)] where isGiven {
                throw ValidationError("\(name) is given without --window; it is of windows alone")
            }
            return
        }
        guard 0.1...3600 ~= window else {
            throw ValidationError("--window is \(window); expected a number of seconds from 0.1 to 3600")
        }
        if let hop, !(0.01...window ~= hop) {
            throw ValidationError("--hop is \(hop); expected a number of seconds from 0.01 to --window, \(window)")
        }
        if let plot, ![".svg", ".html"].contains(where: plot.lowercased().hasSuffix) {
            throw ValidationError("--plot is \(plot); expected a file that ends in .svg or .html")
        }
    }

    func run() {
        reportingFaults {
            Interruption.install()
            try PredictJob(
                model: try model.open(), inputs: inputs, format: format, output: output,
                windows: window.map { ($0, hop ?? $0 / 2) }, plot: plot,
                threads: threads ?? machineThreadCount
            ).run()
        }
    }
}
