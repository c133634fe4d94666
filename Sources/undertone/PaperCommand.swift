import ArgumentParser
import Checkpoints
import FeatureStore
import Files
import Foundation
import Pipelines
import Reports
import Runs
import Study

struct PaperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paper",
        abstract: "Show what came out of a pipeline's study: full, partial, cached, adapted.",
        discussion: """
            Reads the runs of the study's set-ups and prints, for each, what is trained, seconds per epoch, time and memory \
            of a run, what its cache took and when that has paid for itself, and the scores over all seeds, beside what \
            Sampath et al. (ICASSP 2025) publish. Set-ups that are not trained yet are left out and named.

            It trains nothing. The project's Makefile does, one run after the other, and then calls this:
              make paper PIPELINE=pipelines/paper.yaml
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable { case text, csv, json }

    @OptionGroup var arguments: PipelineArguments

    @Option(help: "What to print.")
    var format: Form = .text

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp(
            "Write table.txt, table.csv, table.json and report.html into this folder, too.", valueName: "folder"))
    var output: String?

    func run() {
        reportingFaults {
            let plan = try arguments.plan()
            guard let study = plan.study else { throw PaperFault.noStudy(arguments.pipeline) }
            let table = try StudyTable(
                try study.members.map(entry), amortisedOver: study.amortisedOver,
                weights: ModelProvenance.read(directory: plan.pipeline.model).map {
                    "\($0.repository) at commit \($0.commit)"
                },
                resamples: plan.pipeline.train.scoring.resamples)
            let page = PaperPage(table, title: plan.pipeline.reportTitle)
            let text = PaperText(table, title: page.title).text
            if let output {
                for (name, content) in [
                    ("table.txt", text), ("table.csv", table.csv), ("table.json", try table.json()),
                    ("report.html", try page.html()),
                ] {
                    try writing(as: RunError.self) { () throws(WriteFailure) in
                        try AtomicFile.write(content, to: "\(output)/\(name)", makingFolders: true)
                    }
                }
            }
            switch format {
            case .text: print(text, terminator: "")
            case .csv: print(table.csv, terminator: "")
            case .json: print(try table.json(), terminator: "")
            }
            if let output, format == .text { print("report: \(output)/report.html") }
        }
    }

    private func entry(_ member: StudyPlan.Member) throws -> StudyTable.Entry {
        StudyTable.Entry(
            member.setUp, directories: member.runs.map(\.directory), cache: try member.cache.flatMap(cost))
    }

    /// Nil for a cache that is not there yet, and, with a warning, for one of which nothing tells what it took.
    private func cost(_ cache: StudyPlan.Cache) throws -> CacheCost? {
        guard FileManager.default.fileExists(atPath: cache.manifest) else { return nil }
        let totals = try CacheDescription.read(directory: cache.folder).totals
        guard FileManager.default.fileExists(atPath: cache.measures),
            case let measures = try CacheMeasure.read(cache.measures),
            let seconds = CacheMeasure.seconds(measures, ofSpeech: totals.seconds)
        else {
            printToStandardError(
                "warning: \(cache.measures) does not tell what this cache took, so what is trained from it is left out; remove "
                    + "\(cache.folder) and make it again"
            )
            return nil
        }
        return CacheCost(
            cut: cache.cut, store: cache.store, pool: cache.pool, bytes: totals.bytes, seconds: seconds,
            peakMemoryBytes: measures.map(\.peakMemoryBytes).max() ?? 0)
    }
}
