import Foundation
import Testing

private let manifest = """
    name: x
    corpus: manifest.csv
    model: random:wav2vec2-tiny?seed=0
    labels: [activation]
    cache: {cuts: [2], shards: 3}
    train: {layers: 2, epochs: 2, batch: {utterances: 4}, threads: 1, scores: {resamples: 100}}
    seeds: [0, 1]

    """

/// Of no machine: what is compared here does not depend on them.
private let rates = """
    {"processor": "none", "threads": 1, "model": "x", "open_seconds": 0, "load_seconds": 0,
     "stage_one": {"float32": 1e9, "bfloat16": 1e9}, "training": {"float32": 1e9, "bfloat16": 1e9},
     "scoring": {"float32": 1e9, "bfloat16": 1e9}, "optimiser": 1e9, "decoding": 1000, "writing": 1e9}
    """

private func corpus(_ settings: (String) -> String = { $0 }) throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(24)
    try folder.write("x.yaml", settings(manifest))
    try folder.write("rates.json", rates)
    return folder
}

private func estimated(_ folder: Scratch, _ options: String...) throws -> [String: Any] {
    let outcome = try Program.undertone.run(
        ["plan", "x.yaml", "--estimate", "--json", "--rates", "rates.json"] + options, in: folder)
    try #require(outcome.code == 0, "\(outcome.said)")
    return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
}

private func sizes(_ folder: Scratch, _ path: String) throws -> [String: Int] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(path)")
    return try Dictionary(
        uniqueKeysWithValues: names.map { name in
            let file = "\(folder.path)/\(path)/\(name)"
            return (name, try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int))
        })
}

/// Bytes, files and rows as they then are: the estimate is made before anything is, and nothing is written for it.
@Test(arguments: [
    "cuts: [2], shards: 3", "cuts: [cnn, 2], shards: 2, store: int8", "cuts: [2], shards: 1, store: float32, pool: 2",
])
func whatIsEstimatedIsWhatIsThenThere(cache: String) throws {
    let folder = try corpus { $0.replacing("cuts: [2], shards: 3", with: cache) }
    let estimate = try estimated(folder)
    #expect(folder.names(in: "") == folder.names(in: "").filter { $0 != "build" })
    let plan = try Program.undertone.run(["plan", "x.yaml", "-o", "build/x/rules.mk"], in: folder)
    try #require(plan.code == 0, "\(plan.said)")
    let programs = try Program.undertone.url.deletingLastPathComponent().path
    let made = try Running(
        URL(filePath: "/usr/bin/env"),
        ["-u", "MAKEFLAGS", "make", "-f", "build/x/rules.mk", "UNDERTONE_BIN=\(programs)", "report"], in: folder
    ).wait()
    try #require(made.code == 0, "\(made.said)")

    let predicted = try #require((estimate["caches"] as? [[String: Any]])?.first)
    let name = try #require(folder.names(in: "build/x").first { $0.hasPrefix("cache-") && !$0.contains(".") })
    let files = try sizes(folder, "build/x/\(name)")
    #expect(predicted["files"] as? Int == files.count, "\(files.keys.sorted())")
    let shards = files.filter { $0.key.hasSuffix(".h5") }.values.reduce(0, +)
    let shardBytes = try #require(predicted["shard_bytes"] as? Int)
    // Chunks of a megabyte are predicted to the last; what HDF5 keeps beside them is some kilobytes a file.
    #expect(abs(shardBytes - shards) <= 6000 * files.count, "\(shardBytes) predicted, \(shards) there")
    let upper = try #require(predicted["upper_bytes"] as? Int), foundUpper = try #require(files["upper.safetensors"])
    #expect(foundUpper >= upper && foundUpper - upper < 12_000, "\(upper) predicted, \(foundUpper) there")
    let description = try #require(
        try JSONSerialization.jsonObject(with: folder.bytes("build/x/\(name)/cache.json")) as? [String: Any])
    let totals = try #require(description["totals"] as? [String: Any])
    #expect(predicted["rows"] as? Int == totals["frames"] as? Int)

    let runs = try #require((estimate["runs"] as? [[String: Any]])?.first)
    #expect(runs["runs"] as? Int == 2)
    let run = try sizes(folder, "build/x/runs/seed-0")
    #expect(runs["files_per_run"] as? Int == run.count, "\(run.keys.sorted())")
    let bytes = try #require(runs["bytes_per_run"] as? Int), found = run.values.reduce(0, +)
    #expect(abs(Double(bytes) / Double(found) - 1) < 0.25, "\(bytes) predicted, \(found) there: \(run)")
    let result = try #require(
        try JSONSerialization.jsonObject(with: folder.bytes("build/x/runs/seed-0/result.json")) as? [String: Any])
    #expect(runs["trainable_parameters"] as? Int == result["trainable_parameters"] as? Int)
}

@Test func anEstimateMeasuresTheMachineAndSaysSo() throws {
    let folder = try corpus()
    let outcome = try Program.undertone.run(["plan", "x.yaml", "--estimate", "--nodes", "2"], in: folder)
    #expect(outcome.code == 0 && outcome.said == "measuring this machine for some seconds\n", "\(outcome.said)")
    for words in [
        "x.yaml: 24 utterances", "stage one", "stage two", "on 2 nodes", "in all ", "measured here in ",
        "assumed: all epochs are trained",
    ] { #expect(outcome.output.contains(words), "\(words)\n\(outcome.output)") }
    #expect(!outcome.output.contains("nan") && !outcome.output.contains("inf"), "\(outcome.output)")
    #expect(!folder.exists("build"))
    #expect(folder.names(in: "").filter { $0.hasPrefix(".") }.isEmpty)
}

@Test func hoursStandForACorpusThatIsNotThere() throws {
    let folder = try corpus { $0.replacing("corpus: manifest.csv", with: "corpus: later.csv") }
    let missing = try Program.undertone.run(["plan", "x.yaml", "--estimate", "--rates", "rates.json"], in: folder)
    #expect(missing.code == 66)
    #expect(
        missing.errors == [
            "error: later.csv: no such manifest; make it, or say how much speech there will be, such as --hours 240"
        ])
    let speech = try #require(try estimated(folder, "--hours", "240")["speech"] as? [String: Any])
    #expect(speech["lengths"] as? String == "assumed")
    #expect(abs(try #require(speech["hours"] as? Double) - 240) < 0.01)
}

/// As it is for stage one, and not a trap of the arithmetic.
@Test func aCutThatTheModelHasNotIsRefused() throws {
    let folder = try corpus { $0.replacing("cuts: [2]", with: "cuts: [9]") }
    let outcome = try Program.undertone.run(["plan", "x.yaml", "--estimate", "--rates", "rates.json"], in: folder)
    #expect(outcome.code == 64)
    #expect(
        outcome.errors == [
            "error: x.yaml:5: key 'cache.cuts': found 9, but random:wav2vec2-tiny?seed=0 has 4 layers; expected cnn or 0 to 4, "
                + "2 for layers: 2"
        ])
}

/// More of the same kind of corpus, where there is one.
@Test func hoursScaleACorpusThatIsThere() throws {
    let folder = try corpus()
    let own = try #require(try estimated(folder)["speech"] as? [String: Any])
    let scaled = try #require(try estimated(folder, "--hours", "2")["speech"] as? [String: Any])
    #expect(own["lengths"] as? String == "headers" && scaled["lengths"] as? String == "headers")
    let (mean, more) = (try #require(own["mean_seconds"] as? Double), try #require(scaled["mean_seconds"] as? Double))
    #expect(abs(more / mean - 1) < 0.05)
    #expect(abs(try #require(scaled["hours"] as? Double) - 2) < 0.01)
}

@Test(arguments: [
    (["--hours", "10"], "--hours is given without --estimate, whose option it is; add that, or leave it out"),
    (["--estimate", "--hours", "0"], "--hours is 0.0; expected a number of hours above 0, at most 1000000000"),
    (["--estimate", "--nodes", "0"], "--nodes is 0; expected a number of machines from 1 to 1000000"),
    (["--estimate", "--explain"], "--explain and --estimate are both given; expected one of them"),
    (["--estimate", "-o", "x.mk"], "--estimate writes nothing; leave out -o"),
])
func optionsOfEstimatesAreChecked(options: [String], problem: String) throws {
    let outcome = try Program.undertone.run(["plan", "x.yaml"] + options, in: corpus())
    #expect(outcome.code == 64 && outcome.said.contains("Error: \(problem)\n"), "\(outcome.said)")
}
