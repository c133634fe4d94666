import Foundation
import Testing

/// A command on a page that is not run with the others.
private struct NotRun {
    enum Check {
        /// `make -n` accepts it.
        case make
        /// bash can read it, and the options in it are in the text of this file (or in one below this folder).
        case source(String)
        /// bash can read it.
        case syntax
    }

    var command: String
    var reason: String
    var check: Check = .make
}

private let notRun = [
    NotRun(command: "make test", reason: "it runs this test"),
    NotRun(command: "make build", reason: "the programs under test are what it builds"),
    NotRun(command: "make docs", reason: "it builds"), NotRun(command: "make man", reason: "it builds a generator"),
    NotRun(command: "make lint", reason: "CI runs it over the whole repository"),
    NotRun(command: "make test-slurm", reason: "CI runs it where a Slurm can be had"),
    NotRun(command: "make test-sanitize", reason: "hours of builds and tests"),
    NotRun(command: "make fuzz", reason: "CI runs it"),
    NotRun(command: "make walk", reason: "it runs the README once more, from an empty folder; CI runs it"),
    NotRun(command: "make paper PIPELINE=pipelines/paper.yaml", reason: "37 minutes (PaperTests has a small one)"),
    NotRun(
        command: "make paper PIPELINE=pipelines/paper.yaml CORPUS=path/to/manifest.csv MODEL=path/to/wav2vec2-base",
        reason: "78 runs; make walk does it"),
    NotRun(
        command: "make paper PIPELINE=pipelines/paper.yaml [CORPUS=path/to/manifest.csv MODEL=path/to/wav2vec2-base]",
        reason: "78 runs; make walk does it"),
    NotRun(
        command: "tail build/study/slurm/log/rung-0-*.log", reason: "a cluster writes the log (ClusterTests)",
        check: .syntax),
    NotRun(
        command: "tensorboard --logdir build/sweep/sweep", reason: "serves until it is stopped (TensorBoardTests)",
        check: .syntax),
    NotRun(
        command:
            "undertone-train --cache CACHE --out RUN --config … --resume --set optimiser.learning_rate.layers=1e-5",
        reason: "of a run that stopped over a loss that is not finite (NotFiniteTests)", check: .syntax),
    NotRun(command: "man -M build/man undertone.model.fetch", reason: "needs make man", check: .syntax),
    NotRun(command: "pip install h5py torch", reason: "CI does, for make interop", check: .syntax),
    NotRun(command: "pip install transformers torch", reason: "CI does, for make interop", check: .syntax),
    NotRun(
        command: "python docs/python/train_head.py CACHE --label activation",
        reason: "make interop runs it (InteropTests)",
        check: .source("docs/python/train_head.py")),
    NotRun(
        command: "python docs/python/load_export.py EXPORT recording.wav",
        reason: "make interop runs it (InteropTests)",
        check: .source("docs/python/load_export.py")),
    NotRun(
        command:
            "python -c \"import audformat; audformat.Database.load('DB').save('DB', storage_format='csv')\"",
        reason: "needs audformat", check: .syntax),
    NotRun(
        command:
            "python pipelines/optuna/search.py --cache build/demo/cache-*/ --config build/demo/runs/seed-0.yaml "
            + "--out build/demo/optuna --trials 20 --vary 'optimiser.learning_rate.layers=log_uniform(1e-6, 1e-4)' "
            + "--vary 'optimiser.schedule=choice(linear, cosine)' --vary 'head.hidden=integers(32, 256)'",
        reason: "needs Optuna (OptunaTests)", check: .source("pipelines/optuna/search.py")),
    NotRun(
        command: ".venv/bin/python Tests/Goldens/make_goldens.py", reason: "needs torch and transformers",
        check: .source("Tests/Goldens/make_goldens.py")),
    NotRun(
        command: ".venv/bin/python Tests/Goldens/make_goldens.py --check", reason: "make parity does it",
        check: .source("Tests/Goldens/make_goldens.py")),
    NotRun(
        command: ".venv/bin/python Tests/Parity/stage_one.py --family hubert-base", reason: "make parity does it",
        check: .source("Tests/Parity/stage_one.py")),
    NotRun(
        command: "swift test -c release --filter 'GoldenTests|SpeechEncoderTests'", reason: "make test runs them",
        check: .syntax),
    NotRun(command: "swift test -c release --filter KernelsTests", reason: "make test runs them", check: .syntax),
    NotRun(
        command: ".build/release/undertone-bench --stages two --compute float32", reason: "minutes of quiet",
        check: .source("Benchmarks/undertone-bench")),
    NotRun(command: "make bench", reason: "minutes of quiet"),
    NotRun(command: "make bench-peers", reason: "needs torch, and minutes of quiet"),
    NotRun(command: "make bench-compare", reason: "compares results of make bench"),
    NotRun(
        command: ".venv/bin/python Benchmarks/peers/cache.py --variant compiled --precision bfloat16",
        reason: "needs torch", check: .source("Benchmarks/peers")),
    NotRun(
        command: ".build/release/undertone-bench rooflines", reason: "the benchmark is no product",
        check: .source("Benchmarks/undertone-bench")),
    NotRun(
        command: ".build/release/undertone-bench [--stages one|two] [--compute float32|bfloat16]",
        reason: "minutes of quiet", check: .source("Benchmarks/undertone-bench")),
]

/// Programs of others, without which a command is looked at only.
private let optionalPrograms = ["sqlite3", "ffmpeg"]

/// How blocks begin that are no commands: YAML, Python or a formula, CSV, JSON; and a few others.
private func isOtherText(_ line: String) -> Bool {
    let shapes: [Regex<Substring>] = [
        /[A-Za-z_.-]+:(?: .*)?/, /# yaml-language-server: .*/, /(?:import|from) \w.*/, /[\w.]+ = .*/,
        /[A-Za-z_]+(?:,[A-Za-z_]+)+/,
        /\{/,
    ]
    return shapes.contains { line.wholeMatch(of: $0) != nil }
}

private let otherTexts = [
    "Undertone demo (synthetic speech", "last layer    W'_d = ", "libsndfile decodes → ",
    "Session1/dialog/EmoEvaluation/",
    "Σ convolutions 2 · T_i", "Evaluation.txt ", "Labels/labels_consensus.csv ", "results/<date>-<processor>",
]

/// Every command on every page is typed, in order, in a folder like the one that the pages are written for.
@Suite struct PagesTests {
    @Test func everyPageIsLookedAt() throws {
        let folders = ["", "docs", "data", "data/demo", "pipelines/optuna", "Benchmarks"]
        let found = try folders.flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: "\(Pages.root)/\(folder)")
                .filter { $0.hasSuffix(".md") && $0 != "CHANGELOG.md" }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        }
        #expect(found.sorted() == Pages.all.sorted())
    }

    @Test func everyCommandRunsAsWritten() throws {
        let entries = try Pages.entries(in: Scratch()), reader = try PageReader()
        for entry in entries where entry.kind == .stray {
            Issue.record("\(entry.place): a command within other text: \(entry.text)")
        }
        var done: Set<String> = [], listed: Set<String> = []
        for entry in entries where entry.kind == .command {
            let command = entry.command
            guard done.insert("\(PageReader.folder(of: entry.page))\(command)").inserted else { continue }
            if let exception = notRun.first(where: { $0.command == command }) {
                listed.insert(command)
                try look(at: entry, exception.check, reader)
                continue
            }
            if let program = optionalPrograms.first(where: { command.hasPrefix("\($0) ") }),
                try reader.type("command -v \(program)", as: entry).code != 0
            {
                try look(at: entry, .syntax, reader)
                continue
            }
            let outcome = try reader.type(reader.expand(command, on: entry.page), as: entry)
            #expect(
                outcome.code == 0,
                "\(entry.place): \(command)\n\(outcome.output.suffix(2000))\n\(outcome.said.suffix(2000))")
        }
        #expect(done.count > 80)
        // What is listed and no longer shown is to be struck off.
        #expect(notRun.map(\.command).filter { !listed.contains($0) } == [])
        #expect(reader.unused == [])
    }

    private func look(at entry: PageEntry, _ check: NotRun.Check, _ reader: PageReader) throws {
        let command = reader.withoutSynopsis(entry.command)
        var script = ["bash -n <<'COMMAND'", command, "COMMAND"].joined(separator: "\n")
        switch check {
        case .make: script = "make -n \(command.dropFirst("make ".count))"
        case .source(let path):
            let texts = try Pages.sources(path)
            for option in Pages.options(command) {
                let property = option.dropFirst(2).split(separator: "-").enumerated()
                    .map { $0.offset == 0 ? String($0.element) : $0.element.capitalized }.joined()
                #expect(
                    texts.contains { $0.contains("\"\(option)\"") || $0.contains("var \(property)") },
                    "\(entry.place): \(path) has no option \(option)")
            }
        case .syntax: break
        }
        let outcome = try reader.type(script, as: entry)
        #expect(outcome.code == 0, "\(entry.place): \(command)\n\(outcome.said.suffix(2000))")
    }

    @Test func otherBlocksAreOfKnownKinds() throws {
        var used: Set<String> = []
        for entry in try Pages.entries(in: Scratch()) where entry.kind == .text {
            if let known = otherTexts.first(where: entry.text.hasPrefix) {
                used.insert(known)
            } else {
                #expect(
                    isOtherText(entry.text),
                    "\(entry.place) shows '\(entry.text)': a command that scripts/page-commands.awk does not know, or a text to be listed here"
                )
            }
        }
        #expect(used == Set(otherTexts))
    }
}

/// No page names an option or a target that does not exist.
@Suite struct PageOptionTests {
    /// Options of others that pages speak of.
    private static let foreign: Set<String> = [
        "--blink-settings", "--tiny", "--check", "--signal", "--requeue", "--kill-on-invalid-dep", "--trials", "--only",
        "--quick", "--repetitions", "--large", "--programs", "--work", "--results",
    ]

    @Test func optionsExist() throws {
        let commands = try Pages.entries(in: Scratch()).filter { $0.kind == .command }
            .map { ($0.place, $0.command) }
        for (place, command) in commands + (try Pages.spans()).map({ ($0.page, $0.text) }) {
            for part in command.split(separator: /\s\|\s|<\(|&&/) {
                let words = part.split(separator: " ").map(String.init)
                if let help = Pages.help(words) {
                    let known = Set(Pages.options(help) + ["--generate-completion-script"])
                    for option in Pages.options(part) {
                        #expect(known.contains(option), "\(place): \(option) in: \(part)")
                    }
                } else if let option = Pages.options(part).first, part.hasPrefix(option), option.hasPrefix("--") {
                    #expect(
                        Pages.allOptions.contains(option) || Self.foreign.contains(option),
                        "\(place): \(option) of no program")
                }
            }
        }
    }

    @Test func makeTargetsExist() throws {
        for (page, text) in try Pages.spans() {
            let words = text.split(separator: " ").map(String.init)
            guard words.first == "make" else { continue }
            for word in words.dropFirst() where word.wholeMatch(of: /[a-z][a-z-]*/) != nil {
                #expect(Pages.makeTargets.contains(word), "\(page): make has no target \(word)")
            }
        }
    }
}
