import Runs
import Study
import Testing

@Suite struct ArithmeticTests {
    /// 100 s of cache against 25 s saved by an epoch, and so on, worked out by hand.
    @Test(
        arguments: [
            (100, 30, 5, 4, 2),  // 100 / 25 = 4 epochs, two runs of three epochs
            (101, 30, 5, 5, 2), (99, 30, 5, 4, 2), (75, 30, 5, 3, 1), (10, 30, 5, 1, 1), (0, 30, 5, 1, 1),
            (250, 30, 5, 10, 4),
        ] as [(Double, Double, Double, Int, Int)])
    func aCachePaysForItself(cache: Double, uncached: Double, cached: Double, epochs: Int, runs: Int) {
        let breakEven = BreakEven(cacheSeconds: cache, uncached: uncached, cached: cached)
        #expect(breakEven.epochs == epochs)
        #expect(breakEven.runs(ofEpochs: 3) == runs)
    }

    @Test(arguments: [(30.0, 30.0), (5, 30), (30, 30 - 1e-12), (.nan, 1)])
    func aCacheThatSavesNothingNeverPays(uncached: Double, cached: Double) {
        let breakEven = BreakEven(cacheSeconds: 100, uncached: uncached, cached: cached)
        #expect(breakEven.epochs == nil && breakEven.runs(ofEpochs: 3) == nil)
    }

    @Test func oneSlowEpochDoesNotMoveTheMedian() {
        func run(_ training: [Double], best: Int) -> SetUpTiming.Run {
            .init(epochs: training.map { .init(trainingSeconds: $0, evaluatingSeconds: 1) }, bestEpoch: best)
        }
        let timing = SetUpTiming([run([19, 11, 90], best: 2), run([21, 10, 10], best: 3)])
        let spread = timing.trainingPerEpoch
        #expect(spread.median == 10.5 && spread.least == 10 && spread.most == 90, "without each run's first")
        #expect(timing.secondsPerEpoch == 11.5)
        let short = SetUpTiming([run([19], best: 1), run([21], best: 1)])
        #expect(short.trainingPerEpoch.median == 20, "where there is no other")
        #expect(timing.epochsPerRun == 3 && timing.epochsToBest == 2.5)
        #expect(timing.secondsPerRun == (123.0 + 44) / 2)
        #expect(timing.secondsToBest == (32.0 + 44) / 2)
    }

    @Test func aRowIsHeldAgainstFullFinetuning() throws {
        func run(_ training: Double, _ evaluating: Double, peak: Int) -> StudyRow.Run {
            .init(
                directory: "r", seed: 0, bestEpoch: 1, trainingSeconds: [training, training],
                evaluatingSeconds: [evaluating, evaluating], peakMemoryBytes: peak, ccc: [:])
        }
        let full = StudyRow(
            StudySetUp(.full, compute: "float32"), trainableParameters: 100, totalParameters: 120,
            runs: [run(100, 20, peak: 5)], cache: nil, scores: [], baseline: nil, amortisedOver: 10)
        #expect(full.fewerParameters == 0 && full.lessTime == 0 && full.speedUp == 1 && full.speedUpAmortised == 1)
        #expect(full.secondsPerRun == 240 && full.secondsOfFirstRun == 240 && full.published.isEmpty)

        let cached = StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "int8"))
        let row = StudyRow(
            cached, trainableParameters: 25, totalParameters: 120, runs: [run(8, 2, peak: 3), run(8, 2, peak: 4)],
            cache: CacheCost(cut: "9", store: "int8", bytes: 7, seconds: 200, peakMemoryBytes: 9), scores: [],
            baseline: full.asBaseline, amortisedOver: 10)
        #expect(row.fewerParameters == 0.75 && row.lessTime == 0.92 && row.speedUp == 12.5)
        #expect(row.secondsPerRun == 20 && row.secondsOfFirstRun == 220 && row.secondsPerRunAmortised == 40)
        #expect(row.speedUpAmortised == 6 && row.peakMemoryBytes == 4)
        #expect(row.published(.time)?.reduction == 0.88 && row.published(.parameters)?.reduction == 0.71)

        let plain = StudyRow(
            cached.uncached, trainableParameters: 25, totalParameters: 120, runs: [run(40, 20, peak: 4)], cache: nil,
            scores: [], baseline: full.asBaseline, amortisedOver: 10)
        #expect(plain.published(.time)?.reduction == 0.67)
        // (200 s) / (60 s − 10 s) is four epochs, two runs of two.
        let payment = try #require(StudyTable.Payment(cached: row, uncached: plain))
        #expect(payment.epochs == 4 && payment.runs == 2)
        #expect(payment.uncachedSecondsPerEpoch == 60 && payment.cachedSecondsPerEpoch == 10)
        #expect(StudyTable.Payment(cached: plain, uncached: plain) == nil)
        #expect(StudyTable.Payment(cached: row, uncached: full) == nil)

        // Pooled, it is held against the same: 200 s / (60 s − 6 s).
        let pooled = StudyRow(
            StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "int8", pool: 2)),
            trainableParameters: 25, totalParameters: 120, runs: [run(4, 2, peak: 3)],
            cache: CacheCost(cut: "9", store: "int8", pool: 2, bytes: 4, seconds: 200, peakMemoryBytes: 9), scores: [],
            baseline: full.asBaseline, amortisedOver: 10)
        #expect(pooled.setUp.uncached == plain.setUp && pooled.lessTime == 0.96)
        let pooledPayment = try #require(StudyTable.Payment(cached: pooled, uncached: plain))
        #expect(pooledPayment.epochs == 4 && pooledPayment.cache.pool == 2)
    }

    /// The paper pools no frames, and its times are against float32.
    @Test func whatIsPublishedStandsBesideTheSameAlone() {
        func published(_ setUp: StudySetUp, _ compute: String = "float32") -> [Double] {
            PublishedFigure.of(setUp, baselineCompute: compute).map(\.reduction)
        }
        let top = StudySetUp(.top(layers: 3), compute: "bfloat16")
        func cached(pool: Int) -> StudySetUp {
            StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "float16", pool: pool))
        }
        #expect(published(top) == [0.67, 0.71] && published(cached(pool: 1)) == [0.88, 0.71])
        #expect(published(cached(pool: 2)) == [0.71])
        #expect(published(top, "bfloat16") == [0.71] && published(cached(pool: 1), "bfloat16") == [0.71])
        #expect(published(StudySetUp(.top(layers: 4), compute: "bfloat16")).isEmpty)

        let runs = [
            StudyRow.Run(
                directory: "r", seed: 0, bestEpoch: 1, trainingSeconds: [1], evaluatingSeconds: [1], peakMemoryBytes: 1,
                ccc: [:])
        ]
        func row(_ setUp: StudySetUp, _ baseline: StudyRow.Baseline?) -> StudyRow {
            StudyRow(
                setUp, trainableParameters: 1, totalParameters: 1, runs: runs, cache: nil, scores: [],
                baseline: baseline, amortisedOver: 1)
        }
        for (compute, reductions) in [("float32", [0.67, 0.71]), ("bfloat16", [0.71])] {
            let full = row(StudySetUp(.full, compute: compute), nil)
            #expect(row(top, full.asBaseline).published.map(\.reduction) == reductions, "\(compute)")
        }
    }

    @Test func theIntervalDecides() {
        func difference(_ low: Double, _ high: Double) -> Bool {
            StudyRow.Difference(value: 0.1, low: low, high: high).isSignificant
        }
        #expect(difference(0.01, 0.2) && difference(-0.2, -0.01))
        #expect(!difference(-0.01, 0.2) && !difference(0, 0.2) && !difference(.nan, .nan))
    }

    @Test(
        arguments: [
            (StudySetUp(.full, compute: "float32"), "full-float32", "full, float32"),
            (StudySetUp(.top(layers: 1), compute: "bfloat16"), "top-1-bfloat16", "last layer, bfloat16"),
            (
                StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "float16")),
                "top-3-bfloat16-cached-float16", "last 3 layers, bfloat16, float16 cache"
            ),
            (
                StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "float16", pool: 2)),
                "top-3-bfloat16-cached-float16-pool2", "last 3 layers, bfloat16, float16 cache, means of 2"
            ),
            (StudySetUp(.lora(rank: 8), compute: "bfloat16"), "lora-8-bfloat16", "LoRA, rank 8, bfloat16"),
            (StudySetUp(.heads, compute: "float32"), "heads-float32", "heads only, float32"),
        ])
    func aSetUpHasAName(setUp: StudySetUp, name: String, title: String) {
        #expect(setUp.name == name && setUp.title == title)
    }
}
