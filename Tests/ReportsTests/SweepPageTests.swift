import Faults
import Reports
import Runs
import Testing

@Suite struct SweepTests {
    @Test func thePageShowsTheBestAndEveryTrial() throws {
        let page = try Report(sweep: sampleSweep(), title: "A sweep").html()
        #expect(page.contains("<h1>A sweep</h1>") && page.contains("Best configuration</h2>"))
        #expect(count("<tr data-t=", in: page) == 12)
        // A line across the axes for each, a dot in each parameter's chart for each that has a score.
        let parallel = try #require(
            page.split(separator: "<svg class=\"chart parallel\"").last?.split(separator: "</svg>").first)
        #expect(count("<path class=", in: String(parallel)) == 12)
        #expect(count("<g class=\"column\"", in: String(parallel)) == 5)
        #expect(count("<svg class=\"chart parameter\"", in: page) == 4)
        #expect(count("<circle class=\"stopped", in: page) == 4 * 10 && count("<circle class=\"done", in: page) == 4)
        // The best trial's score is that of both seeds: 0.6 and 0.62 at epoch 6.
        #expect(page.contains("0.610 ± 0.014"))
        #expect(page.contains("learning rate layers") && page.contains("<dd>1·10⁻⁶</dd>"))
        // Of a test split, the mean of both seeds, and each seed in a table of its own.
        #expect(page.contains("mean of 2 seeds ± 0.014") && page.contains(">0.51</p>"))
        #expect(page.contains("CCC, seed 1"))
    }

    @Test func curvesHaveBandsBetweenSeeds() throws {
        let page = try Report(sweep: sampleSweep()).html()
        // In each of two charts: of five coloured trials, four have come to more than one epoch.
        #expect(count("<path class=\"band", in: page) == 2 * 4)
        #expect(count("<path class=\"line c", in: page) == 2 * 5)
        #expect(try count("<path class=\"band", in: Report(sweep: sampleSweep(seeds: [0])).html()) == 0)
    }

    @Test func whatWasStoppedWhereIsTold() throws {
        let page = try Report(sweep: sampleSweep(trials: 18, seeds: [0])).html()
        #expect(count(">stopped at rung 0</td>", in: page) == 11 && count(">stopped at rung 1</td>", in: page) == 4)
        #expect(count(">trained to the end</td>", in: page) == 2 && count(">failed</td>", in: page) == 1)
        #expect(page.contains("Successive halving</h2>"))
        // 2 × 6 + 4 × 3 + 11 epochs of 18 × 6.
        #expect(page.contains("Trained: 35 of 108 epochs (32\u{A0}%)"))
        #expect(page.contains("<th scope=\"row\">1</th><td>3</td><td>6 of 6</td><td>2</td><td>0.450</td>"))
        #expect(try !Report(sweep: sampleSweep(halved: false)).html().contains("Successive halving"))
    }

    @Test func costIsWhatWasMeasured() throws {
        let report = try Report(sweep: sampleSweep(trials: 9, seeds: [0]))
        let page = try report.html()
        // 6 epochs of 9 s, 3 of 10 s and of 11 s, one of 12 to 16 s.
        #expect(page.contains("<dt>Training and evaluating, added up</dt><dd>3 min 7 s</dd>"))
        #expect(page.contains("<dt>Peak memory, of the finished runs</dt><dd>1.0 GiB</dd>"))
        #expect(page.contains("Energy was not measured."))
        #expect(report.summary.contains("training and evaluating, added up: 3 min 7 s"))
        #expect(report.summary.contains("9 configurations: 1 trained to the end, 7 stopped early, 1 failed"))
    }

    @Test func aPipelineOfOneRunIsShownAsThatRun() throws {
        var sweep = sampleSweep(trials: 12, seeds: [0])
        sweep.trials = [sweep.trials[0]]
        sweep.parameters = []
        #expect(try Report(sweep: sweep, title: "x").html() == Report(runs: sweep.best, title: "x").html())
    }

    @Test func severalSeedsOfOneConfigurationNeedNoChoice() throws {
        var sweep = sampleSweep(halved: false)
        sweep.trials = [sweep.trials[0]]
        sweep.parameters = []
        let page = try Report(sweep: sweep).html()
        #expect(
            !page.contains("Best configuration") && !page.contains("Hyperparameters")
                && page.contains("One run, closely"))
        #expect(count("<path class=\"band", in: page) == 2 && page.contains("One configuration with 2 seeds."))
        #expect(!page.contains("All configurations"))
        #expect(Markup(page).problems == [])
    }

    @Test func aSweepHalfDoneIsShownAndOneNotBegunIsNot() throws {
        var sweep = sampleSweep()
        sweep.best = []
        sweep.trials.removeFirst()
        for index in sweep.trials.indices { sweep.trials[index].state = .unfinished }
        let page = try Report(sweep: sweep).html()
        #expect(!page.contains("Best configuration") && count(">not finished</td>", in: page) == 11)
        #expect(Markup(page).problems == [])
        for index in sweep.trials.indices { sweep.trials[index].runs = [] }
        let error = #expect(throws: ReportError.self) { try Report(sweep: sweep) }
        #expect(error?.kind == .missingInput)
    }

    @Test func aLossIsBetterTheLower() throws {
        var sweep = sampleSweep(seeds: [0])
        sweep.criterion = BestCriterion(.score(.rmse))
        let page = try Report(sweep: sweep).html()
        #expect(page.contains("data-sort>mean RMSE, development"))
        #expect(try Report(sweep: sampleSweep()).html().contains("data-sort=\"high\">mean CCC, development"))
    }

    @Test func hundredsOfRunsAreAPageOfReasonableSize() throws {
        let page = try Report(sweep: sampleSweep(trials: 500, seeds: [0, 1, 2])).html()
        #expect(page.utf8.count < 1_500_000, "\(page.utf8.count) bytes")
        #expect(count("<tr data-t=", in: page) == 500)
    }

    @Test func whatComesFromOutsideIsEscaped() throws {
        var sweep = sampleSweep()
        sweep.parameters[2].scale = .categorical(["<b>\"", "lora"])
        sweep.trials[0].settings["tuning"] = "<b>\""
        sweep.name = "<script>"
        let page = try Report(sweep: sweep).html()
        #expect(!page.contains("<b>") && page.contains("&lt;b&gt;"))
        #expect(Markup(page).problems == [])
    }
}

@Suite struct PageTests {
    private static var pages: [(String, String)] {
        get throws {
            var seeds = sampleSweep(halved: false)
            seeds.trials = [seeds.trials[0]]
            seeds.parameters = []
            return [
                ("one run", try Report(runs: [sampleRun()]).html()),
                ("two runs", try Report(runs: [sampleRun(), sampleRun("other")]).html()),
                ("a sweep", try Report(sweep: sampleSweep(), caches: [named("one"), named("other")]).html()),
                ("several seeds", try Report(sweep: seeds).html()),
            ]
        }
    }

    private static func named(_ corpus: String) -> CacheFacts {
        var facts = CacheFacts()
        facts.corpus = corpus
        facts.utteranceCount = 12
        return facts
    }

    @Test func everyCorpusHasItsCache() throws {
        let page = try Report(sweep: sampleSweep(), caches: ["one", "other"].map(Self.named)).html()
        for corpus in ["one", "other"] { #expect(page.contains("The cache of \(corpus) it was trained from</h2>")) }
    }

    @Test func pagesAreWellFormedAndNeedNothingButThemselves() throws {
        for (name, page) in try Self.pages {
            let markup = Markup(page)
            #expect(markup.problems == [], "\(name)")
            for foreign in ["http://", "https://", "src=", "<link", "@import", "url(", "fetch("] {
                #expect(!page.contains(foreign), "\(name): \(foreign)")
            }
            #expect(markup.values("href").allSatisfy { $0.hasPrefix("#") }, "\(name)")
        }
        #expect(Markup("<p><b>x</p></b>").problems.count == 2 && Markup("<p>x").problems.count == 1)
    }

    @Test func whatRefersToAnotherFindsIt() throws {
        for (name, page) in try Self.pages {
            let markup = Markup(page)
            let ids = markup.values("id")
            #expect(Set(ids).count == ids.count, "\(name)")
            let wanted =
                (markup.values("aria-labelledby").flatMap { $0.split(separator: " ").map(String.init) })
                + markup.values("href").map { String($0.dropFirst()) }
            for id in wanted { #expect(ids.contains(id), "\(name): \(id)") }
        }
    }

    /// Readers of screens are told what a cell belongs to, what scrolls can be reached by the keyboard, and every chart has words.
    @Test func tablesAndChartsTellWhatTheyAre() throws {
        for (name, page) in try Self.pages {
            let markup = Markup(page)
            #expect(markup.all("th").allSatisfy { $0.attributes["scope"] != nil }, "\(name)")
            let scrolling = markup.elements.filter { ($0.attributes["class"] ?? "").hasPrefix("scroll") }
            #expect(!scrolling.isEmpty && scrolling.allSatisfy { $0.attributes["tabindex"] == "0" }, "\(name)")
            let charts = markup.all("svg").count
            #expect(
                markup.all("desc").count == charts && markup.all("svg").allSatisfy { $0.attributes["role"] == "img" })
        }
    }

    /// Without its script, a page hides nothing but the words about what the script does, and has no button that does nothing.
    @Test func everythingIsThereWithoutTheScript() throws {
        let markup = Markup(try Report(sweep: sampleSweep()).html())
        let hidden = markup.elements.filter { $0.attributes["hidden"] != nil }
        #expect(
            hidden.allSatisfy { element in
                (element.attributes["class"] ?? "").contains("script")
                    || ["everything", "tip"].contains(element.attributes["id"])
            })
        #expect(markup.all("button").allSatisfy { $0.attributes["hidden"] != nil })
        #expect(markup.all("tr").count { $0.attributes["data-t"] != nil } == 12)
    }
}
