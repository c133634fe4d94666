import Foundation
import Testing

/// A set-up whose predictions must be the run's own, to the last bit.
struct PredictCase: CustomTestStringConvertible, Sendable {
    var model = tinyModel
    var cut = "2"
    var cache: [String] = []
    var train: [String]

    var testDescription: String { ([model, "cut \(cut)"] + cache + train).joined(separator: " ") }

    private static func set(_ keys: String...) -> [String] { keys.flatMap { ["--set", $0] } }

    static let all = [
        PredictCase(cache: ["--store", "float32", "--compute", "float32"], train: ["--compute", "float32"]),
        PredictCase(model: "random:hubert-tiny", train: set("head.form=hf", "pooling=mean")),
        PredictCase(
            model: "random:wavlm-tiny", cut: "cnn", cache: ["--store", "int8"], train: set("layers=all", "ema=0.9")),
        PredictCase(
            model: "random:data2vec-audio-tiny", cut: "cnn", cache: ["--store", "bfloat16", "--compute", "bfloat16"],
            train: set("layers=all", "head.form=audeering", "standardise=true") + ["--compute", "bfloat16"]),
        // Products as narrow as a rank were rounded differently with the number of rows beside them.
        PredictCase(
            model: "random:wav2vec2-large-tiny",
            train: set("tuning=lora", "lora.targets=[q_proj, v_proj, intermediate_dense, output_dense]") + [
                "--compute", "float32",
            ]),
        PredictCase(
            model: "random:wavlm-large-tiny", cache: ["--pool", "2"],
            train: set("tuning=biases", "pooling=attentive", "head.shared=true")),
        PredictCase(cut: "4", train: set("layers=0", "pooling=mean_std")),
    ]
}

@Test(arguments: PredictCase.all)
func predictionsAreTheRunsBitForBit(_ set: PredictCase) throws {
    let folder = try finishedRun(model: set.model, cut: set.cut, cache: set.cache, train: set.train)
    let outcome = try Program.undertone.run(["predict", "--run", "run", "manifest.csv"], in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)")
    #expect(outcome.output.hasPrefix("id,activation\nu0,"))
    let predicted = folder.table(outcome.output), known = try folder.runPredictions()
    #expect(predicted.count == 13 && known.count == 6)
    for (id, value) in known { #expect(predicted[id] == [value], "\(id)") }
    #expect(Set(known.values).count == 6, "recordings that all sound alike prove nothing")

    // A bundle has everything: the checkpoint's place, the cache and the run may be gone.
    let export = try Program.undertone.run(
        ["export", "--run", "run", "--format", "bundle", "-o", "bundle"], in: folder)
    #expect(export.code == 0, "\(export.said)")
    for name in ["run", "cache"] { try folder.remove(name) }
    let bundled = try Program.undertone.run(
        ["predict", "--bundle", "bundle/bundle.safetensors", "--threads", "3", "manifest.csv"], in: folder)
    #expect(bundled.code == 0 && bundled.output == outcome.output, "\(bundled.said)")
}

@Test func recordingsFoldersAndStandardInputGiveTheSame() throws {
    let folder = try finishedRun()
    func predict(_ arguments: [String], input: String? = nil) throws -> Outcome {
        try Program.undertone.run(["predict", "--run", "run"] + arguments, input: input, in: folder)
    }
    let value = try #require(folder.table(try predict(["manifest.csv"]).output)["u3"]?.first)
    #expect(try predict(["u3.wav"]).output == "id,activation\nu3.wav,\(value)\n")
    #expect(try predict(["-"], input: "u3.wav").output == "id,activation\n-,\(value)\n")
    #expect(try predict(["u3.wav", "--format", "jsonl"]).output == "{\"id\": \"u3.wav\", \"activation\": \(value)}\n")
    let whole = try predict([".", "-o", "out.csv"])
    #expect(whole.code == 0 && whole.output.isEmpty)
    let table = folder.table(try folder.read("out.csv"))
    #expect(table.count == 13 && table["./u3.wav"] == [value])
}

@Test func windowsOverALongRecording() throws {
    let folder = try finishedRun()
    // Of rising pitch, so that no window is like another.
    let samples = (0..<57_000).map { index in
        let seconds = Double(index) / 16_000
        return Float(0.4 * sin(2 * .pi * (100 + 150 * seconds) * seconds))
    }
    try folder.write("long.wav", Wave(samples: samples).bytes)
    func predict(_ arguments: String..., input: String? = nil) throws -> Outcome {
        try Program.undertone.run(["predict", "--run", "run", "--window", "1"] + arguments, input: input, in: folder)
    }
    let outcome = try predict("long.wav", "u0.wav", "--plot", "curves.svg")
    #expect(outcome.code == 0, "\(outcome.said)")
    let rows = outcome.output.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    #expect(rows[0] == ["id", "start", "end", "activation"])
    let times = rows.dropFirst().map { "\($0[0]) \($0[1]) \($0[2])" }
    let expected = (0...5).map { "long.wav \(Double($0) / 2) \(Double($0) / 2 + 1)" }
    #expect(
        times == expected + ["long.wav 2.5625 3.5625", "u0.wav 0.0 0.25"], "the last window ends with the recording")
    #expect(Set(rows.dropFirst().map { $0[3] }).count == 8)
    let sparse = try predict("long.wav", "--hop", "1").output.split(separator: "\n")
    #expect(sparse.count == 5 && sparse.dropFirst().allSatisfy { outcome.output.contains($0) })
    let piped = try predict("-", input: "long.wav").output
    #expect(
        piped.replacing("-,", with: "long.wav,") == rows.prefix(8).map { $0.joined(separator: ",") + "\n" }.joined())

    // A window is scored as if it were a recording.
    try folder.write("second.wav", Wave(samples: Array(samples[16_000..<32_000])).bytes)
    let alone = try Program.undertone.run(["predict", "--run", "run", "second.wav"], in: folder).output
    #expect(folder.table(alone)["second.wav"] == [rows[3][3]])

    let picture = try folder.read("curves.svg")
    #expect(picture.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\"") && picture.hasSuffix("</svg>\n"))
    #expect(picture.contains("prefers-color-scheme: dark") && !picture.contains("http://www.w3.org/1999"))
    #expect(picture.split(separator: "<path class=\"line\"").count == 3, "a curve for each recording")
    #expect(try predict("long.wav", "--plot", "curves.html").code == 0)
    let page = try folder.read("curves.html")
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<figcaption><strong>long.wav</strong>"))
    #expect(!page.contains("src=") && !page.contains("href="), "it needs nothing but itself")
}

@Test func whatCannotBeUsedIsNamedAndTheRestIsPredicted() throws {
    let folder = try finishedRun()
    try folder.write("text.wav", "no sound")
    try folder.write("short.wav", Wave(frames: 300, pitchHz: 100).bytes)
    let outcome = try Program.undertone.run(
        ["predict", "--run", "run", "text.wav", "u1.wav", "short.wav"], in: folder)
    #expect(outcome.code == 65)
    #expect(outcome.output.split(separator: "\n").count == 2 && outcome.output.contains("\nu1.wav,"))
    #expect(outcome.lines("rejected: ").count == 2)
    #expect(
        outcome.lines("rejected: ").last
            == "rejected: short.wav: 300 samples at 16000 Hz; expected at least 400, one frame of the encoder")
    #expect(
        outcome.errors == ["error: 2 of 3 recordings could not be used; mend or leave out those that are named above"])
    let windows = try Program.undertone.run(
        ["predict", "--run", "run", "--window", "1", "short.wav", "u1.wav"], in: folder)
    #expect(windows.code == 65 && windows.lines("rejected: short.wav: 300 samples").count == 1)
    #expect(windows.output.contains("\nu1.wav,0.0,"))
}

/// What stage one would say of a recording that is odd and used all the same, once each, however it is heard.
@Test func oddRecordingsAreScoredWithAWarning() throws {
    let folder = try finishedRun()
    let voice = Wave(frames: 8000, pitchHz: 120)
    try folder.write("cut.wav", voice.bytes.dropLast(4000))
    try folder.write("silent.wav", Wave(samples: [Float](repeating: 0, count: 8000)).bytes)
    try folder.write("clipped.wav", Wave(samples: voice.samples.map { min(0.15, max(-0.15, $0)) }).bytes)
    var opposite = Wave(samples: voice.samples.flatMap { [$0, -$0] })
    opposite.channels = 2
    try folder.write("opposite.wav", opposite.bytes)
    let truncated = "holds 0.38 s of the 0.50 s its header promises; what is there is used"
    let expected = [
        "cut.wav: \(truncated)", "silent.wav: silent, every sample is the same; used as it is",
        "clipped.wav: clipped, ",
        "opposite.wav: its 2 channels cancel each other, their mean is silent; used as it is, better give one channel "
            + "alone",
    ]
    for more in [[], ["--window", "0.1"]] {
        let options = ["predict", "--run", "run"] + more
        let outcome = try Program.undertone.run(
            options + ["cut.wav", "u1.wav", "silent.wav", "clipped.wav", "opposite.wav"], in: folder)
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.said)")
        let warnings = outcome.lines("warning: ")
        #expect(warnings.count == expected.count, "\(warnings)")
        for (line, text) in zip(warnings, expected) { #expect(line.hasPrefix("warning: \(text)")) }
        let stream = try Program.undertone.run(options + ["-"], input: "cut.wav", in: folder)
        #expect(stream.code == 0 && stream.said == "warning: standard input: \(truncated)\n", "\(stream.said)")
    }
    // Of a manifest, by the id that its row has.
    try folder.writeManifest(["first,silent.wav,test,s,3", "second,u1.wav,test,s,3"], to: "odd.csv")
    let listed = try Program.undertone.run(["predict", "--run", "run", "odd.csv"], in: folder)
    #expect(listed.said == "warning: first: silent, every sample is the same; used as it is\n")
}

/// However late it turns out: a file of no use has no row and no curve. What came through a pipe has been printed.
@Test func aRecordingThatIsRejectedLateHasNoRow() throws {
    let folder = try finishedRun()
    var samples = Wave(frames: 140_000, pitchHz: 100).samples
    samples[139_000] = .nan
    try folder.write("late.wav", Wave(samples: samples, isFloat: true).bytes)
    let windows = ["predict", "--run", "run", "--window", "2"]
    let file = try Program.undertone.run(windows + ["--plot", "curves.html", "late.wav", "u1.wav"], in: folder)
    #expect(file.code == 65 && file.lines("rejected: late.wav: 1 sample is NaN").count == 1, "\(file.said)")
    #expect(file.output.hasPrefix("id,start,end,activation\nu1.wav,0.0,"), "\(file.output)")
    let page = try folder.read("curves.html")
    #expect(page.contains("u1.wav") && !page.contains("late.wav"))

    let stream = try Program.undertone.run(windows + ["-"], input: "late.wav", in: folder)
    #expect(stream.code == 65)
    // A window begins every second, and the block with the sample that is not finite ends the stream.
    #expect(stream.output.split(separator: "\n").count == 8, "\(stream.output)")
    #expect(
        stream.lines("rejected: ")
            == [
                "rejected: standard input: 1 sample is NaN, infinite or beyond 1e12, the first at 8.68 s (sample "
                    + "139000); re-export the recording; its rows up to 8.0 s were written before that"
            ])
}

/// Refused before anything is predicted.
struct PredictRefusal: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var code: Int32
    var arguments: [String]
    /// The beginning of what is said.
    var said: String
    var change: @Sendable (Scratch) throws -> Void = { _ in }

    static let all = [
        PredictRefusal(
            testDescription: "another checkpoint", code: 65,
            arguments: ["--run", "run", "--model", "random:wav2vec2-tiny?seed=1", "u0.wav"],
            said: "error: random:wav2vec2-tiny?seed=1: another model than that of run: weights below cut 2 hash to "),
        PredictRefusal(
            testDescription: "another architecture", code: 65,
            arguments: ["--run", "run", "--model", "random:wavlm-tiny", "u0.wav"],
            said: "error: random:wavlm-tiny?seed=0: another architecture than that of run: found 4 layers, wavlm, "),
        PredictRefusal(
            testDescription: "the checkpoint is gone", code: 66, arguments: ["--run", "run", "u0.wav"],
            said: "error: run: was trained on gone/model, which cannot be opened (gone/model: no such folder",
            change: { try $0.edit("run/model.json", tinyModel, "gone/model") }),
        PredictRefusal(
            testDescription: "a run of before there was a record", code: 66, arguments: ["--run", "run", "u0.wav"],
            said:
                "error: run/model.json: no such file; a finished run of this version has it; an older one is trained again "
                + "with the same command and --replace", change: { try $0.remove("run/model.json") }),
        PredictRefusal(
            testDescription: "no run", code: 66, arguments: ["--run", "none", "u0.wav"],
            said: "error: none/result.json: no such file; none is not a run directory, or its run is not done"),
        PredictRefusal(
            testDescription: "no bundle", code: 65, arguments: ["--bundle", "run/best.safetensors", "u0.wav"],
            said: "error: run/best.safetensors: a safetensors file of another kind; expected a bundle, make one with "
                + "undertone export --format bundle"),
        PredictRefusal(
            testDescription: "no recording", code: 66, arguments: ["--run", "run", "none.wav"],
            said: "error: none.wav: no such file; expected an audio file"),
        PredictRefusal(
            testDescription: "a folder without any", code: 65, arguments: ["--run", "run", "run"],
            said: "error: run: holds no recording with a known ending (wav, "),
        PredictRefusal(
            testDescription: "output that cannot be written", code: 73,
            arguments: ["--run", "run", "u0.wav", "-o", "/proc/out.csv"],
            said: "error: /proc/out.csv: cannot be written: "),
    ]
}

@Test func predictionThatCannotBeIsRefused() throws {
    let folder = try finishedRun()
    let record = try folder.bytes("run/model.json")
    for refusal in PredictRefusal.all {
        try refusal.change(folder)
        let outcome = try Program.undertone.run(["predict"] + refusal.arguments, in: folder)
        #expect(outcome.code == refusal.code, "\(refusal.testDescription)")
        #expect(outcome.said.hasPrefix(refusal.said), "\(refusal.testDescription): \(outcome.said)")
        #expect(outcome.errors.count == 1, "\(refusal.testDescription)")
        #expect(outcome.output.isEmpty, "\(refusal.testDescription)")
        try folder.write("run/model.json", record)
    }
}

@Test(arguments: [
    (["u.wav"], "neither --run nor --bundle is given; expected one of them"),
    (["--run", "r", "--bundle", "b", "u.wav"], "both --run and --bundle are given; expected one of them"),
    (
        ["--bundle", "b", "--model", "m", "u.wav"],
        "--model is given with --bundle, which holds its model; leave it out"
    ),
    (["--run", "r", "--hop", "1", "u.wav"], "--hop is given without --window; it is of windows alone"),
    (["--run", "r", "--plot", "c.svg", "u.wav"], "--plot is given without --window; it is of windows alone"),
    (["--run", "r", "--window", "2", "--hop", "3", "u.wav"], "--hop is 3.0; expected a number of seconds from 0.01"),
    (["--run", "r", "--window", "0", "u.wav"], "--window is 0.0; expected a number of seconds from 0.1 to 3600"),
    (
        ["--run", "r", "--window", "2", "--plot", "c.png", "u.wav"],
        "--plot is c.png; expected a file that ends in .svg or"
    ),
    (["--run", "r", "-", "-"], "- is given twice; standard input can be read once"),
])
func optionsThatCannotBeAreRefused(_ arguments: [String], _ said: String) throws {
    let outcome = try Program.undertone.run(["predict"] + arguments, in: Scratch())
    #expect(outcome.code == 64)
    #expect(outcome.said.contains(said), "\(outcome.said)")
}
