import Buffers
import Foundation
import Kernels

/// The best rate at which the engine multiplies matrices, with all threads: what everything else is held against.
enum Roofline {
    /// As the peers' ceilings are measured: a feed-forward layer of wav2vec2-base over some 80 s of speech.
    static let shape = (rows: 4000, outputs: 3072, inputs: 768)

    /// The best of `repetitions` products, in operations (a multiplication and an addition are two) per second.
    static func measure(_ precision: Precision, threads: Int, repetitions: Int = 12) -> Double {
        let engine = CPUEngine(threads: threads)
        func operand(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Matrix {
            var stream = RandomStream(seed: seed, "roofline")
            return engine.makeMatrix(
                (0..<rows * columns).map { _ in stream.uniform() - 0.5 }, rows: rows, columns: columns,
                precision: precision)
        }
        let x = operand(shape.rows, shape.inputs, 1)
        let plain = operand(shape.outputs, shape.inputs, 2)
        // Whichever multiplies faster: what is frozen may be multiplied by other means than what is trained.
        let weights: [LinearWeight] = [.frozen(engine.freeze(plain, precision: precision)), .plain(plain)]
        let out = engine.makeMatrix(rows: shape.rows, columns: shape.outputs, precision: precision)
        var best = Double.infinity
        for weight in weights {
            for _ in 0..<repetitions {
                let begin = ContinuousClock.now
                engine.linearForward(out: out, x: x, weight: weight, bias: nil, activation: .identity)
                best = min(best, begin.duration(to: .now) / .seconds(1))
            }
        }
        return 2 * Double(shape.rows * shape.outputs * shape.inputs) / best
    }
}
