import Buffers
import Kernels
import Testing

/// One operation on one shape: the table that drives correctness of every engine and the check of every gradient.
struct OperationCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// Values of each input, row by row; those from `differentiable` on are not differentiated.
    let inputs: [Input]
    let outputCount: Int
    /// Too large for differences in a test that stays fast; its small siblings stand for it.
    var skipsDifferences = false
    /// The output, in float32.
    let forward: @Sendable (any Engine, [Matrix], Precision) -> Matrix
    /// The gradient with respect to each input, from that of the output; nil for a forward-only operation.
    let backward: (@Sendable (any Engine, [Matrix], Matrix, Precision) -> [Matrix])?

    struct Input: Sendable {
        let name: String
        let rows: Int
        let columns: Int
        var scale: Float = 1
        var mean: Float = 0
        /// Whether products read it, in the compute precision.
        var isOperand = false
    }

    var testDescription: String { name }

    /// The same pseudo-random inputs for everybody.
    func values(seed: UInt64 = 1) -> [[Float]] {
        inputs.enumerated().map { index, input in
            var stream = RandomStream(seed: seed, name, UInt64(index))
            return (0..<input.rows * input.columns).map { _ in input.mean + input.scale * stream.normal() }
        }
    }

    func matrices(_ values: [[Float]], engine: any Engine, precision: Precision) -> [Matrix] {
        zip(inputs, values).map { input, values in
            engine.makeMatrix(
                values, rows: input.rows, columns: input.columns, precision: input.isOperand ? precision : .float32)
        }
    }
}

/// `|a − b| ≤ tolerance · max|b|` for every element, written so that a NaN anywhere fails; the largest deviation found.
func deviation(_ a: [Float], from b: [Float]) -> Float {
    guard a.count == b.count else { return .infinity }
    let scale = max(b.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
    var worst: Float = 0
    for (x, y) in zip(a, b) {
        let relative = abs(x - y) / scale
        guard relative <= Float.greatestFiniteMagnitude else { return .infinity }
        worst = max(worst, relative)
    }
    return worst
}

extension Engine {
    func make(_ rows: Int, _ columns: Int, _ precision: Precision = .float32) -> Matrix {
        makeMatrix(rows: rows, columns: columns, precision: precision)
    }

    func zeros(_ rows: Int, _ columns: Int) -> Matrix {
        let matrix = make(rows, columns)
        clear(matrix)
        return matrix
    }

    /// A copy of `matrix` as operands.
    func operands(_ matrix: Matrix, _ precision: Precision) -> Matrix {
        let copy = make(matrix.rows, matrix.columns, precision)
        convert(matrix, to: copy)
        return copy
    }
}
