import ArgumentParser
import Faults
import Foundation
import Pipelines
import Registry

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List, filter, sort and export runs.",
        discussion: """
            Every run with its state, score and settings, best first. Of one pipeline they are kept as tables in \
            build/<name>/runs.sqlite, which is brought up to date from the run directories each time, and made anew \
            where it is lost.

            Keys are what --json shows: facts such as state, score, epochs, seconds, host, cache_key; settings by their \
            dotted name; scores by split, dimension and metric. The end of a name is enough where it is that of no other.

            Examples:
              undertone runs pipelines/sweep.yaml --sort test.valence.ccc --descending
              undertone runs build/sweep --where 'learning_rate.layers>=1e-5' \\
                --state finished --columns directory,score,learning_rate.layers
              undertone runs build --csv > runs.csv
            """)

    @Argument(
        help: ArgumentHelp(
            "A pipeline manifest, its folder in build, or folders with run directories. (default: the build folder)",
            valueName: "place"))
    var places: [String] = []

    @Option(help: ArgumentHelp("The folder for everything that is made.", valueName: "folder"))
    var build = "build"

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only runs of which this holds: a key, one of =, !=, <, <=, >, >=, and a value. Repeatable: all must.",
            valueName: "condition"))
    var conditions: [String] = []

    @Option(help: ArgumentHelp("Only runs in this state. Repeatable: any of them.", valueName: "state"))
    var state: [RegisteredRun.State] = []

    @Option(help: ArgumentHelp("Sort by this key. (default: score, best first)", valueName: "key"))
    var sort: String?

    @Flag(help: "Sort the other way around.")
    var descending = false

    @Option(help: ArgumentHelp("List so many runs at most.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Show these, separated by commas. (default: what tells the runs apart)", valueName: "keys"))
    var columns: String?

    @Flag(help: "Print CSV, with all columns unless --columns says which.")
    var csv = false

    @Flag(help: "Print JSON, with every epoch.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit); expected 1 or more") }
        if csv, json { throw ValidationError("--csv and --json are given; give one of the two") }
        if json, columns != nil { throw ValidationError("--json has everything; leave out --columns") }
        if let columns, wanted(columns).isEmpty { throw ValidationError("--columns names none") }
    }

    func run() {
        reportingFaults {
            var query = RunQuery()
            query.conditions = try conditions.map { try RunQuery.Condition($0) }
            (query.states, query.sort, query.isDescending, query.limit) = (state, sort, descending, limit)
            let answer = try registry().runs(query, columns: columns.map(wanted))
            if let warning = answer.warning {
                printToStandardError("warning: \(warning); this is from the run directories themselves")
            }
            if json {
                print(try Words.json(answer.runs))
            } else if csv {
                print(RunsText.csv(answer), terminator: "")
            } else {
                let table = RunsText(answer, width: RunsText.terminalWidth)
                print(table.lines.map { "\($0)\n" }.joined(), terminator: "")
                for note in table.notes { printToStandardError(note) }
            }
        }
    }

    private func wanted(_ columns: String) -> [String] {
        columns.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private func registry() throws -> Registry {
        let folders = try (places.isEmpty ? [build] : places).map { place in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) else {
                throw RegistryError.nothingThere(path: place)
            }
            return isFolder.boolValue ? place : "\(build)/\(try Pipeline.name(path: place))"
        }
        let isOnePipelines = folders.count == 1 && BuildFolder(folders[0]).isPipelines
        return isOnePipelines ? Registry(folder: folders[0]) : Registry(folders: folders)
    }
}

extension RegisteredRun.State: ExpressibleByArgument {}
