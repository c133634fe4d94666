import CacheInspection
import Faults
import Foundation
import Reports
import Runs
import Testing

@Suite struct ReportTests {
    @Test func thePageShowsTheScoresAndDrawsEveryPoint() throws {
        let page = try Report(runs: [sampleRun()], title: "A title").html()
        #expect(page.hasPrefix("<!DOCTYPE html>"))
        #expect(page.contains("<h1>A title</h1>"))
        #expect(page.contains("<p class=\"figure c0\">0.50</p>"))
        #expect(page.contains("0.40 to 0.60"))
        #expect(page.contains("21.7 M of 94.8 M (22.9\u{A0}%)"))
        // Two dimensions by twelve utterances; two curves of CCC and one of loss over six epochs.
        #expect(count("<circle class=\"point\"", in: page) == 24)
        #expect(count("<circle class=\"dot", in: page) == 18)
        #expect(count("<line class=\"identity\"", in: page) == 2)
        #expect(count("scope=\"row\">speaker-", in: page) == 3)
        #expect(page.contains("utterance-3 · truth 0.25 · predicted 0.40"))
    }

    @Test func thePageNeedsNothingButItself() throws {
        let page = try Report(runs: [sampleRun(), sampleRun("other")]).html()
        for foreign in ["http://", "https://", "src=", "<link", "@import", "url("] {
            #expect(!page.contains(foreign), "\(foreign)")
        }
    }

    @Test func everyChartSaysWhatItShows() throws {
        let page = try Report(runs: [sampleRun()]).html()
        let charts = count("<svg ", in: page)
        #expect(charts == 6)
        #expect(count("role=\"img\" aria-labelledby=", in: page) == charts)
        #expect(count("<title id=", in: page) == charts)
        #expect(count("<desc id=", in: page) == charts)
        let ids = page.matches(of: #/\sid="([^"]+)"/#).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
    }

    @Test(arguments: [true, false])
    func syntheticSpeechIsCalledSo(synthetic: Bool) throws {
        let note = CorpusNote(name: "demo", synthetic: synthetic, description: "spoken by a machine")
        let report = try Report(runs: [sampleRun(corpus: note)])
        #expect(try report.html().contains("synthetic speech</span>") == synthetic)
        #expect(report.summary.contains("synthetic speech") == synthetic)
        #expect(try report.html().contains("spoken by a machine"))
        #expect(report.title == "demo")
    }

    @Test func syntheticIsNotLostWhereOneSourceForgetsIt() throws {
        let run = sampleRun(corpus: CorpusNote(name: "demo", synthetic: true))
        let report = try Report(runs: [sampleRun("other"), run], corpus: CorpusNote(name: "demo", synthetic: false))
        #expect(try report.html().contains("synthetic speech</span>"))
    }

    @Test func severalRunsAreComparedAndTheBestIsSetApart() throws {
        let runs = [
            sampleRun("first", testCCC: 0.3), sampleRun("second", testCCC: 0.7), sampleRun("third", testCCC: 0.5),
        ]
        let page = try Report(runs: runs).html()
        #expect(page.contains("Runs compared"))
        #expect(count("class=\"best\">0.700", in: page) == 3)
        #expect(!page.contains("class=\"best\">0.300"))
        // What is written in several units sorts by one.
        #expect(count("data-value=\"21658882\">21.7 M", in: page) == 3)
        // A curve per run in each of the two charts.
        #expect(count("<path class=\"line\"", in: page) == 6)
        for name in ["first", "second", "third"] { #expect(page.contains(">\(name)</h2>")) }
        #expect(try !Report(runs: [runs[0]]).html().contains("Runs compared"))
    }

    @Test func everyColumnThatScoresAreGroupedByHasATable() throws {
        var run = sampleRun()
        var predictions = try #require(run.predictions["test1"])
        predictions.columns = ["gender"]
        for index in predictions.rows.indices {
            predictions.rows[index].metadata = index == 0 ? [:] : ["gender": index % 2 == 0 ? "<f>" : "m"]
        }
        var configuration = run.configuration
        configuration.scoring.by = ["speaker", "gender"]
        configuration.scoring.resamples = 100
        run = RunRecord(
            name: run.name, configuration: configuration, epochs: run.epochs, result: run.result,
            predictions: ["test1": predictions])
        let page = try Report(runs: [run]).html()
        #expect(page.contains("By speaker</h2>") && page.contains("By gender</h2>"))
        let summaries = ["3 speakers in the splits not trained on", "2 groups in the splits not trained on"]
        for summary in summaries { #expect(page.contains(summary)) }
        #expect(count("scope=\"row\">&lt;f&gt;", in: page) == 1 && count("scope=\"row\">m<", in: page) == 1)
    }

    @Test func whatTheSplitsShareIsSaid() throws {
        let none = Hygiene.Finding(count: 0, utterances: 0, examples: [])
        let shared = Hygiene.Finding(count: 1, utterances: 5, examples: ["s1 (train 4, test1 1)"])
        let hygiene = Hygiene(
            speakersInSeveralSplits: shared, recordingsInSeveralSplits: none, recordingsRepeatedInASplit: none,
            utterancesWithoutSpeaker: 3)
        let page = try Report(runs: [sampleRun(hygiene: hygiene)]).html()
        #expect(
            page.contains(
                "class=\"warning\">1 speaker is in more than one split (5 utterances): s1 (train 4, test1 1)."))
        #expect(page.contains("class=\"note\">3 utterances have no known speaker"))
    }

    /// The best of a column is the lowest where less is better, and none where runs went by different metrics.
    @Test func keptEpochsAreRankedByWhatTheyWereKeptFor() throws {
        let low = sampleRun("low", testCCC: 0.3, bestMetric: "rmse")
        let high = sampleRun("high", testCCC: 0.7, bestMetric: "rmse")
        let errors = try Report(runs: [low, high]).html()
        #expect(errors.contains("mean RMSE, development") && errors.contains("class=\"best\">0.300"))
        let mixed = try Report(runs: [low, sampleRun("other", testCCC: 0.7, bestMetric: "loss")]).html()
        #expect(mixed.contains("Best, development") && !mixed.contains("class=\"best\">0.300"))
        #expect(mixed.contains("0.300 <small>mean RMSE</small>") && mixed.contains("0.700 <small>loss</small>"))
    }

    @Test func whatIsNotThereIsNotShown() throws {
        var run = sampleRun()
        run = RunRecord(
            name: run.name, configuration: run.configuration, epochs: run.epochs, result: run.result, predictions: [:])
        let page = try Report(runs: [run]).html()
        #expect(!page.contains("Truth against prediction"))
        #expect(!page.contains("By speaker"))
        #expect(!page.contains("The cache it was trained from"))
        #expect(!page.contains("One dot for every"))
        #expect(!page.contains("class=\"warning\""))
    }

    @Test func namesFromOutsideAreEscaped() throws {
        let run = sampleRun("<b>&\"'", dimensions: ["a<script>", "b"], warnings: ["<i>torn</i>"])
        let page = try Report(runs: [run, sampleRun(dimensions: ["a<script>", "b"])], title: "<script>alert(1)").html()
        #expect(!page.contains("<script>alert"))
        #expect(!page.contains("a<script>"))
        #expect(!page.contains("<b>&\""))
        #expect(!page.contains("<i>torn"))
        #expect(count("<script>", in: page) == 1)
    }

    @Test func undefinedScoresAreDashesAndBreakNoChart() throws {
        var run = sampleRun()
        var result = run.result
        result.scores["test1"]?["valence"] = Scores(ccc: .nan, pearson: .nan, rmse: .nan, mae: .nan, count: 0)
        var epochs = run.epochs
        epochs[2].trainLoss = .nan
        run = RunRecord(
            name: run.name, configuration: run.configuration, epochs: epochs, result: result,
            predictions: run.predictions)
        let page = try Report(runs: [run]).html()
        #expect(page.contains("<p class=\"figure c1\">–</p>"))
        #expect(!page.lowercased().contains("\"nan"))
        #expect(count("<circle class=\"dot", in: page) == 17)
    }

    @Test func aSingleEpochDraws() throws {
        let page = try Report(runs: [sampleRun(epochs: 1, best: 1)]).html()
        #expect(!page.contains("nan"))
        #expect(count("<circle class=\"dot kept\"", in: page) == 3)
    }

    @Test func interruptedRunsAreMarked() throws {
        #expect(try Report(runs: [sampleRun(status: .interrupted)]).html().contains("badge alarm\">interrupted"))
        #expect(try !Report(runs: [sampleRun()]).html().contains("interrupted"))
    }

    @Test func manyUtterancesAreThinnedAndThePageSaysSo() throws {
        let run = sampleRun(dimensions: ["activation"])
        let rows = (0..<7000).map { index in
            Prediction(
                id: "\(index)", speaker: nil,
                values: ["activation": .init(truth: 0.5, prediction: Double(index) / 7000)])
        }
        let big = RunRecord(
            name: run.name, configuration: run.configuration, epochs: run.epochs, result: run.result,
            predictions: ["test1": Predictions(dimensions: ["activation"], rows: rows)])
        let page = try Report(runs: [big]).html()
        #expect(count("<circle class=\"point\"", in: page) == 2334)
        #expect(page.contains("One dot for every 3 utterances."))
    }

    @Test func equalRunsGiveEqualPages() throws {
        #expect(try Report(runs: [sampleRun()]).html() == Report(runs: [sampleRun()]).html())
    }

    @Test func noRunsIsWrongUsage() {
        let error = #expect(throws: ReportError.self) { try Report(runs: []) }
        #expect(error?.kind == .usage)
    }
}

@Suite struct RunRecordTests {
    @Test func aRunDirectoryIsReadAndATornLineIsAWarning() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sample = sampleRun()
        let directory = RunDirectory(path: "\(folder)/seed-0")
        try directory.create()

        let missing = #expect(throws: ReportError.self) { try RunRecord(path: directory.path) }
        #expect(missing?.kind == .missingInput)

        try directory.write(sample.configuration)
        try directory.write(sample.result)
        for epoch in sample.epochs { try directory.append(epoch) }
        for (split, predictions) in sample.predictions { try directory.write(predictions, split: split) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.metricsPath))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"epoch\"".utf8))
        try handle.close()

        let record = try RunRecord(path: directory.path)
        #expect(record.name == "seed-0")
        #expect(record.epochs == sample.epochs)
        #expect(record.result == sample.result)
        #expect(record.predictions == sample.predictions)
        #expect(record.warnings.count == 1)
        #expect(try Report(runs: [record]).html().contains("class=\"warning\""))

        let page = "\(folder)/pages/report.html"
        try Report(runs: [record]).write(to: page)
        #expect(try String(contentsOfFile: page, encoding: .utf8).hasSuffix("</html>"))
        let summary = try Report(runs: [record]).summary
        #expect(summary.contains("test1        activation   CCC 0.500 (95 %: 0.40 to 0.60), n = 12"))
    }
}

@Suite struct CacheFactsTests {
    @Test func factsAreFoundAndShownAndSizesComeFromTheDisk() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cache-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: ReportError.self) { try CacheFacts(folder: folder) }

        try Data(count: 2048).write(to: URL(fileURLWithPath: "\(folder)/shard-00000.h5"))
        let json = """
            {"cache_key": "0123456789abcdef0123", "cuts": [{"name": "9", "hidden_size": 768}], "storage": "float16", "pool": 2,
             "compute": "bfloat16", "totals": {"utterances": 1240, "frames": 28390, "seconds": 570.2, "bytes": 7},
             "fidelity": {"utterances": 3, "relative_error": 0.00049, "cosine_mean": 0.99995, "worst_row": "a/9/1"}}
            """
        try Data(json.utf8).write(to: URL(fileURLWithPath: "\(folder)/cache.json"))
        let facts = try CacheFacts(folder: folder)
        #expect(facts.utteranceCount == 1240)
        #expect(facts.frameCount == 28390)
        #expect(facts.audioSeconds == 570.2)
        #expect(facts.byteCount == 2048)
        #expect(facts.storage == "float16")
        #expect(facts.cuts == "9")
        #expect(facts.compute == "bfloat16")
        #expect(facts.fidelity.map(\.name) == ["relative error", "cosine mean"])

        let page = try Report(runs: [sampleRun()], cache: facts).html()
        for shown in [
            "1\u{202F}240", "9 min 30 s", "2.0 KiB", "0123456789abcdef…", "4.90·10⁻⁴", "float32: relative error",
            "means of 2 frames",
            "1 − 5·10⁻⁵",
        ] {
            #expect(page.contains(shown), "\(shown)")
        }

        try Data("[]".utf8).write(to: URL(fileURLWithPath: "\(folder)/cache.json"))
        let error = #expect(throws: ReportError.self) { try CacheFacts(folder: folder) }
        #expect(error?.kind == .badInput)
    }

    @Test func whatTheWholeCacheTellsIsShown() throws {
        var facts = CacheFacts()
        facts.overview = try JSONDecoder().decode(CacheOverview.self, from: Data(sampleOverview.utf8))
        let page = try Report(runs: [sampleRun()], cache: facts).html()
        #expect(count("<rect class=\"bar", in: page) == 3 && count("<rect class=\"bar open\"", in: page) == 1)
        for shown in [
            "2.0 to 3.0 s · 40", "3.0 s and more · 2", "shortest 1.20 s, median 2.10 s, longest 94.0 s",
            "<td>0.5 ± 0.2 <small>1\u{202F}400</small></td><td>– <small>0</small></td>",
            "Of 20\u{202F}000 frames out of",
            "<td>3, 4, 5, 6 and 1 more</td><td>380 (25×)</td>", "Rejected recordings: 7", "no &lt;file&gt;",
            "<summary>2 speakers</summary>",
            "<tr><th scope=\"row\">A &lt;b&gt;</th><td>1\u{202F}070</td><td>90.0 s</td></tr>",
            "On 8 utterances, 2\u{202F}900 rows of each cut.",
            "<td>1 − 5·10⁻⁵</td><td>0.9</td><td class=\"text\">a/9/17</td>",
        ] {
            #expect(page.contains(shown), "\(shown)")
        }
        #expect(!page.contains("pitch"), "a column that was not learnt")
        let charts = count("<svg ", in: page)
        #expect(count("<title id=", in: page) == charts && count("<desc id=", in: page) == charts)
        #expect(!page.contains("nan") && !page.contains("<file>"))
    }
}

/// As `undertone inspect` knows a cache; nothing here was ever measured.
private let sampleOverview = """
    {"key": "ab", "modelSource": "m", "family": "wav2vec2", "cuts": [{"name": "9", "hidden_size": 768}],
     "storage": "float16", "compute": "float32", "shards": 1, "utterances": 72, "frames": 28000, "audioSeconds": 570,
     "bytes": 7, "unlistedUtterances": 0,
     "splits": [{"split": "train", "utterances": 72, "speakers": 3, "frames": 28000, "audioSeconds": 570, "labels": [
        {"name": "activation", "count": 1400, "mean": 0.5, "standardDeviation": 0.2, "minimum": 0, "maximum": 1},
        {"name": "valence", "count": 0},
        {"name": "pitch", "count": 72, "mean": 50, "standardDeviation": 2, "minimum": 1, "maximum": 99}]}],
     "speakers": {"count": 2, "list": [{"speaker": "A <b>", "utterances": 1070, "audioSeconds": 90},
        {"speaker": "B", "utterances": 2, "audioSeconds": 3}], "unnamedUtterances": 0},
     "fidelity": {"utterances": 8, "frames": 2900, "seconds": 58, "relative_error": 0.002, "cosine_mean": 0.99995,
        "cosine_minimum": 0.9, "worst_row": "a/9/17", "cuts": [
        {"cut": "9", "relative_error": 0.002, "cosine_mean": 0.99995, "cosine_minimum": 0.9, "worst_row": "a/9/17"}]},
     "durations": {"minimumSeconds": 1.2, "medianSeconds": 2.1, "meanSeconds": 2.5, "maximumSeconds": 94, "bins": [
        {"fromSeconds": 1, "toSeconds": 2, "count": 30}, {"fromSeconds": 2, "toSeconds": 3, "count": 40},
        {"fromSeconds": 3, "count": 2}]},
     "rows": [{"cut": "9", "hiddenSize": 768, "frames": 20000, "ofFrames": 28000, "mean": 0, "standardDeviation": 1,
        "minimum": -3, "maximum": 4, "largest": {"magnitude": 4, "channel": 1, "utterance": "u"}, "notFinite": 0,
        "medianRms": 1, "deadChannels": [\((3...7).map { #"{"channel": \#($0), "rms": 0, "standardDeviation": 0}"# }
            .joined(separator: ","))],
        "explodingChannels": [{"channel": 380, "rms": 25, "standardDeviation": 1}]}],
     "rejects": [{"reason": "no <file>", "count": 7, "firstPath": "a.wav"}]}
    """
