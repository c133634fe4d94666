import Foundation
import Testing

/// A block on a page of the documentation: a command to type, or something else.
struct PageEntry: Sendable {
    enum Kind: String { case command, text, stray }

    var page: String
    var line: Int
    var kind: Kind
    /// The command, or a block's first line.
    var text: String

    var place: String { "\(page):\(line)" }

    /// The command without the remark that follows it.
    var command: String { text.replacing(/\s# .*$/, with: "") }
}

/// The documentation: what it consists of and what it shows.
enum Pages {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// In the order in which somebody might read them.
    static let all =
        ["README.md", "docs/README.md"]
        + [
            "first-study", "your-own-corpus", "choosing-the-cut", "sweeping", "troubleshooting", "models", "pipelines",
            "training",
            "heads", "scores", "runs", "scaling", "predict", "export", "python", "paper", "cluster", "ethics", "shell",
            "adding-an-encoder",
            "adding-an-operation",
        ].map { "docs/\($0).md" }
        + ["README", "audio", "csv", "msp-podcast", "iemocap", "msp-improv", "audformat", "demo/README"].map {
            "data/\($0).md"
        } + ["pipelines/optuna/README.md", "Benchmarks/README.md", "CONTRIBUTING.md"]

    static func text(_ page: String) throws -> String { try String(contentsOfFile: "\(root)/\(page)", encoding: .utf8) }

    /// What the pages show, in order, as `scripts/page-commands.awk` tells it.
    static func entries(in folder: Scratch) throws -> [PageEntry] {
        let found = try Running(
            URL(filePath: "/usr/bin/env"),
            ["awk", "-f", "\(root)/scripts/page-commands.awk"] + all.map { "\(root)/\($0)" }, in: folder
        ).wait(seconds: 60)
        try #require(found.code == 0, "\(found.said)")
        return try found.output.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", maxSplits: 3)
            return PageEntry(
                page: String(fields[0].dropFirst(root.count + 1)), line: try #require(Int(fields[1])),
                kind: try #require(PageEntry.Kind(rawValue: String(fields[2]))), text: String(fields[3]))
        }
    }

    /// `code` between backticks in the running text, with its page.
    static func spans() throws -> [(page: String, text: String)] {
        try all.flatMap { page in
            // A span may go on in the next line; blocks have no backticks but in comments.
            let prose = try text(page).split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("    ") || $0.hasPrefix("```") ? "" : String($0) }.joined(separator: "\n")
            return prose.matches(of: /`([^`]+)`/).map { (page, String($0.1).replacing("\n", with: " ")) }
        }
    }

    /// The option names in a text: `--name` and `-n`.
    static func options(_ text: some StringProtocol) -> [String] {
        String(text).matches(of: /(?:^|[\s\[(`])(--?[a-z][a-z-]*)/).map { String($0.1) }
    }

    /// The reviewed help of the command that such words name, `undertone corpus csv …`; nil if they name none of the programs'.
    static func help(_ words: [String]) -> String? {
        guard let program = words.first.map({ URL(filePath: $0).lastPathComponent }), Program(rawValue: program) != nil
        else {
            return nil
        }
        let golden = "\(root)/Tests/CommandLineTests/Golden"
        for count in [2, 1, 0] {
            let name = ([program] + words.dropFirst().prefix(count)).joined(separator: "-")
            if let text = try? String(contentsOfFile: "\(golden)/\(name).txt", encoding: .utf8) { return text }
        }
        return nil
    }

    /// Every option of every command.
    static let allOptions: Set<String> = {
        let golden = "\(root)/Tests/CommandLineTests/Golden"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: golden)) ?? []
        return Set(
            names.compactMap { try? String(contentsOfFile: "\(golden)/\($0)", encoding: .utf8) }.flatMap(options))
    }()

    /// What `make` can be asked for.
    static let makeTargets: Set<String> = {
        let makefile = ((try? Pages.text("Makefile")) ?? "").replacing("\\\n", with: " ")
        let lines = makefile.split(separator: "\n").filter { $0.hasPrefix(".PHONY: ") }
        return Set(lines.flatMap { $0.dropFirst(8).split(separator: " ").map(String.init) }).union(["trials"])
    }()
}
