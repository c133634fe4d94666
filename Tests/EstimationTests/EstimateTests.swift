import Corpus
import Estimation
import FeatureStore
import Foundation
import Pipelines
import Runs
import SpeechEncoder
import Testing

private let yaml = """
    name: x
    corpus: nowhere/manifest.csv
    model: random:wav2vec2-tiny?seed=0
    labels: [activation]
    cache: {cuts: [2], shards: 6, compute: float32}
    train: {layers: 2, epochs: 4, batch: {utterances: 4}, compute: float32}

    """

private func workload(_ yaml: String = yaml, hours: Double = 1) throws -> Workload {
    let plan = try Plan(
        Pipeline(yaml: yaml, source: "x.yaml"), source: .init(path: "x.yaml"),
        layerCount: { _ in 4 })
    return try Workload(
        plan, encoder: encoder("wav2vec2-tiny"), speech: [Speech(assumedHours: hours)], sampleRateHz: 16_000, threads: 1
    )
}

/// Powers of ten, so that what they give can be checked by eye.
private let rates = Rates(
    processor: "none", threads: 4, model: "x", openSeconds: 2, loadSeconds: 1, stageOne: ["float32": 1e9],
    training: ["float32": 1e8], scoring: ["float32": 1e9], optimiser: 1e6, decoding: 1000, writing: 1e8)

private func estimate(
    _ workload: Workload, _ rates: Rates = rates, nodes: Int = 1, atOnce: (Int?, Int?) = (nil, nil), memory: Int = .max
) -> Estimate {
    Estimate(
        workload, rates: rates, nodes: nodes, atOnce: (atOnce.0, atOnce.1), memoryBytes: memory, cacheMemory: { _ in 7 }
    )
}

private func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b)) }

@Suite struct EstimateTests {
    @Test func anAssumedCorpusHasTheHoursThatItIsSaidToHave() {
        let speech = Speech(assumedHours: 240)
        #expect(abs(speech.seconds / 3600 - 240) < 0.01)
        // MSP-Podcast 1.11 itself: 151,654 utterances.
        #expect(abs(Double(speech.utterances) / 151_654 - 1) < 0.01)
        #expect(speech.utterances(.train) > speech.utterances(.test))
    }

    @Test func aCacheTakesStartsProductsDecodingAndWriting() throws {
        let workload = try workload(), work = try #require(workload.caches.first)
        #expect(workload.caches.count == 1 && work.processes == 7 && work.files == 10)
        let found = estimate(workload).caches[0]
        let computing = work.operations / 1e9 + work.speechSeconds / 1000 + 2 * Double(work.shardBytes) / 1e8
        let completing = 2 + 1 + work.fidelityOperations * 4 / 1e9 + Double(work.upperBytes) / 1e8
        #expect(near(found.seconds, 6 * 3 + computing + completing))
        // Alone it takes as long as before; six shards on four nodes are two turns, on a hundred nodes one.
        #expect(near(estimate(workload, nodes: 1).caches[0].nodeSeconds, found.seconds))
        #expect(near(estimate(workload, nodes: 4).caches[0].nodeSeconds, (18 + computing) / 3 + completing))
        #expect(near(estimate(workload, nodes: 100).caches[0].nodeSeconds, (18 + computing) / 6 + completing))
        // The launcher may let fewer run.
        #expect(
            near(
                estimate(workload, nodes: 100, atOnce: (3, nil)).caches[0].nodeSeconds,
                (18 + computing) / 3 + completing))
    }

    @Test func anEpochTakesProductsStepsAndWeights() throws {
        let workload = try workload(), phase = try #require(workload.phases.first), work = phase.work
        #expect(workload.phases.count == 1 && phase.runs == 1 && phase.epochs == 4)
        let utterances = Speech(assumedHours: 1).utterances(.train)
        #expect(work.steps == Double((utterances + 3) / 4))
        let found = estimate(workload).phases[0]
        let training =
            work.trainingOperations / 1e8 + work.steps * work.trainableParameters / 1e6 + work.readBytes / 5e9
        #expect(near(found.trainingSecondsPerEpoch, training))
        #expect(
            near(found.evaluatingSecondsPerEpoch, work.developmentOperations / 1e9 + 4 * work.trainableParameters / 1e8)
        )
        let once = (work.standardisingOperations + work.finalOperations) / 1e9
        let states = (4 * (training + found.evaluatingSecondsPerEpoch) / 30).rounded(.down) * work.stateBytes / 1e8
        #expect(near(found.secondsPerRun, once + 4 * (training + found.evaluatingSecondsPerEpoch) + states))
        // What does not fit in memory is read from the disk in every epoch.
        let cold = estimate(workload, memory: 1).phases[0]
        #expect(near(cold.trainingSecondsPerEpoch - training, work.readBytes * (1 / 1e8 - 1 / 5e9)))
    }

    /// Twenty-four trials by halving: 24 see epoch 1, 8 go on to epoch 3, 2 to epoch 8.
    @Test func halvingTakesWhatItsRungsTake() throws {
        let sweep = """
            sweep:
              trials: 24
              space: {optimiser.learning_rate.layers: {log_uniform: [1.0e-6, 1.0e-4]}}
              halving: {eta: 3, min_epochs: 1}

            """
        let halved = try workload(yaml.replacing("epochs: 4", with: "epochs: 8") + sweep + "seeds: [0, 1]\n")
        #expect(halved.phases.map(\.runs) == [48, 16, 4])
        #expect(halved.phases.map(\.epochs) == [1, 2, 5])
        #expect(
            halved.phases.map(\.begins) == [true, false, false] && halved.phases.map(\.ends) == [false, false, true])
        // Who was stopped leaves the state from which it would have gone on.
        let work = halved.phases[0].work
        #expect(near(halved.runBytes, 48 * work.bytes + 44 * work.stateBytes))
        // Five nodes: ten turns of the first rung, four of the second, one of the last.
        let all = estimate(halved, nodes: 5)
        #expect(zip(all.phases, [10.0, 4, 1]).allSatisfy { near($0.nodeSeconds, $0.secondsPerRun * $1) })
        #expect(near(all.trainingSeconds, zip(all.phases, [48.0, 16, 4]).reduce(0) { $0 + $1.0.secondsPerRun * $1.1 }))
    }

    /// Layers that the trials differ in are averaged.
    @Test func trialsThatTakeDifferentThingsAreAveraged() throws {
        let mixed = try workload(yaml + "sweep: {space: {layers: [1, 2]}}\n").phases[0].work
        let one = try workload(yaml.replacing("layers: 2", with: "layers: 1")).phases[0].work
        let two = try workload().phases[0].work
        #expect(near(mixed.trainingOperations, (one.trainingOperations + two.trainingOperations) / 2))
        #expect(mixed.memoryBytes == max(one.memoryBytes, two.memoryBytes))
        #expect(one.trainingOperations < two.trainingOperations)
    }

    @Test func aStudyComputesTheFrozenLayersAgainWhereItHasNoCache() throws {
        let study =
            yaml.replacing("cuts: [2], ", with: "").replacing(", compute: float32", with: "")
            .replacing("layers: 2, ", with: "") + "study: {layers: [2], lora_ranks: [2], pools: [1, 2]}\n"
        let workload = try workload(study)
        // Of the cut below two layers, and of that below none, for the heads; and both of means.
        #expect(workload.caches.map { $0.cuts.map(\.description) } == [["2"], ["4"], ["2"], ["4"]])
        #expect(abs(Double(workload.caches[0].rows) / Double(workload.caches[2].rows) - 2) < 0.02)
        #expect(workload.caches.allSatisfy { $0.processes == 1 })
        let cached = try #require(workload.phases.first { $0.name.contains("top-2") && $0.name.contains("cached") })
            .work
        let recorded = try #require(workload.phases.first { $0.name == "top-2-bfloat16" }).work
        #expect(recorded.frozenOperations > 0 && cached.frozenOperations == 0)
        #expect(recorded.trainingOperations == cached.trainingOperations)
        #expect(cached.readBytes > 0 && recorded.readBytes == 0)
        let pooled = try #require(
            workload.phases.first { $0.name.hasPrefix("top-2-") && $0.name.hasSuffix("-pool2") }
        ).work
        #expect(pooled.trainingOperations < 0.51 * cached.trainingOperations)
    }

    /// Of utterances of ten minutes as many rows are standardised over as of usual ones.
    @Test func standardisingTakesNoMoreOfLongUtterances() throws {
        let usual = Speech(assumedHours: 100)
        var long = usual
        long.parts[.train]?.lengthsSeconds = [600]
        func operations(_ speech: Speech) throws -> Double {
            try RunWork(
                training(layers: 2), encoder: encoder("wav2vec2-tiny"), cuts: [.layer(2)], store: .float32, pool: 1,
                speech: speech, sampleRateHz: 16_000, threads: 2
            ).standardisingOperations
        }
        let found = try (long: operations(long), usual: operations(usual))
        #expect(found.usual > 0 && near(found.long, found.usual))
    }

    @Test func moreSpeechTakesMoreOfEverythingInProportion() throws {
        let small = try workload(hours: 100), large = try workload(hours: 10_000)
        func ratio(_ value: (Workload) -> Double) -> Double { value(large) / value(small) }
        for value: (Workload) -> Double in [
            { $0.caches[0].operations }, { Double($0.caches[0].rows) }, { $0.phases[0].work.trainingOperations },
            { $0.phases[0].work.steps }, { $0.phases[0].work.readBytes },
        ] { #expect(abs(ratio(value) - 100) < 0.1) }
        // Chunks are padded, which a large shard does not notice.
        #expect(ratio { Double($0.caches[0].shardBytes) } < 100)
        #expect(ratio { Double($0.caches[0].upperBytes) } == 1)
    }

    @Test func ratesReadBackFromWhatWasPrinted() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "rates-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: path) }
        let text = String(decoding: try JSONEncoder().encode(rates), as: UTF8.self)
        for printed in [text, "{\"pipeline\": \"x\", \"rates\": \(text)}"] {
            try Data(printed.utf8).write(to: path)
            #expect(try Rates(path: path.path) == rates)
        }
        for (old, new, problem) in [
            ("\"optimiser\":1000000", "\"optimiser\":0", "key 'optimiser': expected a rate above 0, found 0.0"),
            (
                "\"open_seconds\":2", "\"open_seconds\":-1",
                "key 'open_seconds': expected seconds, 0 or more, found -1.0"
            ),
        ] {
            try #require(text.contains(old), "\(text)")
            try Data(text.replacing(old, with: new).utf8).write(to: path)
            #expect(throws: EstimateError.rates(path: path.path, problem: problem)) { try Rates(path: path.path) }
        }
        try Data("{}".utf8).write(to: path)
        #expect(throws: EstimateError.self) { try Rates(path: path.path) }
    }

    /// Steps of a run that is there are believed before measured ones, if it was this machine's.
    @Test func finishedRunsTellTheirRates() throws {
        let work = try workload().phases[0].work
        let directory = RunDirectory(
            path: FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString)").path)
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        var measured = rates
        #expect(measured.adopt([(directory, work)]) == 0 && measured == rates)
        try directory.create()
        // Half of the frames that an epoch of the work has, in 10 s, of which 1 s reading and 4 s optimising, in 100 steps.
        for epoch in 1...2 {
            try directory.append(
                EpochMetrics(
                    epoch: epoch, step: 100 * epoch, trainLoss: 0, learningRates: [:], development: [:],
                    secondsTraining: 10, secondsReading: 1, secondsOptimising: 4, secondsEvaluating: 1,
                    framesPerSecond: work.trainingFrames / 20, gradientNorm: 1, isBest: true))
        }
        func finish(device: String, threads: Int) throws {
            try directory.write(
                RunResult(
                    status: .completed, bestEpoch: 1, bestMetric: .init(name: "ccc", value: 0), epochs: 2, scores: [:],
                    intervalMethod: nil, model: "x", cacheKey: "", cut: "2", layers: 2, seed: 0, trainableParameters: 1,
                    totalParameters: 1, compute: "float32", threads: threads, device: device, secondsPerEpoch: 10,
                    secondsTotal: 20, framesPerSecond: 1, audioSecondsPerSecond: 1, peakMemoryBytes: 1, versions: [:],
                    corpus: nil, corpusSHA256: ""))
        }
        for (device, threads) in [("another", 4), ("none", 2)] {
            try finish(device: device, threads: threads)
            #expect(measured.adopt([(directory, work)]) == 0 && measured == rates)
        }
        try finish(device: "none", threads: 4)
        #expect(measured.adopt([(directory, work)]) == 1)
        #expect(near(try #require(measured.training["float32"]), work.trainingOperations / 2 / 5))
        #expect(near(measured.optimiser, 100 * work.trainableParameters / 4))
        #expect(measured.scoring == rates.scoring && measured.stageOne == rates.stageOne)
    }
}
