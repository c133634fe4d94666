import Buffers
import Kernels

extension OperationCase {
    static func pool(lengths: [Int], columns: Int) -> OperationCase {
        let offsets = try! PackedOffsets(lengths: lengths)
        return OperationCase(
            name: "mean pooling of \(lengths) by \(columns)",
            inputs: [Input(name: "x", rows: offsets.rowCount, columns: columns)],
            outputCount: lengths.count * columns
        ) { engine, inputs, _ in
            let out = engine.make(lengths.count, columns)
            engine.meanPoolForward(out: out, x: inputs[0], offsets: offsets)
            return out
        } backward: { engine, inputs, dOut, _ in
            let dx = engine.make(offsets.rowCount, columns)
            engine.meanPoolBackward(dx: dx, dOut: dOut, offsets: offsets)
            return [dx]
        }
    }

    static func statisticsPool(lengths: [Int], columns: Int) -> OperationCase {
        let offsets = try! PackedOffsets(lengths: lengths)
        return OperationCase(
            name: "mean and deviation of \(lengths) by \(columns)",
            inputs: [Input(name: "x", rows: offsets.rowCount, columns: columns, mean: 0.5)],
            outputCount: lengths.count * 2 * columns
        ) { engine, inputs, _ in
            let out = engine.make(lengths.count, 2 * columns)
            engine.statisticsPoolForward(
                out: out, weights: nil, x: inputs[0], scores: nil, offsets: offsets, epsilon: 1e-3)
            return out
        } backward: { engine, inputs, dOut, _ in
            let out = engine.make(lengths.count, 2 * columns)
            engine.statisticsPoolForward(
                out: out, weights: nil, x: inputs[0], scores: nil, offsets: offsets, epsilon: 1e-3)
            // In the place of what it is the gradient of.
            let dx = engine.operands(inputs[0], .float32)
            engine.statisticsPoolBackward(
                dx: dx, dScores: nil, dOut: dOut, out: out, weights: nil, x: dx, offsets: offsets)
            return [dx]
        }
    }

    static func weightedStatisticsPool(lengths: [Int], columns: Int) -> OperationCase {
        let offsets = try! PackedOffsets(lengths: lengths), rows = offsets.rowCount
        return OperationCase(
            name: "weighted mean and deviation of \(lengths) by \(columns)",
            inputs: [
                Input(name: "x", rows: rows, columns: columns, mean: 0.5),
                Input(name: "scores", rows: rows, columns: 1),
            ], outputCount: lengths.count * 2 * columns
        ) { engine, inputs, _ in
            let out = engine.make(lengths.count, 2 * columns)
            engine.statisticsPoolForward(
                out: out, weights: engine.make(rows, 1), x: inputs[0], scores: inputs[1], offsets: offsets,
                epsilon: 1e-3)
            return out
        } backward: { engine, inputs, dOut, _ in
            let out = engine.make(lengths.count, 2 * columns), weights = engine.make(rows, 1)
            engine.statisticsPoolForward(
                out: out, weights: weights, x: inputs[0], scores: inputs[1], offsets: offsets, epsilon: 1e-3)
            let dx = engine.make(rows, columns), dScores = engine.make(rows, 1)
            engine.statisticsPoolBackward(
                dx: dx, dScores: dScores, dOut: dOut, out: out, weights: weights, x: inputs[0], offsets: offsets)
            return [dx, dScores]
        }
    }
}
