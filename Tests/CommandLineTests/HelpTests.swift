import Foundation
import Testing

/// The help texts, as files to read and review. After changing one on purpose, write them anew with
/// `UNDERTONE_REWRITE_GOLDEN=1 swift test --filter CommandLineTests`, and look at what `git diff` says.
@Test(
    arguments: [
        (Program.cache, []), (.train, []), (.undertone, []), (.undertone, ["plan"]), (.undertone, ["report"]),
        (.undertone, ["compare"]), (.undertone, ["inspect"]), (.undertone, ["verify"]), (.undertone, ["corpus"]),
        (.undertone, ["model"]), (.undertone, ["model", "fetch"]), (.undertone, ["model", "inspect"]),
        (.undertone, ["join"]), (.undertone, ["sweep"]), (.undertone, ["submit"]), (.undertone, ["runs"]),
        (.undertone, ["rank"]),
        (.undertone, ["corpus", "msp-podcast"]), (.undertone, ["corpus", "iemocap"]),
        (.undertone, ["corpus", "msp-improv"]), (.undertone, ["corpus", "audformat"]), (.undertone, ["corpus", "csv"]),
        (.undertone, ["predict"]), (.undertone, ["export"]), (.undertone, ["paper"]),
        (.undertone, ["doctor"]),
    ] as [(Program, [String])])
func helpIsAsReviewed(program: Program, subcommand: [String]) throws {
    let folder = try Scratch()
    let outcome = try program.run(subcommand + ["--help"], in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty)
    let name = ([program.rawValue] + subcommand).joined(separator: "-") + ".txt"
    let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name)")
    if ProcessInfo.processInfo.environment["UNDERTONE_REWRITE_GOLDEN"] == "1" {
        try Data(outcome.output.utf8).write(to: golden)
    }
    #expect(outcome.output == (try String(contentsOf: golden, encoding: .utf8)))
    let widest = outcome.output.split(separator: "\n").filter { !$0.hasPrefix("USAGE") }.map(\.count).max() ?? 0
    #expect(widest <= 80)
}

@Test(arguments: Program.allCases)
func versionIsOneLine(program: Program) throws {
    let outcome = try program.run(["--version"], in: Scratch())
    #expect(outcome.code == 0 && outcome.said.isEmpty)
    #expect(outcome.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
}
