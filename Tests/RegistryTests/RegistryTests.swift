import Foundation
import Registry
import Runs
import Testing

@Suite struct RegistryTests {
    let folder: SampleFolder

    init() throws {
        folder = try SampleFolder()
        try folder.addRun("sweep/aa/seed-0", ccc: [0.1, 0.5, 0.4], rate: 1e-4)
        try folder.addRun("sweep/bb/seed-0", ccc: [0.2], rate: 1e-5, isFinished: false, outcome: .paused, host: "there")
        try folder.addRun("sweep/bb/seed-1", ccc: [0.3, 0.6], rate: 1e-5, seed: 1, isFinished: false, outcome: nil)
        try folder.addRun("runs/seed-0", ccc: [], isFinished: false, outcome: .failed)
    }

    private func names(_ query: RunQuery = RunQuery()) throws -> [String] {
        try Registry(folder: folder.path).runs(query).runs.map(\.facts.directory)
    }

    @Test func everythingOfARunIsThere() throws {
        let answer = try Registry(folder: folder.path).runs()
        #expect(answer.warning == nil)
        let run = try #require(answer.runs.first { $0.facts.directory == "sweep/aa/seed-0" })
        let facts = run.facts
        #expect(facts.trial == "aa" && facts.seed == 0 && facts.state == .finished && facts.metric == "ccc")
        #expect(facts.epochs == 3 && facts.epochsPlanned == 3 && facts.score == 0.5 && facts.bestEpoch == 1)
        #expect(facts.host == "here" && facts.cacheKey == "key" && facts.secondsTraining == 6 && facts.seconds == 9)
        #expect(run.configuration["optimiser.learning_rate.layers"] == .number(1e-4))
        #expect(run.configuration["epochs"] == .integer(3) && run.configuration["patience"] == .null)
        #expect(run.configuration["standardise"] == .truth(true) && run.configuration["labels"] != nil)
        #expect(run.history.map(\.score) == [0.1, 0.5, 0.4] && run.history.map(\.isBest) == [true, true, false])
        #expect(run.history[0].gradientNorm == nil, "it is NaN")
        #expect(run.epochScores.count == 3 * 2 * 4)
        let valences = run.epochScores.filter { $0.dimension == "valence" && $0.metric == "ccc" }
        #expect(valences.map(\.epoch) == [1, 2, 3] && valences.map(\.value) == [0.1, 0.5, 0.4])
        #expect(run.epochScores.filter { $0.metric == "pearson" }.allSatisfy { $0.value == nil }, "it is NaN")
        for (dimension, value) in [("activation", 0.125), ("valence", 0.5)] {
            let found = run.epochScores.filter { $0.dimension == dimension && $0.metric == "mae" }
            #expect(found.count == 3 && found.allSatisfy { $0.value == value })
        }
        let valence = try #require(run.scores.first { $0.dimension == "valence" && $0.metric == "ccc" })
        #expect(valence.split == "test" && valence.value == 0.125 && valence.low == -0.125 && valence.high == 0.375)
        #expect(run[.score(split: "test", dimension: "valence", metric: "pearson")] == .null)
    }

    @Test func anEpochHasItsScoresInIt() throws {
        let answer = try Registry(folder: folder.path).runs()
        let run = try #require(answer.runs.first { $0.facts.trial == "aa" })
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(run)) as? [String: Any]
        let history = try #require(json?["history"] as? [[String: Any]])
        #expect(history.map { $0["epoch"] as? Int } == [1, 2, 3] && history.map { $0["step"] as? Int } == [5, 10, 15])
        let development = history.compactMap { $0["development"] as? [String: [String: Any]] }
        #expect(development.map { $0["activation"]?["ccc"] as? Double } == [0.1, 0.5, 0.4])
        #expect(development.map { $0["valence"]?["mae"] as? Double } == [0.5, 0.5, 0.5])
        #expect(development.allSatisfy { $0["valence"]?["pearson"] is NSNull })
    }

    @Test func statesAreToldApart() throws {
        try folder.addRun("sweep/cc/seed-0", ccc: [0.1], isFinished: false, outcome: .interrupted)
        try folder.write("epochs: [", to: "sweep/dd/seed-0/config.yaml")
        let states = try Registry(folder: folder.path).runs().runs.map { ($0.facts.directory, $0.facts.state) }
        #expect(
            Dictionary(uniqueKeysWithValues: states) == [
                "sweep/aa/seed-0": .finished, "sweep/bb/seed-0": .paused, "sweep/bb/seed-1": .interrupted,
                "runs/seed-0": .failed, "sweep/cc/seed-0": .interrupted, "sweep/dd/seed-0": .unreadable,
            ])
    }

    /// What no program of ours would write must not hide the other runs.
    @Test func anEpochThatStandsThereTwiceIsNoReasonToFail() throws {
        let path = "\(folder.path)/sweep/aa/seed-0/metrics.jsonl"
        let metrics = try String(contentsOfFile: path, encoding: .utf8)
        try folder.write(metrics + metrics, to: "sweep/aa/seed-0/metrics.jsonl")
        let answer = try Registry(folder: folder.path).runs()
        #expect(answer.warning == nil && answer.runs.count == 4)
        let run = answer.runs.first { $0.facts.trial == "aa" }
        #expect(run?.history.map(\.epoch) == [1, 2, 3] && run?.epochScores.count == 3 * 2 * 4)
    }

    /// What is planned, what halving stopped and what could not begin, a sweep's own files tell.
    @Test func aSweepsFilesTellWhatBecameOfATrial() throws {
        let trials = ["aa/seed-0", "bb/seed-0", "bb/seed-1", "ee/seed-0", "ff/seed-0"]
        try folder.write(trials.map { "build/x/sweep/\($0)\n" }.joined(), to: "sweep/trials")
        let configuration = TrainConfiguration(labels: [.init(name: "activation")])
        try folder.write("# Planned\n" + configuration.yaml, to: "sweep/ee/seed-0.yaml")
        try folder.write("", to: "sweep/ff/seed-0.rung-0")
        func state(_ name: String) throws -> RegisteredRun.State? {
            try Registry(folder: folder.path).runs().runs.first { $0.facts.directory == "sweep/\(name)" }?.facts.state
        }
        #expect(try state("ee/seed-0") == .planned && state("ff/seed-0") == .failed)
        #expect(try state("bb/seed-0") == .paused)
        let planned = try #require(try Registry(folder: folder.path).runs().runs.first { $0.facts.state == .planned })
        #expect(planned.facts.epochsPlanned == 20 && planned.facts.score == nil)
        // Who goes on is decided: bb is not among them.
        try folder.write("build/x/sweep/aa/seed-0\n", to: "sweep/rung-1")
        #expect(try state("bb/seed-0") == .stopped && state("aa/seed-0") == .finished)
    }

    /// A verdict is on the trials and the rungs that it was made from: of more trials, or under other settings, it is made anew.
    @Test(arguments: ["sweep/trials", "sweep.settings"]) func anOlderVerdictIsNone(_ settings: String) throws {
        let trials = ["aa/seed-0", "bb/seed-0", "bb/seed-1", "gg/seed-0"]
        func write(_ name: String) throws {
            // Later than what is there by more than a tick of the file system's clock.
            Thread.sleep(forTimeInterval: 0.02)
            try folder.write(trials.map { "build/x/sweep/\($0)\n" }.joined(), to: name)
        }
        func states() throws -> [RegisteredRun.State?] {
            let runs = try Registry(folder: folder.path).runs().runs
            return ["bb/seed-0", "gg/seed-0"].map { name in
                runs.first { $0.facts.directory == "sweep/\(name)" }?.facts.state
            }
        }
        try write("sweep/trials")
        try folder.write("build/x/sweep/aa/seed-0\n", to: "sweep/rung-1")
        #expect(try states() == [.stopped, .stopped])
        try write(settings)
        #expect(try states() == [.paused, .planned])
        try folder.write("build/x/sweep/aa/seed-0\n", to: "sweep/rung-1")
        #expect(try states() == [.stopped, .stopped])
    }

    static let queries: [([String], [RegisteredRun.State], String?, Bool, [String])] = [
        ([], [], nil, false, ["sweep/bb/seed-1", "sweep/aa/seed-0", "sweep/bb/seed-0", "runs/seed-0"]),
        ([], [], nil, true, ["sweep/bb/seed-0", "sweep/aa/seed-0", "sweep/bb/seed-1", "runs/seed-0"]),
        (["score > 0.2"], [], nil, false, ["sweep/bb/seed-1", "sweep/aa/seed-0"]),
        (["score>=0.2", "seed!=1"], [], nil, false, ["sweep/aa/seed-0", "sweep/bb/seed-0"]),
        (["optimiser.learning_rate.layers < 5e-5", "epochs=1"], [], nil, false, ["sweep/bb/seed-0"]),
        (["learning_rate.layers=1e-4"], [], nil, false, ["sweep/aa/seed-0"]),
        (["host=there"], [], nil, false, ["sweep/bb/seed-0"]),
        (["host == there"], [], nil, false, ["sweep/bb/seed-0"]),
        (["host>0"], [], nil, false, []),
        (["test.valence.ccc>0"], [], nil, false, ["sweep/aa/seed-0"]),
        (["score=null"], [], nil, false, ["runs/seed-0"]),
        (["patience!=null"], [], nil, false, []),
        (["standardise=true", "config.epochs=3", "trial=bb"], [], nil, true, ["sweep/bb/seed-0", "sweep/bb/seed-1"]),
        ([], [.finished, .failed], nil, false, ["sweep/aa/seed-0", "runs/seed-0"]),
        ([], [], "epochs", true, ["sweep/aa/seed-0", "sweep/bb/seed-1", "sweep/bb/seed-0", "runs/seed-0"]),
        (
            [], [], "test.activation.ccc", false,
            ["sweep/aa/seed-0", "runs/seed-0", "sweep/bb/seed-0", "sweep/bb/seed-1"]
        ),
    ]

    @Test(arguments: queries.indices) func runsAreFilteredAndSorted(_ index: Int) throws {
        let (conditions, states, sort, isDescending, expected) = Self.queries[index]
        var query = RunQuery()
        query.conditions = try conditions.map { try RunQuery.Condition($0) }
        (query.states, query.sort, query.isDescending) = (states, sort, isDescending)
        #expect(try names(query) == expected)
        query.limit = 1
        #expect(try names(query) == Array(expected.prefix(1)))
    }

    @Test func worseIsLessWhereLessIsBetter() throws {
        let folder = try SampleFolder()
        for (name, ccc) in [("seed-0", 0.5), ("seed-1", 0.25)] {
            try folder.addRun("runs/\(name)", ccc: [ccc], metric: "rmse")
        }
        // By its RMSE, which is the same for both; then by name.
        let runs = try Registry(folder: folder.path).runs().runs
        #expect(runs.map(\.facts.metric) == ["rmse", "rmse"] && runs.map(\.facts.score) == [0.25, 0.25])
        #expect(runs.map(\.facts.directory) == ["runs/seed-0", "runs/seed-1"])
    }

    @Test(arguments: [
        ("scor>1", "no run has 'scor'; did you mean 'score'?"),
        (
            "ccc>0",
            "'ccc' may be test.activation.ccc, test.valence.ccc; give more of the name"
        ),
    ])
    func whatNoRunHasIsSaid(_ condition: String, _ message: String) throws {
        var query = RunQuery()
        query.conditions = [try RunQuery.Condition(condition)]
        #expect(throws: RegistryError.query(message)) { try Registry(folder: folder.path).runs(query) }
    }

    @Test(arguments: ["score", "=1", "score>", "", "score ~ 1"]) func whatIsNoConditionIsSaid(_ text: String) {
        #expect(throws: RegistryError.self) { try RunQuery.Condition(text) }
    }

    @Test func columnsAreFoundByTheirEnds() throws {
        let registry = Registry(folder: folder.path)
        let answer = try registry.runs(columns: ["score", "learning_rate.layers", "valence.ccc", "config.epochs"])
        #expect(
            answer.columns == [
                .fact("score"), .setting("optimiser.learning_rate.layers"),
                .score(split: "test", dimension: "valence", metric: "ccc"), .setting("epochs"),
            ])
    }
}
