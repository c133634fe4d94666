import Faults
import Runs
import Testing

@Suite struct TrainConfigurationTests {
    @Test func everyKeyIsReadAndRoundTrips() throws {
        let configuration = try TrainConfiguration(yaml: Self.everything, source: "all.yaml")
        var expected = TrainConfiguration(labels: [
            .init(name: "activation"), .init(name: "valence", scale: 1...7), .init(name: "no"),
        ])
        expected.layers = .all
        expected.tuning = .lora
        expected.lora.rank = 4
        expected.lora.alpha = 16
        expected.lora.dropout = 0.1
        expected.lora.targets = [.output, .key]
        expected.lora.layers = [1, 3]
        expected.lora.isRankStabilised = true
        expected.embedding = .frozen
        expected.recomputes = true
        expected.seed = 11
        expected.epochs = 4
        expected.seeds = [3, 1, 18_446_744_073_709_551_615]
        expected.batch.size = .frames(20_000)
        expected.batch.isBucketed = true
        expected.batch.dropsLast = true
        expected.memory = ByteCount(1_500_000_000)
        expected.optimiser.layersLearningRate = 1e-5
        expected.optimiser.headsLearningRate = 2e-3
        expected.optimiser.adaptersLearningRate = 3e-3
        expected.optimiser.embeddingLearningRate = 4e-6
        expected.optimiser.layerDecay = 0.9
        expected.averageDecay = 0.99
        expected.optimiser.weightDecay = 0.1
        expected.optimiser.beta1 = 0.8
        expected.optimiser.beta2 = 0.98
        expected.optimiser.epsilon = 1e-6
        expected.optimiser.warmup = .steps(30)
        expected.optimiser.schedule = .cosine
        expected.optimiser.clipNorm = nil
        expected.dropout = .init(
            hidden: 0, attention: 0.1, activation: nil, head: 0.5, featureProjection: 0.2, layer: 0.05)
        expected.mask.time = .init(probability: 0.05, length: 8, minimum: 1)
        expected.mask.channels = .init(probability: 0.004, length: 64, minimum: 0)
        expected.head.hidden = 64
        expected.head.layers = 0
        expected.head.shared = true
        expected.pooling = .attentive
        expected.attention.hidden = 32
        expected.standardise = false
        expected.loss = .init([.ccc: 1, .mse: 0.5], weights: ["valence": 2, "no": 0])
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
                "labels=[valence, dominance]", "optimiser.warmup_steps=7", "optimiser.clip_norm=null", "ema=0.5",
                "ema=null", "layers=all", "layers=4", "lora.rank=2", "lora.targets=[k_proj]",
            ])
        #expect(configuration.averageDecay == nil)
        #expect(configuration.layers == 4)
        #expect(configuration.lora.rank == 2 && configuration.lora.targets == [.key])
        #expect(configuration.optimiser.layersLearningRate == 2e-6)
        #expect(configuration.optimiser.weightDecay == 0.5)
        #expect(configuration.threads == nil)
        #expect(configuration.labels.map(\.name) == ["valence", "dominance"])
        #expect(configuration.optimiser.warmup == .steps(7))
        #expect(configuration.optimiser.clipNorm == nil)
    }

    /// The head's form decides what it does not say, wherever that stands; what belongs to another form is dropped with it.
    @Test(arguments: [
        (["head.form=hf"], "hf", 256, false), (["head.hidden=64", "head.form=hf"], "hf", 64, false),
        (["head={hidden: 64, layers: 2, shared: true}", "head.form=audeering"], "audeering", 256, false),
        (["standardise=true", "head.form=audeering"], "audeering", 256, true),
        (["head.form=hf", "head.form=mlp"], "mlp", 256, true), (["standardise=false"], "mlp", 256, false),
    ])
    func headFormsBringTheirDefaults(overrides: [String], form: String, hidden: Int, standardise: Bool) throws {
        let configuration = try TrainConfiguration(path: nil, overrides: ["labels=[a]"] + overrides)
        #expect(configuration.head.form.rawValue == form)
        #expect(configuration.head.hidden == hidden)
        #expect(configuration.head.layers == 1 && !configuration.head.shared)
        #expect(configuration.standardise == standardise)
        #expect(configuration.yaml.contains("standardise: \(standardise)\n"))
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "again") == configuration)
    }

    /// A mapping names all the terms; weights are told one by one.
    @Test(arguments: [
        ([], "ccc"), (["loss=mae"], "mae"), (["loss={mse: 1}"], "mse"), (["loss.mse=2"], "{mse: 2.0}"),
        (["loss.weights.b=2", "loss.weights.a=0.5"], "{ccc: 1.0, weights: {a: 0.5, b: 2.0}}"),
        (["loss.weights.b=2", "loss={mae: 1, ccc_unbiased: 3}"], "{ccc_unbiased: 3.0, mae: 1.0, weights: {b: 2.0}}"),
    ])
    func lossesAreWrittenAsTheyCount(overrides: [String], yaml: String) throws {
        let configuration = try TrainConfiguration(path: nil, overrides: ["labels=[a, b]"] + overrides)
        #expect(configuration.yaml.contains("\nloss: \(yaml)\n"))
        #expect(try TrainConfiguration(yaml: configuration.yaml, source: "again") == configuration)
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
        (
            "labels: [a]\npooling: mean_sdt\n", 2,
            "expected mean or mean_std or attentive, found 'mean_sdt' (did you mean"
        ),
        ("labels: [a]\nattention: {hidden: 3}\n", 2, "key 'attention': pooling is 'mean', which has no attention"),
        ("labels: [a]\npooling: attentive\nattention: {hiden: 3}\n", 3, "did you mean 'hidden'?"),
        ("labels: [a]\nhead: {form: audering}\n", 2, "(did you mean 'audeering'?)"),
        ("labels: [a]\nhead: {form: hf, layers: 2}\n", 2, "the head form 'hf' has no such key"),
        ("labels: [a]\nhead: {form: audeering, hidden: 2}\n", 2, "the head form 'audeering' has no such key"),
        ("labels: [a]\nhead: {form: hf}\ndropout: {head: 0.1}\n", nil, "the head form 'hf' has no dropout"),
        (
            "labels: [a]\nloss: cccc\n", 2,
            "expected ccc or ccc_unbiased or mse or mae, found 'cccc' (did you mean 'ccc'?)"
        ),
        ("labels: [a]\nloss: {mes: 1}\n", 2, "key 'loss.mes': no such key; did you mean 'mse'?"),
        ("labels: [a]\nloss: {mse: -1}\n", 2, "expected 0 to 1e6, found -1"),
        ("labels: [a]\nloss: {mse: 0}\n", 2, "every term weighs 0"),
        ("labels: [a, valence]\nloss: {weights: {valance: 1}}\n", nil, "did you mean 'valence'?"),
        ("labels: [a]\nloss: {weights: {a: 0}}\n", nil, "every dimension weighs 0"),
        ("labels: [a]\nloss: [ccc]\n", 2, "expected text, found a list"),
        ("labels: [a]\ndropout: {hidden: 1}\n", 2, "expected 0 to 0.99, or null"),
        ("labels: [a]\nlayers: most\n", 2, "expected a whole number or all, found 'most'"),
        ("labels: [a]\nlayers: \"all\"\n", 2, "expected a whole number or all, found the text \"all\""),
        ("labels: [a]\nlayers: -1\n", 2, "expected 0 or more, found -1"),
        ("labels: [a]\ntuning: lore\n", 2, "found 'lore' (did you mean 'lora'?)"),
        (
            "labels: [a]\ntuning: lora\nlayers: 0\n", nil,
            "key 'tuning': found lora, which is of trained layers, with layers: 0"
        ),
        (
            "labels: [a]\ntuning: norms\nembedding: train\n", nil,
            "key 'embedding': found train with tuning: norms; expected"
        ),
        ("labels: [a]\nlora: {rank: 0}\n", 2, "key 'lora.rank': expected 1 or more, found 0"),
        ("labels: [a]\nlora: {r: 8}\n", 2, "key 'lora.r': no such key"),
        (
            "labels: [a]\nlora:\n  targets: [q_proj, v_prj]\n", 3,
            "expected some of q_proj, k_proj, v_proj, out_proj, intermediate_dense, output_dense, found 'v_prj' (did you "
                + "mean 'v_proj'?)"
        ),
        ("labels: [a]\nlora: {targets: [q_proj, q_proj]}\n", 2, "'q_proj' is listed twice"),
        ("labels: [a]\nlora: {targets: []}\n", 2, "found an empty list"),
        ("labels: [a]\nlora:\n  layers: [9, -1]\n", 3, "key 'lora.layers': expected null or different layers, from 0"),
        ("labels: [a]\nlora: {layers: [9, 9]}\n", 2, "e.g. [9, 11], found [9, 9]"),
        ("labels: [a]\nlora: {layers: []}\n", 2, "found []"),
        ("labels: [a]\nema: 1\n", 2, "key 'ema': expected 0 to 0.999999, or null for no averaging, found 1"),
        ("labels: [a]\nmask: {time: {probability: 2}}\n", 2, "key 'mask.time.probability': expected 0 to 1, found 2"),
        ("labels: [a]\nmask:\n  channel: {}\n", 3, "key 'mask.channel': no such key; did you mean 'channels'?"),
        ("labels: [a]\noptimiser: {layer_decay: 0}\n", 2, "expected above 0, at most 1, found 0"),
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

    /// What weights depend on, to the bit: under a limit of memory on what decides how batches are divided, too.
    @Test(
        arguments: [
            ("threads=3", nil, "threads: null"), ("recompute=true", nil, "recompute: false"), ("strict=true", nil, nil),
            ("scores={by: [gender], resamples: 200}", nil, nil),
            ("labels=[{name: activation, scale: [1, 7]}]", nil, nil),
            ("lora.rank=4", nil, nil), ("seed=1", "seed: 0", "seed: 0"), ("epochs=3", "epochs: 20", "epochs: 20"),
            ("best_metric=rmse", "best_metric: ccc", "best_metric: ccc"),
            ("compute=float32", "compute: auto", "compute: auto"), ("memory=1GB", "memory: null", "memory: 2GB"),
            ("batch.frames=20000", "batch.utterances: 32", "batch.utterances: 32"),
            ("loss.weights.activation=2", "loss: ccc", "loss: ccc"),
        ] as [(String, String?, String?)])
    func trainingsDiffer(override: String, by difference: String?, underALimit: String?) throws {
        for (base, expected) in [([], difference), (["memory=2GB"], underALimit)] as [([String], String?)] {
            let before = ["labels=[activation]"] + base
            let plain = try TrainConfiguration(path: nil, overrides: before)
            let other = try TrainConfiguration(path: nil, overrides: before + [override])
            #expect(other.training.differences(in: plain.training) == (expected.map { [$0] } ?? []), "\(before)")
            #expect((other.training == plain.training) == (expected == nil))
        }
    }

    @Test func aSettingThatTheOtherHasNotIsADifference() throws {
        let mixed = ["labels=[activation]", "loss={ccc: 1, mse: 0.5}"]
        let plain = try TrainConfiguration(path: nil, overrides: mixed)
        let weighed = try TrainConfiguration(path: nil, overrides: mixed + ["loss.weights.activation=2"])
        #expect(weighed.differences(in: plain) == ["no loss.weights.activation"])
        #expect(plain.differences(in: weighed) == ["loss.weights.activation: 2.0"])
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
        layers: all
        tuning: lora
        lora: {rank: 4, alpha: 16, dropout: 0.1, targets: [output_dense, k_proj], layers: [3, 1], rank_stabilised: true}
        embedding: frozen
        recompute: true
        seed: 11
        epochs: 4
        seeds: [3, 1, 18446744073709551615]
        batch: {frames: 20000, bucketed: true, drop_last: true}
        memory: 1.5 GB
        optimiser:
          learning_rate: {layers: 1e-5, heads: 2.0e-3, adapters: 3e-3, embedding: 4e-6}
          layer_decay: 0.9
          weight_decay: 0.1
          betas: [0.8, 0.98]
          epsilon: 1e-6
          warmup_steps: 30
          schedule: cosine
          clip_norm: null
        ema: 0.99
        dropout: {hidden: 0, attention: 0.1, activation: null, head: 0.5, feature_projection: 0.2, layer: 0.05}
        mask:
          time: {probability: 0.05, length: 8, minimum: 1}
          channels: {probability: 0.004, length: 64}
        head: {form: mlp, hidden: 64, layers: 0, shared: true}
        pooling: attentive
        attention: {hidden: 32}
        standardise: false
        loss: {ccc: 1, mse: 0.5, mae: 0, weights: {valence: 2, "no": 0}}
        best_metric: mae.valence
        patience: 3
        scores: {by: [gender, "no"], resamples: 500}
        strict: true
        threads: 2
        compute: float32
        """
}
