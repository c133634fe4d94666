import Testing

/// What cannot be asked for is refused with 64, and with what can.
struct UsageCase: CustomTestStringConvertible, Sendable {
    var program = Program.cache
    var arguments: [String]
    /// The first line of standard error.
    var error: String
    var testDescription: String { "\(program.rawValue) \(arguments.joined(separator: " "))" }

    private static func cache(_ arguments: [String], _ error: String) -> UsageCase {
        UsageCase(
            arguments: ["--corpus", "manifest.csv", "--model", tinyModel, "--out", "cache"] + arguments, error: error)
    }

    private static func train(_ arguments: [String], _ error: String) -> UsageCase {
        UsageCase(program: .train, arguments: ["--cache", "cache", "--out", "run"] + arguments, error: error)
    }

    static let all = [
        cache(["--cut", "5"], "error: --cut 5: \(tinyModel) has 4 layers; expected cnn or a number from 0 to 4"),
        cache(["--cut", "-1"], "Error: The value '-1' is invalid for '--cut <cut>'"),
        cache(["--cut", "x"], "Error: The value 'x' is invalid for '--cut <cut>'"),
        cache([], "Error: Missing expected argument '--cut <cut> ...'"),
        cache(["--cut", "2", "--shards", "0"], "Error: --shards is 0; expected 1 or more"),
        cache(["--cut", "2", "--shards", "100000"], "Error: --shards is 100000; expected at most 99999"),
        cache(["--cut", "2", "--workers", "0"], "Error: --workers is 0; expected 1 or more"),
        cache(
            ["--cut", "2", "--seal-every", "-1"], "Error: Missing value for '--seal-every <seconds>'"),
        cache(
            ["--cut", "2", "--seal-every", "1e9"],
            "Error: --seal-every is 1000000000.0; expected a number of seconds from 0 to 86400"),
        cache(
            ["--cut", "2", "--seal-every", "nan"],
            "Error: --seal-every is nan; expected a number of seconds from 0 to 86400"),
        cache(
            ["--cut", "2", "--shards", "2", "--only-shard", "2"],
            "error: --only-shard 2: there are 2 shards; expected a number from 0 to 1"),
        cache(["--cut", "2", "--only-shard", "1"], "error: --only-shard 1: there is 1 shard; expected 0"),
        cache(
            ["--cut", "2", "--max-rejects", "some"], "Error: The value 'some' is invalid for '--max-rejects <n|p%>'"),
        cache(["--cut", "2", "--max-rejects", "-1"], "Error: Missing value for '--max-rejects <n|p%>'"),
        cache(
            ["--cut", "2", "--max-rejects", "101%"], "Error: The value '101%' is invalid for '--max-rejects <n|p%>'"),
        cache(
            ["--cut", "2", "--store", "float8"],
            "Error: The value 'float8' is invalid for '--store <store>'. Please provide one of 'float16', "
                + "'bfloat16', 'float32' or 'int8'."),
        cache(["--cut", "2", "--pool", "0"], "Error: --pool is 0; expected 1 or more"),
        cache(["--cut", "2", "--pool", "1001"], "Error: --pool is 1001; expected at most 1000"),
        cache(["--cut", "2", "--shard", "2"], "Error: Unknown option '--shard'. Did you mean '--shards'?"),
        UsageCase(
            arguments: [
                "--corpus", "manifest.csv", "--model", "random:wav2vec2-tinny", "--cut", "2", "--out", "cache",
            ],
            error: "error: model 'random:wav2vec2-tinny': unknown preset 'wav2vec2-tinny'; expected one of "
                + "wav2vec2-base, wav2vec2-large, wav2vec2-large-robust, wav2vec2-xls-r-300m, wav2vec2-tiny, "
                + "wav2vec2-large-tiny, hubert-base, hubert-large, hubert-tiny, wavlm-base, wavlm-base-plus, "
                + "wavlm-large, wavlm-tiny, wavlm-large-tiny, data2vec-audio-base, data2vec-audio-large, "
                + "data2vec-audio-tiny"),
        UsageCase(
            arguments: [
                "--corpus", "manifest.csv", "--model", "random:wav2vec2-tiny?seed=x", "--cut", "2", "--out", "cache",
            ],
            error: "error: model 'random:wav2vec2-tiny?seed=x': 'seed=x'; expected seed= and a number from 0 to "
                + "18446744073709551615"),
        train(
            [],
            "error: training configuration: no 'labels'; name the manifest's columns to learn, e.g. labels: "
                + "[activation, valence]"),
        train(["--threads", "0"], "Error: --threads is 0; expected 1 or more"),
        train(["--epochs", "3"], "Error: Unknown option '--epochs'"),
        train(
            ["--set", "epochs"],
            "error: --set epochs: expected key=value with a dotted key, e.g. "
                + "optimiser.learning_rate.layers=1e-5"),
        train(
            ["--set", "epochs=many"], "error: --set epochs=many: key 'epochs': expected a whole number, found 'many'"),
        train(
            ["--set", "epoch=3"],
            "error: --set epoch=3: key 'epoch': no such key; did you mean 'epochs'? valid here: "
                + topLevelKeys),
        train(
            ["--set", "optimiser.learning_rat.layers=1"],
            "error: --set optimiser.learning_rat.layers=1: key 'optimiser.learning_rat': no such key; did you mean "
                + "'learning_rate'? valid here: 'learning_rate', 'weight_decay', 'betas', 'epsilon', "
                + "'warmup_fraction', 'warmup_steps', 'schedule', 'clip_norm', 'layer_decay'"),
        UsageCase(program: .undertone, arguments: ["pln"], error: "Error: Unexpected argument 'pln'"),
        UsageCase(
            program: .undertone, arguments: ["plan"],
            error: "Error: Missing expected argument '<pipeline>'"),
        UsageCase(
            program: .undertone, arguments: ["plan", "typo.yaml"],
            error: "error: typo.yaml:1: key 'nmae': no such key; did you mean 'name'? valid here: 'name', 'corpus', "
                + "'corpora', 'test_on', 'labels', 'model', 'cache', 'train', 'seeds', 'sweep', 'study', 'launcher', 'report'"
        ),
        UsageCase(
            program: .train, arguments: trainArguments("--cache", "other"),
            error: "Error: several caches are given; give --corpus <manifest.csv> with the utterances of all"),
        train(
            ["--set", "labels=[activation]", "--set", "best_metric=rms"],
            "error: --set best_metric=rms: key 'best_metric': expected ccc or pearson or rmse or mae or loss, a score "
                + "also of one dimension such as ccc.valence, found 'rms' (did you mean 'rmse'?)"),
        UsageCase(
            program: .undertone, arguments: ["compare", "run"],
            error: "Error: one run is given; expected two or more to compare"),
        UsageCase(
            program: .undertone, arguments: ["compare", "a", "b", "--metric", "cc"],
            error: "Error: The value 'cc' is invalid for '--metric <metric>'. Please provide one of 'ccc', 'pearson', "
                + "'rmse' or 'mae'."),
        UsageCase(
            program: .undertone, arguments: ["report"],
            error: "Error: nothing to report; name run directories, or a pipeline with --pipeline"),
        UsageCase(
            program: .undertone, arguments: ["report", "run", "--pipeline", "x.yaml"],
            error: "Error: runs and --pipeline are given; a pipeline's runs are known, leave out one of the two"),
        UsageCase(
            program: .undertone, arguments: ["report", "run", "--model", "m"],
            error: "Error: --model is for a pipeline; expected --pipeline with it"),
        UsageCase(
            program: .undertone, arguments: ["verify", "cache", "--corpus", "manifest.csv"],
            error: "Error: --corpus is for repairing; expected --repair with it"),
        UsageCase(
            program: .undertone, arguments: ["verify", "cache", "--repair", "--workers", "0"],
            error: "Error: --workers is 0; expected 1 or more"),
    ]
}

/// As an error about one that is not among them lists the configuration's keys.
let topLevelKeys =
    "'labels', 'layers', 'tuning', 'lora', 'embedding', 'recompute', 'seed', 'seeds', 'epochs', 'batch', 'memory', "
    + "'optimiser', 'ema', 'dropout', 'mask', 'head', 'pooling', 'attention', 'standardise', 'loss', 'best_metric', "
    + "'patience', 'scores', 'strict', 'threads', 'compute'"

@Test(arguments: UsageCase.all)
func wrongUsageIsRefused(_ wrong: UsageCase) throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    try folder.write("typo.yaml", "nmae: x\n")
    let outcome = try wrong.program.run(wrong.arguments, in: folder)
    #expect(outcome.code == 64)
    #expect(outcome.said.split(separator: "\n").first.map(String.init) == wrong.error)
    #expect(outcome.output.isEmpty && !folder.exists("cache") && !folder.exists("run"))
}
