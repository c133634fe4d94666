import Buffers
import CNumerics

/// Every operation as its formula, in loops over double: slow, for reading and for checking the engines that are fast.
///
/// It differs from them only in rounding: results are rounded once, to the precision of the output.
public struct ReferenceEngine: Engine {
    public let name = "reference"
    public let peakBytes = 0

    public init() {}

    // MARK: Memory

    public func makeMatrix(rows: Int, columns: Int, precision: Precision) -> Matrix {
        Matrix(
            storage: AlignedBuffer(byteCount: rows * columns * precision.byteCount), rows: rows, columns: columns,
            precision: precision)
    }

    public func upload(_ values: [Float], to out: Matrix) {
        precondition(values.count == out.elementCount, "\(values.count) values for a matrix of shape \(out.shape)")
        write(values.map(Double.init), to: out)
    }

    public func upload(stored rows: UnsafeRawBufferPointer, as stored: Precision, to out: Matrix) {
        write(
            (0..<out.elementCount).map { index in
                switch stored {
                case .float32: Double(rows.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
                case .bfloat16:
                    Double(
                        Float(bitPattern: UInt32(rows.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)) << 16))
                case .float16: Double(rows.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
                }
            }, to: out)
    }

    public func download(_ matrix: Matrix) -> [Float] { read(matrix).map { Float($0) } }
    public func convert(_ x: Matrix, to out: Matrix) { write(read(x), to: out) }
    public func clear(_ out: Matrix) { write([Double](repeating: 0, count: out.elementCount), to: out) }

    func read(_ matrix: Matrix) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(matrix.elementCount)
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns {
                let index = row * matrix.rowStride + column
                if matrix.precision == .float32 {
                    values.append(Double(matrix.address.assumingMemoryBound(to: Float.self)[index]))
                } else {
                    let bits = UInt32(matrix.address.assumingMemoryBound(to: UInt16.self)[index]) << 16
                    values.append(Double(Float(bitPattern: bits)))
                }
            }
        }
        return values
    }

    func write(_ values: [Double], to matrix: Matrix) {
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns {
                var value = Float(values[row * matrix.columns + column])
                let index = row * matrix.rowStride + column
                if matrix.precision == .float32 {
                    matrix.address.assumingMemoryBound(to: Float.self)[index] = value
                } else {
                    ut_bfloat16_from_float32(&value, matrix.address.assumingMemoryBound(to: UInt16.self) + index, 1)
                }
            }
        }
    }

    func add(_ values: [Double], to matrix: Matrix) { write(zip(read(matrix), values).map(+), to: matrix) }

    /// What dropout multiplies each element by: the one thing shared with the fast engines, whose masks must be the same.
    func mask(_ dropout: Dropout, rows: Int, columns: Int, firstRow: Int = 0) -> [Double] {
        var ones = [Float](repeating: 1, count: rows * columns)
        ones.withUnsafeMutableBufferPointer { buffer in
            let native = ut_rows(data: buffer.baseAddress, stride: columns, is16: false)
            ut_dropout_apply(native, native, rows, columns, dropout.native(firstRow: firstRow))
        }
        return ones.map(Double.init)
    }

    // MARK: Linear maps

    private struct Plain: FrozenWeight {
        let matrix: Matrix
        var outputs: Int { matrix.rows }
        var inputs: Int { matrix.columns }
        var precision: Precision { matrix.precision }
    }

    public func freeze(_ weight: Matrix, precision: Precision) -> any FrozenWeight {
        let matrix = makeMatrix(rows: weight.rows, columns: weight.columns, precision: precision)
        convert(weight, to: matrix)
        return Plain(matrix: matrix)
    }

    func matrix(of weight: LinearWeight) -> Matrix {
        switch weight {
        case .plain(let matrix): return matrix
        case .frozen(let frozen):
            guard let plain = frozen as? Plain else { preconditionFailure("a weight frozen by another engine") }
            return plain.matrix
        }
    }

    public func linearForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, activation: Activation, accumulate: Bool
    ) {
        let w = read(matrix(of: weight)), input = read(x), b = bias.map(read)
        var result: [Double] = []
        for n in 0..<x.rows {
            for o in 0..<out.columns {
                var sum = b?[o] ?? 0
                for i in 0..<x.columns { sum += input[n * x.columns + i] * w[o * x.columns + i] }
                result.append(activation == .gelu ? gelu(sum) : sum)
            }
        }
        if accumulate { add(result, to: out) } else { write(result, to: out) }
    }

    public func linearBackwardInput(dx: Matrix, dOut: Matrix, weight: Matrix, accumulate: Bool) {
        let w = read(weight), g = read(dOut)
        var result: [Double] = []
        for n in 0..<dOut.rows {
            for i in 0..<weight.columns {
                result.append(
                    (0..<weight.rows).reduce(0) { $0 + g[n * weight.rows + $1] * w[$1 * weight.columns + i] })
            }
        }
        if accumulate { add(result, to: dx) } else { write(result, to: dx) }
    }

    public func linearBackwardWeight(dWeight: Matrix?, dBias: Matrix?, dOut: Matrix, x: Matrix) {
        let g = read(dOut), input = read(x)
        var result: [Double] = []
        for o in 0..<dOut.columns {
            for i in 0..<x.columns {
                result.append((0..<x.rows).reduce(0) { $0 + g[$1 * dOut.columns + o] * input[$1 * x.columns + i] })
            }
        }
        if let dWeight { add(result, to: dWeight) }
        if let dBias {
            add((0..<dOut.columns).map { o in (0..<x.rows).reduce(0) { $0 + g[$1 * dOut.columns + o] } }, to: dBias)
        }
    }

    // MARK: Optimisation

    public func sumOfSquares(_ x: Matrix) -> Double { read(x).reduce(0) { $0 + $1 * $1 } }

    public func adamWStep(
        value: Matrix, firstMoment: Matrix, secondMoment: Matrix, gradient: Matrix, operand: Matrix?, step: AdamWStep
    ) {
        let beta1 = Double(step.beta1), beta2 = Double(step.beta2), rate = Double(step.learningRate)
        let correction1 = 1 - power(beta1, step.step), correction2 = 1 - power(beta2, step.step)
        var w = read(value), m = read(firstMoment), v = read(secondMoment)
        let gradients = read(gradient)
        for i in w.indices {
            let g = gradients[i] * Double(step.gradientScale)
            w[i] -= rate * Double(step.weightDecay) * w[i]
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            w[i] -= rate * (m[i] / correction1) / ((v[i] / correction2).squareRoot() + Double(step.epsilon))
        }
        write(w, to: value)
        write(m, to: firstMoment)
        write(v, to: secondMoment)
        if let operand { write(w, to: operand) }
    }

    public func blend(out: Matrix, x: Matrix, weight: Float) {
        write(zip(read(out), read(x)).map { $0 + Double(weight) * ($1 - $0) }, to: out)
    }

    private func power(_ base: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { p, _ in p * base } }
}
