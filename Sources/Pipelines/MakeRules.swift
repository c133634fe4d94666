extension Plan {
    /// The rules for GNU Make: a target per shard, the cache, a target per run, the report. Equal plans give equal
    /// text.
    public var makeRules: String {
        """
        # Written by undertone plan from pipeline '\(pipeline.name)'; edit the pipeline instead.
        # Include it, or give it to `make -f`. WORKERS=N gives stage one that many workers.

        UNDERTONE_BIN ?= .build/release

        .DELETE_ON_ERROR:
        .PHONY: cache train report

        pipeline-cache := \(cacheManifest)
        pipeline-runs := \(runs.map(\.result).joined(separator: " "))
        pipeline-report := \(report)
        cache: $(pipeline-cache)
        train: $(pipeline-runs)
        report: $(pipeline-report)

        # What every shard is made from, and by what.
        pipeline-inputs := \(([pipeline.corpus, cacheSettings.path] + modelFiles).joined(separator: " "))
        pipeline-shards := \(shards.joined(separator: " "))
        pipeline-stage-one = \(cacheCommand)

        \(shards.enumerated().map(shardRule).joined(separator: "\n"))
        # All shards are there: this checks them and writes the cache's description.
        $(pipeline-cache): $(pipeline-shards)
        \t$(pipeline-stage-one)
        \t@touch -c $@

        \(runs.map(runRule).joined(separator: "\n"))
        $(pipeline-report): $(pipeline-runs) \(reportSettings.path)
        \t\(reportCommand)

        """
    }

    private var cacheCommand: String {
        let cache = pipeline.cache
        let arguments =
            ["--corpus", pipeline.corpus, "--model", pipeline.model]
            + cache.cuts.flatMap { ["--cut", $0] }
            + [
                "--shards", "\(cache.shards)", "--store", cache.store.rawValue, "--pool", "\(cache.pool)",
                "--compute", cache.compute.rawValue, "--max-rejects", cache.maxRejects, "--out", cacheFolder,
            ]
        return "$(UNDERTONE_BIN)/undertone-cache " + arguments.map(quoted).joined(separator: " ")
            + "$(if $(WORKERS), --workers $(WORKERS))"
    }

    /// Every shard looks at the whole manifest and computes what it lacks. The time of one that lacked nothing is
    /// brought up to date, or Make would ask again each time; `-c` because a shard that was not written must not seem
    /// to be.
    private func shardRule(index: Int, path: String) -> String {
        """
        \(path): $(pipeline-inputs)
        \t$(pipeline-stage-one) --only-shard \(index)
        \t@touch -c $@

        """
    }

    /// Stage two itself knows whether what lies in the run's folder is the same run, by configuration, cache and
    /// corpus: it goes on with the same (`--resume`) and begins anew over another (`--replace`). A finished one that
    /// is the same it leaves as it is, so that here too the time is brought up to date.
    private func runRule(_ run: Run) -> String {
        let settings = run.configuration.path
        let arguments = [
            "--cache", cacheFolder, "--corpus", pipeline.corpus, "--config", settings, "--out", run.directory,
            "--resume",
            "--replace",
        ]
        return """
            \(run.result): $(pipeline-cache) \(settings)
            \t$(UNDERTONE_BIN)/undertone-train \(arguments.map(quoted).joined(separator: " "))
            \t@touch -c $@

            """
    }

    private var reportCommand: String {
        var arguments = runs.map(\.directory) + ["--cache", cacheFolder, "--corpus", pipeline.corpus]
        if let title = pipeline.reportTitle { arguments += ["--title=\(title)"] }
        return "$(UNDERTONE_BIN)/undertone report " + (arguments + ["-o", report]).map(quoted).joined(separator: " ")
    }

    /// One word for the shell, inside a recipe of Make.
    private func quoted(_ argument: String) -> String {
        let dollars = argument.replacing("$", with: "$$").replacing("\n", with: " ")
        let plain = dollars.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._/+,@:%=-".contains($0)) }
        return plain && !dollars.isEmpty ? dollars : "'\(dollars.replacing("'", with: "'\\''"))'"
    }
}
