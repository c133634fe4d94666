import Foundation
import Pipelines
import Runs
import Testing

/// What is said of each kind of mistake in a manifest, as a file to read and review. After changing a message on purpose, write it
/// anew with `UNDERTONE_REWRITE_GOLDEN=1 swift test --filter ManifestMistakeTests`, and look at what `git diff` says.
@Suite struct ManifestMistakeTests {
    static let start = "name: x\ncorpus: m.csv\nmodel: random:tiny\nlabels: [activation, valence]\n"
    static let corpora =
        "name: x\nmodel: random:tiny\nlabels: [{name: activation, scale: [0, 1]}, valence]\ncorpora:\n"
        + "  a: {manifest: a.csv, labels: {activation: {column: act, scale: [1, 7]}}}\n  b: {manifest: b.csv}\n"
    static func sweep(_ lines: String) -> String { "\(start)train: {epochs: 9}\nsweep:\n\(lines)" }

    /// Each is a whole manifest.
    static let mistakes: [String] =
        [
            // Keys, types and values at the top.
            "modle: random:tiny\n", "lables: [a]\n", "sheep: 1\n", "name: a b\n", "name: ../x\n", "name: [x]\n",
            "launcher: rocket\n", "launcher: [slurm]\n", "launcher: {local: {}}\n", "launcher: {slurmm: {}}\n",
            "launcher: {slurm: cpu}\n", "launcher: {slurm: {partitions: cpu}}\n",
            "launcher: {slurm: {partition: a b}}\n", "launcher: {slurm: {time: soon}}\n",
            "launcher: {slurm: {time: 1}}\n", "launcher: {slurm: {memory: 16GB}}\n",
            "launcher: {slurm: {cpus: 0}}\n", "launcher: {slurm: {tasks: all}}\n",
            "launcher: {slurm: {at_once: 0}}\n", "launcher: {slurm: {options: {array: 0-3}}}\n",
            "launcher: {slurm: {options: {mem: 2G}}}\n", "launcher: {slurm: {options: {--qos: long}}}\n",
            "launcher: {slurm: {options: {comment: a b}}}\n", "launcher: {slurm: {train: {times: 1:00:00}}}\n",
            "train: {memory: 8GB}\nlauncher:\n  slurm: {memory: 64G, train: {memory: 4G}}\n", "report: {name: x}\n",
            "report: title\n", "cache: 9\n",
            "name: x\nname: y\n", "cache: {shards: 3\n", "seeds: 3\n", "seeds: []\n", "seeds: [1, 1]\n",
            "seeds: [-1]\n", "train: {seed: 1}\nseeds: [1, 2]\n",
            // The cache.
            "cache:\n  shard: 3\n", "cache: {shards: 0}\n", "cache: {shards: many}\n", "cache: {cuts: 9}\n",
            "cache: {cuts: [top]}\n", "cache: {cuts: [9, 9]}\n", "cache: {store: int4}\n", "cache: {pool: 0}\n",
            "cache: {pool: 1001}\n", "cache: {pool: 1.5}\n", "cache: {compute: fast}\n",
            "cache: {max_rejects: some}\n", "cache: {max_rejects: 101%}\n",
            // Training, and what cannot go together there.
            "train:\n  labels: [a]\n", "train:\n  seeds: [1, 2]\n", "train:\n  epoch: 3\n",
            "train:\n  optimiser:\n    learning_rate: {layer: 1}\n", "train:\n  epochs: \"3\"\n",
            "train:\n  layers: 0\n  tuning: lora\n", "train:\n  best_metric: ccc.valance\n",
            "train:\n  pooling: mean\n  attention: {hidden: 3}\n",
            "train:\n  loss: {ccc: 1, weights: {arousal: 2}}\n", "train: {memory: much}\n",
            "train:\n  batch: {utterances: 8, frames: 2000}\n",
            // Right keys in wrong places.
            "epochs: 3\n", "layers: 3\n", "train:\n  learning_rate: 1.0e-5\n", "train:\n  corpus: m.csv\n",
            "train:\n  optimiser: {epochs: 3}\n", "report:\n  epochs: 3\n", "train:\n  clip_norm: 1\n",
        ].map { line in
            // A key of the start that is given again would be another mistake.
            let keys = line.split(separator: "\n").filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
            let kept = start.split(separator: "\n").filter { own in !keys.contains(own.prefix { $0 != ":" }) }
            return kept.map { "\($0)\n" }.joined() + line
        } + [
            // Studies.
            start + "study: {layer: [3]}\n", start + "study: {layers: 3}\n", start + "study: {layers: [0]}\n",
            start + "study: {layers: [3, 3]}\n", start + "study: {compute: [auto]}\n",
            start + "study: {compute: []}\n", start + "study: {stores: [int4]}\n",
            start + "study: {pools: 2}\n", start + "study: {pools: []}\n", start + "study: {pools: [0]}\n",
            start + "study: {pools: [1, 1]}\n", start + "study: {pools: [1, 1001]}\n",
            start + "study: {lora_ranks: [many]}\n", start + "study: {amortised_over: 0}\n", start + "study: 3\n",
            start + "train:\n  batch: {frames: 9000}\nstudy: {pools: [1, 2]}\n",
            start + "train: {layers: 3}\nstudy: {}\n", start + "cache: {pool: 2}\nstudy: {}\n",
            start + "sweep: {space: {layers: [1, 2]}}\nstudy: {}\n",
            // Several corpora.
            start + "test_on: [b]\n", corpora + "corpus: m.csv\n", corpora + "test_on: [c]\n",
            corpora + "test_on: [a, b]\n", corpora + "test_on: [b, b]\n", corpora + "test_on: b\n",
            corpora.replacing("manifest: b.csv", with: "manifets: b.csv"),
            corpora.replacing("manifest: b.csv", with: "scale: [1, 7]"),
            corpora.replacing("manifest: b.csv", with: "manifest: b.csv, scale: [7, 1]"),
            corpora.replacing("manifest: b.csv", with: "manifest: b.csv, scale: [1, 5]"),
            corpora.replacing("activation: {column", with: "activity: {column"),
            corpora.replacing("{column: act", with: "{columns: act"), corpora.replacing("  b:", with: "  2b:"),
            corpora.replacing("  b: {manifest: b.csv}\n", with: ""),
        ]
        + [
            // Sweeps.
            "  trials: 3\n", "  space: {}\n", "  spaces: {epochs: [1]}\n", "  space: {epochs: 3}\n",
            "  space: {learning_rate: [1]}\n", "  space: {clip_norm: [1, 2]}\n",
            "  space: {optimiser: [{hidden: 3}]}\n", "  space: {tuning: [full, lora], lora.rank: [4, 8]}\n",
            "  space: {lora.rank: [4, 8]}\n", "  space: {optimiser.clip_norm: [1, 1.0]}\n",
            "  space: {optimiser.learning_rat.layers: [1]}\n",
            "  space: {layers: [1, 1]}\n", "  space: {layers: []}\n", "  space: {seed: [1, 2]}\n",
            "  space: {seeds: [[1, 2]]}\n", "  space: {threads: [1, 2]}\n", "  space: {memory: [1GB, 2GB]}\n",
            "  space: {batch.utterances: [8, 16], batch.frames: [2000]}\n", "  space: {labels: [[activation]]}\n",
            "  space: {best_metric: [ccc, rmse]}\n", "  space: {layers: [1, two]}\n",
            "  space: {head: [{hidden: 3}], head.hidden: [3, 4]}\n", "  space: {ema: {uniform: [0, 0.5]}}\n",
            "  trials: 2\n  space: {ema: {uniform: [0.5, 0]}}\n", "  trials: 2\n  space: {ema: {uniform: 0.5}}\n",
            "  trials: 2\n  space: {ema: {uniform: [0, 1.5]}}\n",
            "  trials: 2\n  space: {ema: {uniform: [0, 0.5], choice: [1]}}\n",
            "  trials: 2\n  space: {ema: {when: {layers: 1}}}\n",
            "  trials: 2\n  space: {ema: {log_uniform: [0, 0.5]}}\n", "  trials: 2\n  space: {ema: {normal: [0, 1]}}\n",
            "  trials: 2\n  space: {layers: {integers: [1, 2.5]}}\n",
            "  trials: 2\n  space: {head.hidden: {integers: [0, 9223372036854775807]}}\n",
            "  trials: 2\n  space: {layers: {uniform: [1, 3]}}\n", "  trials: 5\n  space: {layers: [1, 2]}\n",
            "  trials: 0\n  space: {layers: [1, 2]}\n", "  trials: 10001\n  space: {layers: [1, 2]}\n",
            "  trials: 9223372036854775807\n  space: {layers: [1, 2]}\n", "  seed: 1\n  space: {layers: [1, 2]}\n",
            "  space:\n    lora.rank: {choice: [2, 4], when: {tuning: lora}}\n    tuning: [full, lora]\n",
            "  space:\n    tuning: [full, lora]\n    lora.rank: {choice: [2, 4], when: {tuning: lorra}}\n",
            "  trials: 2\n  space:\n    ema: {uniform: [0, 0.5]}\n    layers: {choice: [1, 2], when: {ema: 0.1}}\n",
            "  space:\n    layers: [0, 1]\n    tuning: [full, lora]\n",
            "  space: {layers: [1, 2]}\n  halving: {eta: 1}\n",
            "  space: {layers: [1, 2]}\n  halving: {min_epochs: 9}\n",
            "  space: {layers: [1, 2]}\n  halving: {rungs: 3}\n", "  space: {epochs: [1, 2]}\n  halving: {eta: 2}\n",
            "  space:\n" + (0..<5).map { "    loss.weights.l\($0): [0, 1, 2, 3, 4, 5, 6, 7]\n" }.joined(),
        ].map(sweep)
        + [start + "train: {best_metric: loss}\nsweep: {space: {loss: [ccc, mse]}}\n"]

    /// What a model of twelve layers and the cuts do not allow for.
    static let combinations: [String] =
        [
            "cache: {cuts: [9]}\ntrain:\n  layers: 5\n", "train:\n  layers: 5\n",
            "cache: {cuts: [77]}\ntrain: {layers: 99}\n", "cache: {cuts: [9]}\ntrain: {layers: 99}\n",
            "cache: {cuts: [cnn, 13]}\n", "cache: {cuts: [12]}\n", "cache: {cuts: [12, 11]}\ntrain: {layers: 2}\n",
            "train: {layers: all}\n", "cache: {cuts: [0]}\ntrain: {layers: all, embedding: train}\n",
            "cache: {cuts: [cnn]}\ntrain: {layers: 3, embedding: train}\n", "seeds: [1, 2]\ntrain: {layers: 4}\n",
            "train:\n  tuning: lora\n  lora:\n    layers: [8, 11]\n",
            "cache: {cuts: [11]}\ntrain:\n  layers: all\n  tuning: lora\n  lora: {layers: [9, 11]}\n",
            "cache: {cuts: [10]}\nsweep:\n  space:\n    layers: [1, 2, 5]\n",
            "cache: {cuts: [10]}\ntrain: {layers: 3}\nsweep:\n  space: {layers: [1, 2]}\n",
            "train: {layers: 4}\nsweep:\n  space: {optimiser.clip_norm: [1, 2]}\n",
            "train: {epochs: 9}\nsweep:\n  space: {layers: [3, 4]}\n  halving: {eta: 2}\n",
            "sweep:\n  trials: 1\n  space: {layers: [20]}\n",
            "cache: {cuts: [0]}\nsweep:\n  space: {layers: [all, 3], embedding: [frozen, train]}\n",
        ].map { start + $0 }

    /// Layers that a cut does serve are let be: with a lower cut than they need, of a sweep that varies them, and of a study, which has
    /// caches of its own.
    @Test(arguments: [
        "cache: {cuts: [9]}\ntrain: {layers: 2}\n", "cache: {cuts: [cnn]}\ntrain: {layers: all, embedding: train}\n",
        "cache: {cuts: [9]}\ntrain: {layers: all, tuning: lora, lora: {layers: [9, 11]}}\n",
        "cache: {cuts: [12]}\ntrain: {layers: 0}\n", "cache: {cuts: [10]}\nsweep: {space: {layers: [1, 2]}}\n",
        "cache: {cuts: [0, 9]}\nsweep: {space: {layers: [all, 3]}}\n", "study: {}\n",
    ])
    func whatCanBeTrainedIsPlanned(_ lines: String) throws {
        let pipeline = try Pipeline(yaml: Self.start + lines, source: "x.yaml")
        #expect(try !Plan(pipeline, source: .init(path: "x.yaml")) { _ in 12 }.steps.isEmpty)
    }

    @Test func messagesAreAsReviewed() throws {
        var text = ""
        for manifest in Self.mistakes + Self.combinations {
            let error = #expect(throws: ConfigurationError.self, "\(manifest)") {
                let pipeline = try Pipeline(yaml: manifest, source: "x.yaml")
                return try Plan(pipeline, source: .init(path: "x.yaml")) { _ in 12 }
            }
            guard let error else { continue }
            // Only where no line is at fault, something that is missing, may there be none.
            #expect(error.line != nil || error.problem.hasPrefix("no '"), "\(error)")
            // What is not closed is found out at the end.
            #expect((error.line ?? 1) <= manifest.split(separator: "\n").count + 1)
            text += manifest.split(separator: "\n").map { "    \($0)\n" }.joined() + "\(error)\n\n"
        }
        let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/mistakes.txt")
        if ProcessInfo.processInfo.environment["UNDERTONE_REWRITE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: golden)
        }
        #expect(text == (try String(contentsOf: golden, encoding: .utf8)))
    }
}
