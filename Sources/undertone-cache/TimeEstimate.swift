import Buffers
import FrozenModels
import Kernels

/// How long stage one will take: the model's operations for each recording, divided by the rate of one product measured
/// here and now.
///
/// Nothing of the model is loaded for it, and it takes a fraction of a second. It is an estimate: it knows neither how fast the
/// disk is nor what else the machine will do.
struct TimeEstimate {
    /// Of products, in operations per second.
    var productRate: Double
    var seconds: Double

    /// What is left of the best product rate in a whole run on two AVX-512 cores: 0.76 in bfloat16, 0.79 in float32
    /// (Benchmarks/results).
    static let efficiency = 0.78

    /// - Parameters:
    ///   - durationsSeconds: of the recordings to compute.
    ///   - budget: what measuring may take, once the library is set up.
    init(
        _ model: FrozenModel, durationsSeconds: some Sequence<Double>, sampleRateHz: Int, compute: Precision,
        threads: Int, budget: Duration
    ) {
        let rate = TimeEstimate.measureProductRate(precision: compute, threads: threads, budget: budget)
        let operations = durationsSeconds.reduce(0) {
            $0 + model.operationCount(samples: Int($1 * Double(sampleRateHz)))
        }
        productRate = rate
        seconds = operations / (rate * TimeEstimate.efficiency)
    }

    /// The best of the products that fit into the budget, of the shape of wav2vec2-base's feed-forward block.
    private static func measureProductRate(precision: Precision, threads: Int, budget: Duration) -> Double {
        let (rows, inputs, outputs) = (1024, 768, 3072)
        let engine = CPUEngine(threads: threads)
        let weight = engine.makeMatrix(rows: outputs, columns: inputs, precision: .float32)
        let x = engine.makeMatrix(rows: rows, columns: inputs, precision: precision)
        let out = engine.makeMatrix(rows: rows, columns: outputs, precision: precision)
        engine.clear(weight)
        engine.clear(x)
        let frozen = LinearWeight.frozen(engine.freeze(weight, precision: precision))
        let clock = ContinuousClock()
        let begin = clock.now
        var best = Duration.seconds(1_000_000)
        var count = 0
        // The first product also sets the library up.
        while count < 2 || begin.duration(to: clock.now) < budget {
            best = min(
                best,
                clock.measure {
                    engine.linearForward(out: out, x: x, weight: frozen, bias: nil, activation: .identity)
                })
            count += 1
        }
        return 2 * Double(rows * inputs * outputs) / (best / .seconds(1))
    }
}
