import Testing

/// A manifest that is wrong is refused whole, before anything is computed, with every mistake in it named by its line.
struct ManifestCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// The manifest's text; nil for none.
    var text: String?
    var code: Int32
    var errors: [String]

    private static let header = "id,path,split,speaker,activation\n"
    private static let columns = "id, path, split, speaker"

    static let all = [
        ManifestCase(
            testDescription: "missing manifest", text: nil, code: 66,
            errors: ["error: bad.csv: no such file; expected a corpus manifest (CSV with the columns \(columns))"]),
        ManifestCase(
            testDescription: "empty file", text: "", code: 65,
            errors: ["error: bad.csv: is empty; expected a header with the columns \(columns) and a row per utterance"]),
        ManifestCase(
            testDescription: "only a header", text: header, code: 65,
            errors: ["error: bad.csv:1: only a header; expected a row per utterance"]),
        ManifestCase(
            testDescription: "missing column", text: "id,file,split,speaker\na,u0.wav,train,s\n", code: 65,
            errors: ["error: bad.csv:1: no column 'path'; expected \(columns)"]),
        ManifestCase(
            testDescription: "duplicate id", text: header + "a,u0.wav,train,s,1\na,u1.wav,train,s,2\n", code: 65,
            errors: ["error: bad.csv:3: id 'a' is already used on line 2; ids must be unique"]),
        ManifestCase(
            testDescription: "unknown split", text: header + "a,u0.wav,trian,s,1\n", code: 65,
            errors: [
                "error: bad.csv:2: split 'trian'; expected train, development, test or test1, test2, …; "
                    + "did you mean train?"
            ]),
        ManifestCase(
            testDescription: "path that leaves the folder", text: header + "a,sub/../../u0.wav,train,s,1\n", code: 65,
            errors: ["error: bad.csv:2: path 'sub/../../u0.wav' leaves the manifest's folder"]),
        ManifestCase(
            testDescription: "absolute path", text: header + "a,/u0.wav,train,s,1\n", code: 65,
            errors: [
                "error: bad.csv:2: path '/u0.wav' is absolute; expected one relative to the manifest's folder"
            ]),
        ManifestCase(
            testDescription: "a cell too few", text: header + "a,u0.wav,train,s\n", code: 65,
            errors: ["error: bad.csv:2: 4 cells; expected 5, as in the header"]),
        ManifestCase(
            testDescription: "three mistakes at once",
            text: header + "a,u0.wav,train,s,1\na,u1.wav,tset,s,2\n,u1.wav,train,s,1\n", code: 65,
            errors: [
                "error: bad.csv:3: id 'a' is already used on line 2; ids must be unique",
                "error: bad.csv:3: split 'tset'; expected train, development, test or test1, test2, …; "
                    + "did you mean test?",
                "error: bad.csv:4: the id is empty; every utterance needs one",
            ]),
    ]
}

@Test(arguments: ManifestCase.all)
func badManifestIsRefusedWhole(_ bad: ManifestCase) throws {
    let folder = try Scratch()
    try folder.writeCorpus(2)
    if let text = bad.text { try folder.write("bad.csv", text) }
    let outcome = try Program.cache.run(cacheArguments(corpus: "bad.csv"), in: folder)
    #expect(outcome.code == bad.code)
    #expect(outcome.said == bad.errors.map { $0 + "\n" }.joined(), "nothing else is said")
    #expect(outcome.output.isEmpty && !folder.exists("cache"))
}

/// A recording that cannot be used is rejected; the others are cached all the same.
struct RecordingCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// The file; nil for none.
    var bytes: [UInt8]?
    var code: Int32
    /// After the file's path.
    var reason: String
    /// The header shows it, so that it is said before any compute.
    var isKnownBefore = true

    static let all = [
        RecordingCase(
            testDescription: "missing", bytes: nil, code: 66, reason: "no such file; expected an audio file"),
        RecordingCase(
            testDescription: "text", bytes: Array("these are no samples\n".utf8), code: 65,
            reason: "cannot be read as audio (Format not recognised); expected WAV, FLAC or another libsndfile format"),
        RecordingCase(
            testDescription: "no bytes at all", bytes: [], code: 65,
            reason: "holds no samples; expected a recording"),
        RecordingCase(
            testDescription: "no samples", bytes: Wave(samples: []).bytes, code: 65,
            reason: "holds no samples; expected a recording"),
        RecordingCase(
            testDescription: "shorter than a frame", bytes: Wave(frames: 399, pitchHz: 100).bytes, code: 65,
            reason: "399 samples at 16000 Hz; expected at least 400, one frame of the encoder"),
        RecordingCase(
            testDescription: "shorter than a frame after resampling",
            bytes: Wave(frames: 598, pitchHz: 100, sampleRateHz: 24_000).bytes, code: 65,
            reason: "399 samples at 16000 Hz; expected at least 400, one frame of the encoder", isKnownBefore: false),
        RecordingCase(
            testDescription: "not a number",
            bytes: Wave(samples: (0..<8000).map { $0 == 4000 ? .nan : 0.1 }, isFloat: true).bytes, code: 65,
            reason: "1 sample is NaN, infinite or beyond 1e12, the first at 0.25 s (sample 4000); "
                + "re-export the recording", isKnownBefore: false),
        RecordingCase(
            testDescription: "infinite",
            bytes: Wave(samples: (0..<8000).map { $0 >= 7997 ? .infinity : 0.1 }, isFloat: true).bytes, code: 65,
            reason: "3 samples are NaN, infinite or beyond 1e12, the first at 0.49 s (sample 7997); "
                + "re-export the recording", isKnownBefore: false),
    ]
}

@Test(arguments: RecordingCase.all)
func badRecordingIsRejectedAndTheOthersAreCached(_ bad: RecordingCase) throws {
    let folder = try Scratch()
    let good = try folder.writeCorpus(2)
    try folder.writeManifest([good[0], "bad,bad.wav,train,s,3", good[1]])
    if let bytes = bad.bytes { try folder.write("bad.wav", bytes) }
    let reason = "\(folder.path)/bad.wav: \(bad.reason)"

    let outcome = try Program.cache.run(cacheArguments(), in: folder)
    #expect(outcome.code == bad.code)
    #expect(outcome.lines("rejected: ") == ["rejected: \(reason) (manifest.csv:3)"])
    #expect(
        outcome.errors == [
            "error: 1 of 3 recordings cannot be used, 0 allowed; the others are cached. Mend them or take them out of "
                + "the manifest (cache/rejects.csv lists them), or allow more with --max-rejects"
        ])
    if bad.isKnownBefore { #expect(outcome.said.hasPrefix("rejected: ")) }
    let cell = reason.contains(",") ? "\"\(reason)\"" : reason
    #expect(try folder.read("cache/rejects.csv") == "id,path,reason\nbad,bad.wav,\(cell)\n")

    // The same again computes nothing again; and who allows a reject is not told of a failure.
    for (limit, code) in [("0", bad.code), ("33%", bad.code), ("34%", 0), ("1", 0)] {
        // Until then it is no cache: what asks for its description alone, as Slurm's jobs do, must not train from it.
        #expect(folder.names(in: "cache").contains("cache.json") == (limit == "1"), "before --max-rejects \(limit)")
        let again = try Program.cache.run(cacheArguments("--max-rejects", limit), in: folder)
        #expect(again.code == code, "--max-rejects \(limit)")
        #expect(again.output.contains("\n0 computed, 2 reused, 1 rejected"))
        #expect(again.errors.isEmpty == (code == 0))
    }
    #expect(try storedRows("cache", in: folder).keys.sorted() == ["u0/2", "u1/2"])
    #expect(try folder.read("cache/corpus.csv") == folder.read("manifest.csv"))
    // What was allowed once and is no longer must not go for whole.
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == bad.code)
    #expect(!folder.names(in: "cache").contains("cache.json"))
}

@Test func corpusWithoutAnyUsableRecordingIsRefused() throws {
    let folder = try Scratch()
    try folder.writeManifest(["a,x.wav,train,s,1", "b,y.wav,train,s,2"])
    let missing = try Program.cache.run(cacheArguments(), in: folder)
    #expect(missing.code == 66)
    #expect(
        missing.errors == [
            "error: manifest.csv:2: \(folder.path)/x.wav: no such file; expected an audio file",
            "error: manifest.csv:3: \(folder.path)/y.wav: no such file; expected an audio file",
            "error: manifest.csv: none of its 2 recordings can be used; expected audio files where the column path "
                + "says, relative to the manifest",
        ])
    #expect(!folder.exists("cache"))
    try folder.write("y.wav", "text")
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 65, "not all of them are missing")
    #expect(!folder.exists("cache"))
}

/// Regression: a reject failed the run for its shard, whereupon Make deleted the shard, and with it all that had been
/// computed, each time anew.
@Test func rejectsFailTheRunThatCompletesTheCacheAndNotTheOneForAShard() throws {
    let folder = try Scratch()
    let good = try folder.writeCorpus(8)
    try folder.writeManifest(good + ["bad,bad.wav,train,s,3"])
    var rejected = 0
    for shard in 0..<3 {
        let outcome = try Program.cache.run(
            cacheArguments("--shards", "3", "--only-shard", "\(shard)"), in: folder)
        #expect(outcome.code == 0)
        rejected += outcome.lines("rejected: ").count
    }
    #expect(rejected == 1)
    #expect(folder.names(in: "cache") == ["shard-00000.h5", "shard-00001.h5", "shard-00002.h5"])
    for _ in 0..<2 {
        #expect(try Program.cache.run(cacheArguments("--shards", "3"), in: folder).code == 66)
        #expect(
            folder.names(in: "cache") == ["rejects.csv", "shard-00000.h5", "shard-00001.h5", "shard-00002.h5"])
    }
    #expect(try Program.cache.run(cacheArguments("--max-rejects", "1"), in: folder).code == 0)
    #expect(try storedRows("cache", in: folder).count == 8)
}
