import Faults
import Runs
import Testing

@Suite struct BestCriterionTests {
    @Test(arguments: [
        ("ccc", "ccc", "mean CCC", true), ("rmse", "rmse", "mean RMSE", false),
        ("mae.activation", "mae.activation", "MAE of activation", false),
        ("pearson.a.b", "pearson.a.b", "Pearson of a.b", true), ("loss", "loss", "loss", false),
        ("mean_development_ccc", "ccc", "mean CCC", true),
    ])
    func areReadAndNamed(text: String, name: String, title: String, higher: Bool) throws {
        let criterion = try #require(BestCriterion(text))
        #expect(criterion.name == name && criterion.title == title && criterion.isHigherBetter == higher)
        #expect(BestCriterion(criterion.name) == criterion)
    }

    @Test(arguments: ["", "cc", "ccc.", ".valence", "loss.valence", "mean_development_ccc.valence", "CCC"])
    func anythingElseIsNone(text: String) { #expect(BestCriterion(text) == nil) }

    @Test func valuesComeFromTheEpoch() {
        var epoch = sampleEpoch(1)
        epoch.development["valence"]?.rmse = 0.75
        epoch.developmentLoss = 0.5
        #expect(BestCriterion("ccc")?.value(of: epoch) == 0.375)
        #expect(BestCriterion("ccc.valence")?.value(of: epoch) == 0.25)
        #expect(BestCriterion("rmse")?.value(of: epoch) == 0.5)
        #expect(BestCriterion("mae.activation")?.value(of: epoch) == 0.125)
        #expect(BestCriterion("loss")?.value(of: epoch) == 0.5)
        #expect(BestCriterion("ccc.dominance")?.value(of: epoch) == nil)
        epoch.development["valence"]?.ccc = .nan
        epoch.developmentLoss = nil
        #expect(BestCriterion("ccc")?.value(of: epoch) == 0.5, "what is undefined is left out of the mean")
        #expect(BestCriterion("ccc.valence")?.value(of: epoch) == nil)
        #expect(BestCriterion("loss")?.value(of: epoch) == nil)
    }

    @Test(
        arguments: [
            ("ccc", 0.5, 0.4, true), ("ccc", 0.4, 0.5, false), ("ccc", 0.5, 0.5, false), ("rmse", 0.4, 0.5, true),
            ("rmse", 0.5, 0.4, false), ("loss", 0.4, nil, true), ("ccc", nil, 0.1, false), ("ccc", nil, nil, false),
        ] as [(String, Double?, Double?, Bool)])
    func betterIsHigherOrLower(name: String, value: Double?, best: Double?, better: Bool) throws {
        #expect(try #require(BestCriterion(name)).isBetter(value, than: best) == better)
    }
}

@Suite struct ScoringConfigurationTests {
    @Test(arguments: [
        (
            "best_metric: cc\n",
            "expected ccc or pearson or rmse or mae or loss, a score also of one dimension such as ccc.valence, found "
                + "'cc' (did you mean 'ccc'?)"
        ),
        ("best_metric: loss.valence\n", "found 'loss.valence' (did you mean 'loss'?)"),
        (
            "best_metric: ccc.valance\n",
            "key 'best_metric': 'ccc.valance' is of 'valance', which is none of the labels activation, valence; did you "
                + "mean 'valence'?"
        ),
        ("scores: {bye: [speaker]}\n", "key 'scores.bye': no such key; did you mean 'by'?"),
        ("scores: {by: speaker}\n", "expected a list such as [a, b], found 'speaker'"),
        ("scores: {by: [gender, gender]}\n", "column 'gender' is listed twice"),
        ("scores: {by: [my_truth]}\n", "ends as the columns of predictions do"),
        ("scores: {resamples: 10}\n", "expected 100 or more, found 10"),
        ("patience: 0\n", "expected 1 or more, found 0"),
        ("strict: yes\n", "expected true or false, found 'yes'"),
    ])
    func mistakesAreNamed(yaml: String, problem: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try TrainConfiguration(yaml: "labels: [activation, valence]\n" + yaml, source: "t.yaml")
        }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.kind == .usage)
    }

    @Test func aDimensionOfALaterOverrideIsKnown() throws {
        let configuration = try TrainConfiguration(
            path: nil, overrides: ["best_metric=ccc.dominance", "labels=[dominance]", "scores.by=[]"])
        #expect(configuration.bestMetric.dimension == "dominance" && configuration.scoring.by.isEmpty)
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "again") == configuration)
    }

    /// Runs of before there was a choice are still read.
    @Test func theFormerNameIsTheDefault() throws {
        let former = try TrainConfiguration(
            yaml: "labels: [a]\nbest_metric: mean_development_ccc\n", source: "old.yaml")
        #expect(former == TrainConfiguration(labels: [.init(name: "a")]))
        #expect(former.yaml.contains("\nbest_metric: ccc\n"))
    }
}
