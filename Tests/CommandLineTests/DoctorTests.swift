import Foundation
import Testing

private struct Told: Decodable {
    struct Check: Decodable {
        var name: String
        var status: String
        var found: String
        var advice: String?
        var needed: Bool
    }

    var checks: [Check]
}

@Test func doctorSaysWhatThereIs() throws {
    let folder = try Scratch()
    let outcome = try Program.undertone.run(["doctor", "deep/build"], in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)\(outcome.output)")
    let told = try JSONDecoder().decode(
        Told.self, from: Data(try Program.undertone.run(["doctor", "--json"], in: folder).output.utf8))
    #expect(
        told.checks.map(\.name) == [
            "processor", "threads", "memory", "disk", "folder", "open files", "libraries", "programs", "make", "sbatch",
            "python3", "espeak-ng",
        ])
    #expect(outcome.output.split(separator: "\n").count == told.checks.count)
    #expect(told.checks.filter(\.needed).map(\.name) == ["folder", "programs"])
    for check in told.checks {
        #expect(["ok", "warning", "missing"].contains(check.status) && !check.found.isEmpty)
        #expect((check.status == "ok") == (check.advice == nil), "\(check)")
    }
    let libraries = try #require(told.checks.first { $0.name == "libraries" }).found
    for name in ["oneDNN ", "OpenBLAS ", "HDF5 ", "libsndfile ", "libsoxr "] { #expect(libraries.contains(name)) }
    #expect(folder.names(in: ".").isEmpty, "nothing is left behind")
}

/// Each with what the shell does first, the line that tells of it, and a word of its advice.
@Test(
    arguments: [
        ("export OMP_NUM_THREADS=100000", "threads", "warning", "take turns", 0),
        ("export OMP_NUM_THREADS=many", "threads", "warning", "no number", 0),
        ("ulimit -n 300", "open files", "warning", "ulimit -Hn", 0),
        ("export PATH=$PWD", "make", "missing", "undertone sweep", 0),
        ("export UNDERTONE_BIN=$PWD", "programs", "missing", "make build", 69),
    ] as [(String, String, String, String, Int32)])
func doctorSaysWhatIsWrong(preparation: String, name: String, status: String, advice: String, code: Int32) throws {
    let outcome = try Program.undertone.run(["doctor"], after: preparation, in: Scratch())
    #expect(outcome.code == code, "\(outcome.said)")
    let lines = outcome.output.split(separator: "\n").filter { $0.hasPrefix(status) && $0.contains(" \(name)  ") }
    #expect(lines.count == 1 && lines.allSatisfy { $0.contains(advice) }, "\(outcome.output)")
}

@Test func doctorWantsAFolderThatCanBeWritten() throws {
    let folder = try Scratch()
    try folder.write("file", "not a folder\n")
    let outcome = try Program.undertone.run(["doctor", "file/build"], in: folder)
    #expect(outcome.code == 69)
    #expect(outcome.output.contains("file cannot be written (Not a directory)"), "\(outcome.output)")
    #expect(
        outcome.errors == [
            "error: folder: missing, and nothing works without; do what is said beside it, then run the same command again"
        ])
}
