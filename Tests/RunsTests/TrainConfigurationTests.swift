import Faults
import Runs
import Testing

@Suite struct TrainConfigurationTests {
    @Test func everyKeyIsReadAndRoundTrips() throws {
        let configuration = try TrainConfiguration(yaml: Self.everything, source: "all.yaml")
        var expected = TrainConfiguration(labels: [
            .init(name: "activation"), .init(name: "valence", scale: 1...7), .init(name: "no"),
        ])
        expected.layers = 2
        expected.seed = 11
        expected.epochs = 4
        expected.seeds = [3, 1, 18_446_744_073_709_551_615]
        expected.batch.size = .frames(20_000)
        expected.batch.isBucketed = true
        expected.batch.dropsLast = true
        expected.memory = ByteCount(1_500_000_000)
        expected.optimiser.layersLearningRate = 1e-5
        expected.optimiser.headsLearningRate = 2e-3
        expected.optimiser.weightDecay = 0.1
        expected.optimiser.beta1 = 0.8
        expected.optimiser.beta2 = 0.98
        expected.optimiser.epsilon = 1e-6
        expected.optimiser.warmup = .steps(30)
        expected.optimiser.schedule = .cosine
        expected.optimiser.clipNorm = nil
        expected.dropout = .init(hidden: 0, attention: 0.1, activation: nil, head: 0.5)
        expected.head.hidden = 64
        expected.head.layers = 0
        expected.standardise = false
        expected.bestMetric = BestCriterion(.score(.mae), dimension: "valence")
        expected.patience = 3
        expected.scoring.by = ["gender", "no"]
        expected.scoring.resamples = 500
        expected.strict = true
        expected.threads = 2
        expected.compute = .float32
        #expect(configuration == expected)
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "again") == expected)
    }

    @Test func defaultsRoundTrip() throws {
        let configuration = TrainConfiguration(labels: [.init(name: "a \"b\": [c]")])
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "defaults") == configuration)
    }

    @Test func overridesWinInOrderAndNullUnsets() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("labels: [activation]\nthreads: 4\noptimiser: {weight_decay: 0.5}\n", as: "t.yaml")
        let configuration = try TrainConfiguration(
            path: path,
            overrides: [
                "optimiser.learning_rate.layers=1e-6", "optimiser.learning_rate.layers=2e-6", "threads=null",
                "labels=[valence, dominance]", "optimiser.warmup_steps=7", "optimiser.clip_norm=null",
            ])
        #expect(configuration.optimiser.layersLearningRate == 2e-6)
        #expect(configuration.optimiser.weightDecay == 0.5)
        #expect(configuration.threads == nil)
        #expect(configuration.labels.map(\.name) == ["valence", "dominance"])
        #expect(configuration.optimiser.warmup == .steps(7))
        #expect(configuration.optimiser.clipNorm == nil)
    }

    @Test(arguments: [
        ("labels: [a]\nepoch: 3\n", 2, "key 'epoch': no such key; did you mean 'epochs'?"),
        ("labels: [a]\noptimizer:\n  epsilon: 1\n", 2, "did you mean 'optimiser'?"),
        (
            "labels: [a]\noptimiser:\n  learning_rate:\n    layer: 1\n", 4,
            "key 'optimiser.learning_rate.layer': no such key"
        ),
        ("labels: [a]\nepochs: many\n", 2, "expected a whole number, found 'many'"),
        ("labels: [a]\nepochs: \"20\"\n", 2, "expected a whole number, found the text \"20\""),
        ("labels: [a]\nepochs: 2.5\n", 2, "expected a whole number, found '2.5'"),
        ("labels: [a]\nepochs: 0\n", 2, "expected 1 or more, found 0"),
        ("labels: [a]\nstandardise: yes\n", 2, "expected true or false, found 'yes'"),
        ("labels: [a]\n\nbatch: 32\n", 3, "key 'batch' is '32', expected keys with values"),
        ("labels: [a]\ncompute: bf16\n", 2, "expected auto or float32 or bfloat16, found 'bf16'"),
        ("labels: activation\n", 1, "expected a list such as [a, b], found 'activation'"),
        ("labels: []\n", 1, "expected at least one dimension"),
        ("labels: [a, a]\n", 1, "dimension 'a' is listed twice"),
        ("labels:\n  - name: a\n    scale: [7, 1]\n", 3, "expected [minimum, maximum] with minimum < maximum"),
        ("labels:\n  - scale: [1, 7]\n", 2, "'name' is missing"),
        ("labels: [a]\noptimiser: {betas: [0.9, 1]}\n", 2, "expected two numbers from 0 to below 1"),
        ("labels: [a]\noptimiser:\n  warmup_fraction: .1\n  warmup_steps: 3\n", 4, "give one of the two"),
        ("labels: [a]\ndropout: {hidden: 1}\n", 2, "expected 0 to 0.99, or null"),
        ("labels: [a]\nepochs:\n", 2, "expected a whole number, found nothing"),
        ("labels: [a]\nseed: 1\nseed: 2\n", nil, "given twice"),
        ("labels: [a\n", nil, "not valid YAML"),
        ("- a\n", 1, "the top of the file is a list"),
        ("labels: [a]\nbatch: {utterances: 8, frames: 100}\n", 2, "'utterances' is given too; give one of the two"),
        ("labels: [a]\nmemory: 2\n", 2, "expected an amount such as 2GB or 512MB, or null for no limit, found '2'"),
        (
            "labels: [a]\nseeds: [1, 1]\n", 2,
            "expected different whole numbers of 0 or more, e.g. [1, 2, 3], found [1, 1]"
        ),
        ("labels: [a]\nseeds: []\n", 2, "found []"),
    ])
    func mistakesNameFileLineAndKey(yaml: String, line: Int?, problem: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try TrainConfiguration(yaml: yaml, source: "t.yaml") }
        #expect(error?.source == "t.yaml")
        if let line { #expect(error?.line == line) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("\n") == false)
    }

    @Test(arguments: [
        ("optimiser.learning_rate.layer=1", "did you mean 'layers'?"),
        ("epochs", "expected key=value"),
        ("=3", "expected key=value"),
        ("a b=3", "expected key=value"),
        ("epochs=[1", "not valid YAML"),
        ("epochs=", "expected a whole number"),
        ("batch=3", "expected keys with values"),
    ])
    func badOverrideIsNamed(override: String, problem: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try TrainConfiguration(path: nil, overrides: ["labels=[a]", override])
        }
        #expect(error?.description.hasPrefix("--set \(override): ") == true)
        #expect(error?.line == nil)
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test func missingLabelsAndMissingFile() {
        let noLabels = #expect(throws: ConfigurationError.self) { try TrainConfiguration(path: nil) }
        #expect(noLabels?.kind == .usage)
        let noFile = #expect(throws: ConfigurationError.self) { try TrainConfiguration(path: "/nowhere/t.yaml") }
        #expect(noFile?.kind == .missingInput)
    }

    @Test(arguments: [
        (TrainConfiguration.Optimiser.Warmup.fraction(0.1), 95, 10), (.fraction(0), 50, 0), (.steps(7), 100, 7),
        (.steps(700), 100, 100),
    ])
    func warmupSteps(warmup: TrainConfiguration.Optimiser.Warmup, total: Int, expected: Int) {
        #expect(warmup.stepCount(of: total) == expected)
    }

    static let everything = """
        labels:
          - activation
          - {name: valence, scale: [1, 7]}
          - "no"
        layers: 2
        seed: 11
        epochs: 4
        seeds: [3, 1, 18446744073709551615]
        batch: {frames: 20000, bucketed: true, drop_last: true}
        memory: 1.5 GB
        optimiser:
          learning_rate: {layers: 1e-5, heads: 2.0e-3}
          weight_decay: 0.1
          betas: [0.8, 0.98]
          epsilon: 1e-6
          warmup_steps: 30
          schedule: cosine
          clip_norm: null
        dropout: {hidden: 0, attention: 0.1, activation: null, head: 0.5}
        head: {hidden: 64, layers: 0}
        pooling: mean
        standardise: false
        loss: ccc
        best_metric: mae.valence
        patience: 3
        scores: {by: [gender, "no"], resamples: 500}
        strict: true
        threads: 2
        compute: float32
        """
}
