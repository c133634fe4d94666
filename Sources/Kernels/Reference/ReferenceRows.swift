#if canImport(Glibc)
    import Glibc
#endif

/// The reference's operations on rows: norms and activations.
extension ReferenceEngine {
    func gelu(_ x: Double) -> Double { x * normalDistribution(x) }

    private func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    private func normalDensity(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

    public func layerNormForward(
        _ outputs: NormOutputs, x: Matrix, addend: Matrix?, dropout: Dropout, parameters: NormParameters
    ) {
        let columns = x.columns, gamma = read(parameters.gamma), beta = read(parameters.beta)
        var sum = read(x)
        if let addend {
            let kept = mask(dropout, rows: x.rows, columns: columns)
            for (index, value) in read(addend).enumerated() { sum[index] += value * kept[index] }
        }
        var result: [Double] = [], statistics: [Double] = []
        for n in 0..<x.rows {
            let row = sum[n * columns..<(n + 1) * columns]
            let mean = row.reduce(0, +) / Double(columns)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
            let rstd = 1 / (variance + Double(parameters.epsilon)).squareRoot()
            statistics += [mean, rstd]
            for (c, value) in row.enumerated() { result.append((value - mean) * rstd * gamma[c] + beta[c]) }
        }
        if let out = outputs.out { write(result, to: out) }
        if let operand = outputs.operand { write(result, to: operand) }
        if let kept = outputs.sum { write(sum, to: kept) }
        if let kept = outputs.statistics { write(statistics, to: kept) }
    }

    public func layerNormBackward(
        dx: Matrix, accumulate: Bool, dAddend: Matrix?, dGamma: Matrix?, dBeta: Matrix?, dOut: Matrix, sum: Matrix,
        statistics: Matrix, dropout: Dropout, parameters: NormParameters
    ) {
        let columns = dOut.columns, gamma = read(parameters.gamma)
        let g = read(dOut), x = read(sum), moments = read(statistics)
        var result = g, gammas = [Double](repeating: 0, count: columns), betas = gammas
        for n in 0..<dOut.rows {
            let mean = moments[2 * n], rstd = moments[2 * n + 1]
            var meanG = 0.0, meanGX = 0.0
            for c in 0..<columns {
                let index = n * columns + c, normed = (x[index] - mean) * rstd
                gammas[c] += g[index] * normed
                betas[c] += g[index]
                meanG += g[index] * gamma[c] / Double(columns)
                meanGX += g[index] * gamma[c] * normed / Double(columns)
            }
            for c in 0..<columns {
                let index = n * columns + c, normed = (x[index] - mean) * rstd
                result[index] = rstd * (g[index] * gamma[c] - meanG - normed * meanGX)
            }
        }
        if accumulate { result = zip(result, read(dx)).map(+) }
        write(result, to: dx)
        if let dGamma { add(gammas, to: dGamma) }
        if let dBeta { add(betas, to: dBeta) }
        if let dAddend {
            write(zip(result, mask(dropout, rows: dOut.rows, columns: columns)).map(*), to: dAddend)
        }
    }

    public func layerNormGeluForward(out: Matrix, x: Matrix, parameters: NormParameters) {
        let normed = makeMatrix(rows: x.rows, columns: x.columns, precision: .float32)
        layerNormForward(NormOutputs(out: normed), x: x, addend: nil, dropout: .none, parameters: parameters)
        write(read(normed).map(gelu), to: out)
    }

    public func addForward(out: Matrix, x: Matrix, addend: Matrix, dropout: Dropout) {
        let kept = mask(dropout, rows: x.rows, columns: x.columns), added = zip(read(addend), kept).map(*)
        write(zip(read(x), added).map(+), to: out)
    }

    public func dropoutForward(out: Matrix, x: Matrix, dropout: Dropout) { forward(out, x, dropout) { $0 } }

    private func forward(_ out: Matrix, _ x: Matrix, _ dropout: Dropout, _ function: (Double) -> Double) {
        let kept = mask(dropout, rows: x.rows, columns: x.columns)
        write(zip(read(x), kept).map { function($0) * $1 }, to: out)
    }

    private func backward(
        _ dx: Matrix, _ dOut: Matrix, _ x: Matrix, _ dropout: Dropout, _ slope: (Double) -> Double
    ) {
        let kept = mask(dropout, rows: x.rows, columns: x.columns), g = read(dOut)
        write(read(x).enumerated().map { g[$0] * kept[$0] * slope($1) }, to: dx)
    }

    public func geluForward(out: Matrix, x: Matrix, dropout: Dropout) { forward(out, x, dropout, gelu) }

    public func geluBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {
        backward(dx, dOut, x, dropout) { normalDistribution($0) + $0 * normalDensity($0) }
    }

    public func tanhForward(out: Matrix, x: Matrix, dropout: Dropout) { forward(out, x, dropout, tanh) }

    public func tanhBackward(dx: Matrix, dOut: Matrix, x: Matrix, dropout: Dropout) {
        backward(dx, dOut, x, dropout) { 1 - tanh($0) * tanh($0) }
    }

    public func standardise(out: Matrix, x: Matrix, shift: Matrix?, scale: Matrix) {
        let shifts = shift.map(read), scales = read(scale)
        write(
            read(x).enumerated().map { index, value in
                (value - (shifts?[index % x.columns] ?? 0)) * scales[index % x.columns]
            }, to: out)
    }
}
