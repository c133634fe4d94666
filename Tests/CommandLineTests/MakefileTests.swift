import Foundation
import Testing

/// The project's own Makefile around a sweep, in a folder in which everything is built and nothing is cached or trained; `bin` has
/// the programs, of which the one that trains is behind a script.
private final class Project {
    let folder: Scratch
    /// As in `SweepTests`, without seeds and halving.
    static let manifest = """
        name: x
        corpus: manifest.csv
        model: random:wav2vec2-tiny?seed=0
        labels: [activation]
        cache: {cuts: [2], shards: 2}
        train: {layers: 2, epochs: 1, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
        sweep: {space: {optimiser.learning_rate.heads: [1.0e-4, 1.0e-3, 1.0e-2]}}

        """

    /// The script keeps a log of the threads that each trial gets, and ends with the exit code in the file `fail` where the trial's
    /// rate is 0.001.
    init() throws {
        folder = try Scratch()
        try folder.writeCorpus(12)
        try folder.write("x.yaml", Self.manifest)
        for name in ["bin", "cores", "scripts", "Sources", ".build/release"] {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        try folder.write("Makefile", Data(contentsOf: root.appending(path: "Makefile")))
        for name in ["Package.swift", "Sources/main.swift", ".build/release/.undertone-built"] {
            try folder.write(name, "")
        }
        for program in [Program.cache, .undertone] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/bin/\(program.rawValue)", withDestinationPath: try program.url.path)
        }
        try writeProgram("scripts/setup.sh", "exit 0")
        try writeProgram("cores/nproc", "echo 12")
        try writeProgram(
            "bin/undertone-train",
            """
            echo "$OMP_NUM_THREADS" >>threads
            for word; do case $word in *.yaml) settings=$word;; esac; done
            if [ -e fail ] && grep -q '^    heads: 0.001$' "$settings"; then exit "$(cat fail)"; fi
            exec '\(try Program.train.url.path)' "$@"
            """)
    }

    /// By another process: a file that this one has open for writing while it starts some other program cannot be run.
    private func writeProgram(_ name: String, _ body: String) throws {
        let text = "#!/bin/sh\nset -eu\n\(body)\n"
        let outcome = try Running(
            URL(filePath: "/bin/sh"), ["-c", "printf %s \"$1\" >\"$2\" && chmod 755 \"$2\"", "sh", text, name],
            in: folder
        ).wait()
        try #require(outcome.code == 0, "\(outcome.said)")
    }

    /// `make`, with twelve cores. A make above this test must not hand down its flags.
    func make(_ arguments: String...) throws -> Outcome {
        try FileManager.default.removeIfThere("\(folder.path)/threads")
        let path = "\(folder.path)/cores:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        return try Running(
            URL(filePath: "/usr/bin/env"),
            [
                "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u", "MAKELEVEL", "PATH=\(path)", "UNDERTONE_BIN=bin",
                "SWIFT=false", "make",
            ]
                + arguments + ["PIPELINE=x.yaml"], in: folder
        ).wait()
    }

    /// `undertone sweep` by itself.
    func sweep(_ arguments: String...) throws -> Outcome {
        try Running(
            URL(filePath: "/usr/bin/env"),
            ["-u", "MAKEFLAGS", "UNDERTONE_BIN=bin", "bin/undertone", "sweep", "x.yaml", "--progress", "plain"]
                + arguments,
            in: folder
        ).wait()
    }

    var threads: [Substring] { ((try? folder.read("threads")) ?? "").split(separator: "\n") }

    var trained: Int {
        folder.names(in: "build/x/sweep").count { folder.exists("build/x/sweep/\($0)/seed-0/result.json") }
    }
}

extension FileManager {
    fileprivate func removeIfThere(_ path: String) throws {
        if fileExists(atPath: path) { try removeItem(atPath: path) }
    }
}

/// `make -n sweep` says what would run and runs nothing; `make -j2 sweep` runs two at once, which share the threads; then there is
/// nothing more to do.
@Test func theMakefileSweeps() throws {
    let project = try Project()
    let said = try project.make("-n", "sweep")
    #expect(said.code == 0, "\(said.said)")
    #expect(
        said.output.components(separatedBy: "bin/undertone-train --cache build/x/cache-").count == 4, "\(said.output)")
    #expect(said.output.contains("bin/undertone rank -o build/x/sweep/ranking "))
    #expect(project.threads.isEmpty && !project.folder.exists("build/x/sweep/ranking"))
    #expect(!project.folder.names(in: "build/x").contains { $0.hasPrefix("cache-") && !$0.hasSuffix(".settings") })

    let made = try project.make("-j2", "sweep")
    #expect(made.code == 0, "\(made.said)")
    #expect(project.threads == ["6", "6", "6"] && project.trained == 3)
    #expect(made.output.contains("sweep of x: 3 trials, 3 done\n"), "\(made.output)")
    #expect(made.output.hasSuffix("report: build/x/report.html\n") && project.folder.exists("build/x/report.html"))

    let again = try project.make("-j2", "sweep")
    #expect(again.code == 0 && again.output.contains("3 trials, 3 done\n") && project.threads.isEmpty)
    let quiet = try project.make("-n", "sweep")
    #expect(quiet.code == 0 && !quiet.output.contains("undertone-train"), "\(quiet.output)")
    // The same trials are targets of the Makefile itself.
    let trials = try project.make("trials")
    #expect(trials.code == 0 && project.threads.isEmpty, "\(trials.said)")
}

/// Past a trial that fails `make -k sweep` trains the others, ends with an error all the same, and later trains that one alone.
@Test func theMakefileGoesOnPastAFailedTrial() throws {
    let project = try Project()
    try project.folder.write("fail", "70")
    let failed = try project.make("-k", "sweep")
    #expect(failed.code == 2 && failed.said.contains("] Error 70\n"), "\(failed.said)")
    #expect(failed.output.contains("sweep of x: 3 trials, 2 done, 1 not finished\n"), "\(failed.output)")
    #expect(project.trained == 2 && project.threads.count == 3 && !project.folder.exists("build/x/sweep/ranking"))
    try project.folder.remove("fail")
    let mended = try project.make("-k", "sweep")
    #expect(mended.code == 0 && project.trained == 3 && project.threads.count == 1, "\(mended.said)")
}

/// The exit code is that of what failed, and the same command goes on.
@Test(arguments: [
    (["-k"], "70", 70), ([], "70", 70), (["-k"], "73", 73), (["-k"], "75", 75), ([], "137", 75), ([], "139", 70),
])
func aFailedSweepEndsAsWhatFailed(_ arguments: [String], _ code: String, _ expected: Int32) throws {
    let project = try Project()
    try project.folder.write("fail", code)
    let failed = try arguments.isEmpty ? project.sweep() : project.sweep("-k")
    #expect(failed.code == expected, "\(failed.said)")
    #expect(
        failed.errors == [
            "error: make ended with exit code 2; the errors are above and in build/x/sweep.log, and the same command goes on "
                + "with what is missing"
        ], "\(failed.said)")
    #expect(project.trained == (arguments.isEmpty ? 1 : 2))
    try project.folder.remove("fail")
    let mended = try project.sweep()
    #expect(mended.code == 0 && project.trained == 3, "\(mended.said)")
}

/// A full disk is one, and a corpus that is not there is one, also behind make.
@Test func whatKeepsASweepFromItsCacheIsItsExitCode() throws {
    let project = try Project()
    let full = try Program.undertone.run(
        ["sweep", "x.yaml", "--progress", "none"], limits: "-f 50", in: project.folder)
    #expect(full.code == 73 && full.said.contains(": File too large"), "\(full.said)")
    try project.folder.remove("manifest.csv")
    let missing = try project.sweep()
    #expect(missing.code == 66 && missing.said.contains("No rule to make target 'manifest.csv'"), "\(missing.said)")
}
