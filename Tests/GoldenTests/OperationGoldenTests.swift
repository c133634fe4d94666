import Buffers
import Kernels
import Testing

@testable import Training

/// Single operations of the CPU engine against torch's float64.
@Suite struct OperationGoldenTests {
    private let golden: Golden
    private let engine = CPUEngine(threads: 2)

    init() throws { golden = try Golden(Golden.directories[0], "operations") }

    private func matrix(_ name: String) throws -> Matrix { try golden.matrix(name, engine: engine) }

    /// A vector as one row.
    private func row(_ name: String) throws -> Matrix { engine.makeRow(try golden.floats(name)) }

    private func make(_ rows: Int, _ columns: Int) -> Matrix {
        let matrix = engine.makeMatrix(rows: rows, columns: columns, precision: .float32)
        engine.clear(matrix)
        return matrix
    }

    private func expect(_ found: Matrix, _ name: String, _ tolerance: Float) throws {
        let worst = deviation(engine.download(found), from: try golden.floats(name))
        #expect(worst <= tolerance, "\(name) deviates by \(worst) of its largest magnitude")
    }

    @Test(arguments: 0..<2) func gelu(_ number: Int) throws {
        let name = "gelu.\(number)", x = try matrix("\(name).x"), dx = try matrix("\(name).dy")
        let y = make(x.rows, x.columns)
        engine.geluForward(out: y, x: x, dropout: .none)
        try expect(y, "\(name).y", 1e-5)
        engine.geluBackward(dx: dx, dOut: dx, x: x, dropout: .none)
        try expect(dx, "\(name).dx", 2e-5)
    }

    /// Case 1 has an offset a hundred times the spread, where a one-pass variance would fail.
    @Test(arguments: 0..<3) func layerNorm(_ number: Int) throws {
        let name = "layer_norm.\(number)", tolerance: Float = number == 1 ? 1e-4 : 2e-5
        let x = try matrix("\(name).x"), columns = x.columns
        let parameters = NormParameters(
            gamma: try row("\(name).gamma"), beta: try row("\(name).beta"),
            epsilon: try golden.floats("\(name).eps")[0])
        let y = make(x.rows, columns), statistics = make(x.rows, 2)
        engine.layerNormForward(
            NormOutputs(out: y, statistics: statistics), x: x, addend: nil, dropout: .none, parameters: parameters)
        try expect(y, "\(name).y", tolerance)
        let dx = try matrix("\(name).dy"), dGamma = make(1, columns), dBeta = make(1, columns)
        engine.layerNormBackward(
            dx: dx, accumulate: false, dAddend: nil, dGamma: dGamma, dBeta: dBeta, dOut: dx, sum: x,
            statistics: statistics, dropout: .none, parameters: parameters)
        try expect(dx, "\(name).dx", tolerance)
        try expect(dGamma, "\(name).dgamma", tolerance)
        try expect(dBeta, "\(name).dbeta", tolerance)
    }

    /// Case 3 has scores that overflow a softmax whose maximum is not subtracted.
    @Test(arguments: 0..<4) func attention(_ number: Int) throws {
        let name = "attention.\(number)", qkv = try matrix("\(name).qkv")
        let bounds = try golden.floats("\(name).offsets").map { Int($0) }
        let heads = Int(try golden.floats("\(name).heads")[0]), columns = qkv.columns / 3
        let shape = AttentionShape(
            offsets: try PackedOffsets(lengths: zip(bounds.dropFirst(), bounds).map { $0 - $1 }), heads: heads,
            width: columns / heads)
        let y = make(qkv.rows, columns), logSumExp = make(heads, qkv.rows), dQKV = make(qkv.rows, qkv.columns)
        engine.attentionForward(out: y, logSumExp: logSumExp, qkv: qkv, shape: shape, positions: nil, dropout: .none)
        try expect(y, "\(name).y", 1e-5)
        engine.attentionBackward(
            dQKV: dQKV, dPositions: nil, dOut: try matrix("\(name).dy"), logSumExp: logSumExp, qkv: qkv, shape: shape,
            positions: nil, dropout: .none)
        try expect(dQKV, "\(name).dqkv", 2e-5)
    }

    @Test(arguments: 0..<2) func concordance(_ number: Int) throws {
        let name = "ccc.\(number)", shape = golden.file.shape(of: "\(name).predictions")!
        func columns(_ tensor: String) throws -> [[Float]] {
            let flat = try golden.floats("\(name).\(tensor)")
            return (0..<shape[1]).map { dimension in (0..<shape[0]).map { flat[$0 * shape[1] + dimension] } }
        }
        let loss = RegressionLoss(dimensions: (0..<shape[1]).map { "\($0)" })(
            predictions: try columns("predictions"),
            labels: try columns("labels").map { $0.map { $0.isNaN ? nil : Double($0) } })
        #expect(abs(Float(loss.value) - (try golden.floats("\(name).loss"))[0]) <= 1e-6)
        let expected = try columns("dpredictions")
        for (found, right) in zip(loss.gradient, expected) { #expect(deviation(found, from: right) <= 1e-5) }
    }
}
