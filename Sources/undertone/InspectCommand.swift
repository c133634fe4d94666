import ArgumentParser
import CacheInspection
import Console

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a cache.",
        discussion: """
            Hours, utterances and labels by split, speakers, durations, what was rejected and why, how far the rows are \
            from float32, and what the rows look like: their range, dead channels (their standard deviation is under \
            a thousandth of the median channel's), exploding ones (their root mean square is more than twenty times \
            the median channel's). Rows are not compared with their checksums; undertone verify does that.
            """)

    @Argument(help: ArgumentHelp("The cache directory, as undertone-cache wrote it with --out.", valueName: "cache"))
    var cache: String

    @Flag(help: "Look at every row, and not at a sample of 20000 frames.")
    var all = false

    @Option(help: "How progress is shown on standard error; auto: a bar on a terminal, plain lines elsewhere.")
    var progress: ProgressReporter.Mode = .auto

    @Flag(help: "Print everything as JSON on standard output.")
    var json = false

    func run() {
        reportingFaults {
            Interruption.install()
            let inspector = try CacheInspector(
                directory: cache, mostFrames: all ? nil : CacheInspector.usualFrames)
            let reporter = ProgressReporter(
                mode: progress, label: "inspecting", total: inspector.sampledUtterances,
                totalWork: Double(inspector.sampledFrames), unit: "frames")
            let overview: CacheOverview
            do {
                defer { reporter.finish() }
                overview = try inspector.overview(
                    shouldStop: { Interruption.isRequested },
                    onProgress: { reporter.advance(done: $0, work: Double($1)) })
            }
            print(json ? try Words.json(overview) : OverviewText(directory: cache, cache: overview).text)
        }
    }
}
