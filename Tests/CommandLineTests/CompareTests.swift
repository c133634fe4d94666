import Foundation
import Testing

/// A corpus of twelve whose speakers keep to their splits, cached and trained from with two seeds.
private func twoRuns() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    // The speakers of `writeCorpus` are in several splits.
    let clean = try folder.read("manifest.csv").replacing(/,(\w+),s(\d),/) { ",\($0.1),\($0.1)\($0.2)," }
    try folder.write("manifest.csv", clean)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    for seed in ["0", "1"] {
        let outcome = try Program.train.run(
            trainArguments(out: "seed-\(seed)", "--set", "seed=\(seed)", "--set", "strict=true"), in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
    }
    return folder
}

@Test func runsAreCompared() throws {
    let folder = try twoRuns()
    let text = try Program.undertone.run(["compare", "seed-0", "seed-1", "--split", "development"], in: folder)
    #expect(text.code == 0 && text.said.isEmpty)
    #expect(text.output.hasPrefix("CCC on development, each run against seed-0\n\nseed-1\n  activation  "))
    let outcome = try Program.undertone.run(
        ["compare", "seed-0", "seed-1", "--split", "development", "--metric", "mae", "--json"], in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty)
    let top = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(top["metric"] as? String == "mae")
    let entry = try #require((top["comparisons"] as? [[String: Any]])?.first)
    #expect(entry["common"] as? Int == 4 && entry["interval_over"] as? String == "speaker")

    let missing = try Program.undertone.run(["compare", "seed-0", "seed-1", "--split", "test1"], in: folder)
    #expect(missing.code == 66)
    #expect(
        missing.said == "error: seed-0: no predictions for split 'test1'; there are development, test; did you mean "
            + "test?\n")

    try folder.write(
        "seed-1/predictions-test.csv",
        try folder.read("seed-1/predictions-test.csv").replacing(/(u\d+,\w+),\d\.0,/) { "\($0.1),9.0," })
    let other = try Program.undertone.run(["compare", "seed-0", "seed-1"], in: folder)
    #expect(other.code == 65 && other.errors.count == 1 && other.output.isEmpty)
    #expect(other.said.contains("compare runs over the same labels"))
}

@Test func sharedSpeakersAreSaidAndRefusedWhenStrict() throws {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    let told = try Program.train.run(trainArguments(), in: folder)
    #expect(told.code == 0)
    #expect(told.lines("warning: 2 speakers are in more than one split (6 utterances): s1 (").count == 1)
    let strict = try Program.train.run(trainArguments(out: "strict", "--set", "strict=true"), in: folder)
    #expect(strict.code == 65 && strict.output.isEmpty && !folder.exists("strict"))
    #expect(
        strict.said == "error: cache/corpus.csv: 2 speakers are in more than one split (6 utterances): s1 (development "
            + "2, test 1), s3 (development 2, test 1); move them into one split, or train with strict: false\n")
}
