import Runs

/// What the programs are called with, whoever calls them.
extension Plan {
    /// Of `undertone-cache`, for all shards of a cache.
    func cacheArguments(_ number: Int) -> [String] {
        let cache = pipeline.cache
        return ["--corpus", caches[number].corpus.manifest, "--model", pipeline.model]
            + cache.cuts.flatMap { ["--cut", $0] }
            + [
                "--shards", "\(cache.shards)", "--store", cache.store.rawValue, "--pool", "\(cache.pool)",
                "--compute", cache.compute.rawValue, "--max-rejects", cache.maxRejects, "--out", caches[number].folder,
            ] + cache.pathArguments
    }

    /// Of `undertone-train`, without which run it is.
    var trainArguments: [String] { caches.flatMap { ["--cache", $0.folder] } + ["--corpus", corpus] }

    /// Of `undertone`.
    func joinArguments(_ joint: Joint) -> [String] {
        ["join", source.path] + (source.model.map { ["--model", $0] } ?? []) + ["-o", joint.manifest]
    }

    /// Of `undertone`: the page of the pipeline, which it reads again, for what was varied, and on which scale, is not in the runs.
    var reportArguments: [String] {
        ["report", "--pipeline", source.path, "--build", build] + (source.corpus.map { ["--corpus", $0] } ?? [])
            + (source.model.map { ["--model", $0] } ?? []) + (pipeline.reportTitle.map { ["--title=\($0)"] } ?? [])
            + ["-o", report]
    }
}

/// What `grep` finds in the `attempt.json` of a run that was tried and failed, as a word for a shell; one that is refused leaves none.
let failedAttempt = "'\"outcome\" *: *\"\(RunAttempt.Outcome.failed.rawValue)\"'"

/// One word for a shell.
package func shellWord(_ text: String) -> String {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._/+,@:%=-".contains($0)) }
    return isPlain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
}
