import Pipelines
import Runs
import Testing

@Suite struct SweepTests {
    private func pipeline(_ sweep: String, train: String = "{epochs: 9}", more: String = "") throws -> Pipeline {
        try Pipeline(
            yaml: "name: x\ncorpus: m.csv\nmodel: random:tiny\nlabels: [a]\ntrain: \(train)\n\(more)sweep:\n\(sweep)",
            source: "x.yaml")
    }

    private func points(_ sweep: String, train: String = "{epochs: 9}") throws -> [SweepPoint] {
        let pipeline = try pipeline(sweep, train: train)
        return try #require(pipeline.sweep).points(pipeline.train)
    }

    private func words(_ points: [SweepPoint]) -> [String] {
        points.map { $0.settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }
    }

    @Test func aGridIsEveryCombinationTheLastKeyFastest() throws {
        let points = try points("  space: {layers: [1, 2], optimiser.schedule: [linear, cosine]}\n")
        #expect(
            words(points) == [
                "layers=1 optimiser.schedule=linear", "layers=1 optimiser.schedule=cosine",
                "layers=2 optimiser.schedule=linear", "layers=2 optimiser.schedule=cosine",
            ])
        #expect(points.map(\.configuration.layers) == [1, 1, 2, 2])
        #expect(points.map(\.configuration.optimiser.schedule) == [.linear, .cosine, .linear, .cosine])
        #expect(points.allSatisfy { $0.configuration.epochs == 9 })
        #expect(Set(points.map(\.id)).count == 4)
    }

    @Test func conditionsLeaveOutWhatDoesNotApply() throws {
        let points = try points(
            """
              space:
                tuning: [full, lora]
                lora.rank: {choice: [2, 4], when: {tuning: lora}}
                lora.dropout: {choice: [0, 0.1], when: {lora.rank: [4]}}
            """)
        #expect(
            words(points) == [
                "tuning=full", "tuning=lora lora.rank=2", "tuning=lora lora.rank=4 lora.dropout=0",
                "tuning=lora lora.rank=4 lora.dropout=0.1",
            ])
    }

    @Test func valuesMayBeAnythingThatTheKeyTakes() throws {
        let points = try points(
            """
              space:
                loss: [ccc, {ccc: 1, mse: 0.5}]
                optimiser.clip_norm: [null, 1]
                lora.targets: [[q_proj, v_proj], [q_proj]]
            """, train: "{epochs: 9, tuning: lora}")
        #expect(points.count == 8)
        #expect(points[7].configuration.loss == .init([.ccc: 1, .mse: 0.5]))
        #expect(points[0].configuration.optimiser.clipNorm == nil)
        #expect(points[7].configuration.lora.targets == [.query])
    }

    /// One run would be paid for twice.
    @Test func drawsThatAreTheSameTrainingAreDrawnOnce() throws {
        let points = try points("  trials: 3\n  space: {tuning: [full, lora], lora.rank: [4, 8]}\n")
        #expect(points.count { $0.value(of: "tuning") == "full" } == 1)
    }

    static let space = """
          space:
            optimiser.learning_rate.layers: {log_uniform: [1.0e-6, 1.0e-3]}
            dropout.hidden: {uniform: [0.1, 0.4]}
            head.hidden: {integers: [16, 64]}
            tuning: [full, lora]
            lora.rank: {choice: [2, 4, 8], when: {tuning: lora}}

        """

    @Test func drawsLieInTheirRangesAndFillThem() throws {
        let points = try points("  trials: 400\n" + Self.space)
        #expect(points.count == 400)
        let rates = points.map(\.configuration.optimiser.layersLearningRate)
        #expect(rates.allSatisfy { (1e-6...1e-3).contains($0) })
        // Uniform in the logarithm: a third of them in each decade, give or take four standard deviations.
        for low in [1e-6, 1e-5, 1e-4] {
            let count = rates.count { $0 >= low && $0 < 10 * low }
            #expect((95...172).contains(count), "\(count) from \(low)")
        }
        let dropouts = points.compactMap(\.configuration.dropout.hidden)
        #expect(dropouts.count == 400 && dropouts.allSatisfy { (0.1...0.4).contains($0) })
        #expect(abs(dropouts.reduce(0, +) / 400 - 0.25) < 0.02)
        let widths = points.map(\.configuration.head.hidden)
        #expect(widths.min() == 16 && widths.max() == 64)
        for point in points {
            #expect((point.value(of: "lora.rank") != nil) == (point.value(of: "tuning") == "lora"))
        }
    }

    @Test func drawsDependOnTheSeedAndTheirNumberAlone() throws {
        let few = try points("  trials: 5\n" + Self.space)
        #expect(try points("  trials: 12\n" + Self.space).prefix(5) == few[...])
        #expect(try points("  trials: 5\n  seed: 1\n" + Self.space) != few)
        // Another key leaves the draws of the others alone.
        let more = try points("  trials: 5\n" + Self.space + "    ema: {uniform: [0, 0.9]}\n")
        #expect(more.map { $0.value(of: "head.hidden") } == few.map { $0.value(of: "head.hidden") })
        #expect(Set(few.map(\.id)).isDisjoint(with: more.map(\.id)))
    }

    @Test func aSmallSpaceGivesEachPointOnce() throws {
        let points = try points("  trials: 4\n  space: {layers: [1, 2], epochs: [3, 4]}\n")
        #expect(Set(words(points)).count == 4)
    }

    @Test(arguments: [
        (1, 3, 9, [1, 3, 9]), (1, 3, 8, [1, 3, 8]), (2, 2, 20, [2, 4, 8, 16, 20]), (5, 4, 6, [5, 6]),
        (1, 1 << 40, 3, [1, 3]),
    ])
    func rungsGrowByEta(minimum: Int, eta: Int, epochs: Int, expected: [Int]) {
        var halving = Halving()
        halving.minimumEpochs = minimum
        halving.eta = eta
        #expect(halving.rungs(of: epochs) == expected)
    }

    @Test func oneInEtaGoesOnAndAtLeastOne() {
        let halving = Halving()
        #expect((0...4).map { halving.survivors(of: 24, in: $0) } == [24, 8, 2, 1, 1])
        #expect(halving.survivors(of: 2, in: 1) == 1)
    }

    @Test func trialsAreKnownByTheirSettings() throws {
        func plan(_ values: String, _ more: String = "") throws -> Plan {
            try Plan(
                pipeline("  space: {layers: \(values)}\n  halving: {eta: 2, min_epochs: 2}\n", more: more),
                source: .init(path: "x.yaml"))
        }
        let plan = try plan("[1, 2]", "seeds: [3, 4]\n")
        #expect(plan.trials.map(\.seed) == [3, 4, 3, 4])
        #expect(plan.trials[0].id == plan.trials[1].id && plan.trials[0].id != plan.trials[2].id)
        #expect(plan.trials[1].directory == "build/x/sweep/\(plan.trials[1].id)/seed-4")
        #expect(plan.rungs.map(\.epochs) == [2, 4, 8, 9])
        #expect(plan.rungs.map(\.points) == [2, 1, 1, 1])
        #expect(plan.rungs.map(\.admission) == [nil] + (1...3).map { "build/x/sweep/rung-\($0)" })
        let written = try TrainConfiguration(yaml: plan.trials[3].configuration.content, source: "trial")
        #expect(written.layers == 2 && written.seed == 4 && written.epochs == 9)
        // A larger sweep finds those of the smaller one.
        let larger = try self.plan("[3, 2, 1]", seeds: "seeds: [4, 3]\n")
        #expect(Set(plan.trials.map(\.directory)).isSubset(of: larger.trials.map(\.directory)))
    }

    private func plan(_ values: String, seeds: String) throws -> Plan {
        try Plan(pipeline("  space: {layers: \(values)}\n", more: seeds), source: .init(path: "x.yaml"))
    }

    @Test func withoutASweepEachSeedIsARun() throws {
        let pipeline = try Pipeline(
            yaml: "name: x\ncorpus: m.csv\nmodel: random:tiny\nlabels: [a]\nseeds: [2, 0]\n", source: "x.yaml")
        let plan = try Plan(pipeline, source: .init(path: "x.yaml"))
        #expect(plan.runs.map(\.directory) == ["build/x/runs/seed-2", "build/x/runs/seed-0"])
        #expect(
            try plan.runs.map { try TrainConfiguration(yaml: $0.configuration.content, source: "r").seed } == [2, 0])
        #expect(plan.trials.isEmpty && plan.rungs.isEmpty)
    }
}
