import ArgumentParser
import Foundation

/// Measures the engine and what lies around it against the machine, without any peer: `make bench` runs it beside the programs.
@main
struct UndertoneBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undertone-bench",
        abstract: "Measure the machine's limits, and the engine against them.",
        subcommands: [
            ProfileCommand.self, RooflinesCommand.self, ReadingCommand.self, GrowCommand.self, ModelCommand.self,
        ],
        defaultSubcommand: ProfileCommand.self)
}

/// `--json` of every command: one object on one line.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// How long `body` takes, in seconds.
func secondsTaken(_ body: () throws -> Void) rethrows -> Double {
    let begin = ContinuousClock.now
    try body()
    return begin.duration(to: .now) / .seconds(1)
}

/// Columns of text.
func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

func filled(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
