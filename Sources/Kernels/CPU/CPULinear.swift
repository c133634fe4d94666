import Buffers
import CDNNL
import CNumerics

/// One factor of a product in host memory: `[rows, columns]` with any strides, so that transposing is renaming.
struct Factor {
    let address: UnsafeRawPointer
    let strides: (row: Int, column: Int)

    init(_ matrix: Matrix) {
        address = UnsafeRawPointer(matrix.address)
        strides = (matrix.rowStride, 1)
    }

    init(address: UnsafeRawPointer, rowStride: Int, columnStride: Int) {
        self.address = address
        strides = (rowStride, columnStride)
    }

    var transposed: Factor { Factor(address: address, rowStride: strides.column, columnStride: strides.row) }
}

/// Where a product goes.
struct Target {
    let address: UnsafeMutableRawPointer
    let rowStride: Int
    let precision: Precision

    init(_ matrix: Matrix) {
        self.init(address: matrix.address, rowStride: matrix.rowStride, precision: matrix.precision)
    }

    init(address: UnsafeMutableRawPointer, rowStride: Int, precision: Precision) {
        self.address = address
        self.rowStride = rowStride
        self.precision = precision
    }
}

extension CPUEngine {
    /// Whether OpenBLAS multiplies.
    private static func isSmall(_ m: Int, _ n: Int, _ k: Int, _ operand: Precision) -> Bool {
        operand == .float32 && m * n * k <= SmallProduct.limit
    }

    /// `target[m, n] (+)= a[m, k] · b[k, n]` on the calling thread alone.
    /// - Parameter isSmall: of the whole, where this is a part of a product.
    func multiply(
        _ target: Target, _ a: Factor, _ b: Factor, m: Int, n: Int, k: Int, operand: Precision,
        bias: UnsafePointer<Float>? = nil, gelu: Bool = false, accumulate: Bool = false, isSmall: Bool? = nil
    ) {
        if isSmall ?? Self.isSmall(m, n, k, operand), bias == nil, !gelu {
            SmallProduct.multiply(target, a, b, m: m, n: n, k: k, accumulate: accumulate)
            return
        }
        let shape = ProductShape(
            m: m, n: n, k: k, aStrides: a.strides, bStrides: b.strides, cRowStride: target.rowStride, operand: operand,
            result: target.precision, hasBias: bias != nil, gelu: gelu, accumulate: accumulate)
        execute(products.product(shape), a: a.address, b: b.address, bias: bias, c: target.address)
    }

    func execute(
        _ product: Product, a: UnsafeRawPointer, b: UnsafeRawPointer, bias: UnsafePointer<Float>?,
        c: UnsafeMutableRawPointer
    ) {
        let scratch = product.scratchBytes > 0 ? pool.buffer(byteCount: product.scratchBytes) : nil
        product.execute(a: a, b: b, bias: bias, c: c, scratch: scratch?.bytes.baseAddress)
    }

    public func freeze(_ weight: Matrix, precision: Precision) -> any FrozenWeight {
        // Not from the pool, which would keep the memory of the plain form when that goes.
        let plain = Matrix(
            storage: AlignedBuffer(byteCount: weight.elementCount * precision.byteCount), rows: weight.rows,
            columns: weight.columns, precision: precision)
        convert(weight, to: plain)
        return CPUFrozenWeight(plain: plain, pool: pool)
    }

    public func linearForward(
        out: Matrix, x: Matrix, weight: LinearWeight, bias: Matrix?, activation: Activation, accumulate: Bool
    ) {
        precondition(!accumulate || (bias == nil && activation == .identity), "only a product can be added")
        precondition(
            x.columns == weight.inputs && out.columns == weight.outputs && out.rows == x.rows,
            "linear \(x.shape) by [\(weight.outputs), \(weight.inputs)] into \(out.shape)")
        team.forEachRange(x.rows, multiple: 64, minimum: 16) { range in
            // oneDNN rounds a float32 sum otherwise for a few rows than for many, where the target's rows lie apart.
            let isApart = accumulate && x.precision == .float32
            let part =
                isApart
                ? self.makeMatrix(rows: range.count, columns: out.columns, precision: .float32) : out.rows(range)
            self.linear(
                Target(part), Factor(x.rows(range)), rows: range.count, operand: x.precision, weight: weight,
                bias: bias, gelu: activation == .gelu, accumulate: accumulate && !isApart)
            if isApart { ut_rows_add(out.rows(range).native, part.native, range.count, out.columns) }
        }
    }

    /// `target = activation(a Wᵀ + b)` on the calling thread alone.
    func linear(
        _ target: Target, _ a: Factor, rows: Int, operand: Precision, weight: LinearWeight, bias: Matrix?, gelu: Bool,
        accumulate: Bool = false
    ) {
        switch weight {
        case .plain(let matrix):
            precondition(matrix.precision == operand, "operands are \(operand), the weight is \(matrix.precision)")
            multiply(
                target, a, Factor(matrix).transposed, m: rows, n: matrix.rows, k: matrix.columns, operand: operand,
                bias: bias.map { UnsafePointer($0.floats) }, gelu: gelu, accumulate: accumulate, isSmall: false)
        case .frozen(let frozen):
            let weight = own(frozen)
            precondition(weight.precision == operand, "operands are \(operand), the weight is \(weight.precision)")
            if prefersTiles(operand) {
                Tiles.multiply(
                    target, a, rows: rows, by: weight.panels(blocks: 1), bias: bias.map { UnsafePointer($0.floats) },
                    gelu: gelu, accumulate: accumulate)
                return
            }
            let shape = ProductShape(
                m: rows, n: weight.outputs, k: weight.inputs, aStrides: a.strides, bStrides: (0, 0),
                cRowStride: target.rowStride, operand: operand, result: target.precision, hasBias: bias != nil,
                gelu: gelu, accumulate: accumulate, packed: true)
            let product = products.product(shape)
            let packed = weight.packed(for: product)
            execute(
                product, a: a.address, b: packed.bytes.baseAddress!, bias: bias.map { UnsafePointer($0.floats) },
                c: target.address)
        }
    }

    public func linearBackwardInput(dx: Matrix, dOut: Matrix, weight: Matrix, accumulate: Bool) {
        precondition(
            dOut.columns == weight.rows && dx.columns == weight.columns && dx.rows == dOut.rows,
            "input gradient \(dx.shape) of \(dOut.shape) through \(weight.shape)")
        divide(dx.rows, weight.columns, weight.rows, operand: dOut.precision) { range, isSmall in
            self.multiply(
                Target(dx.rows(range)), Factor(dOut.rows(range)), Factor(weight), m: range.count, n: weight.columns,
                k: weight.rows, operand: dOut.precision, accumulate: accumulate, isSmall: isSmall)
        }
    }

    /// Divides the rows of a product among the threads.
    ///
    /// OpenBLAS rounds a row differently in blocks of different heights, on some processors, so a small product is divided
    /// into blocks of one height whatever the number of threads; oneDNN does not.
    private func divide(
        _ m: Int, _ n: Int, _ k: Int, operand: Precision, _ body: @Sendable (Range<Int>, _ isSmall: Bool) -> Void
    ) {
        guard Self.isSmall(m, n, k, operand) else {
            team.forEachRange(m, multiple: 64, minimum: 16) { body($0, false) }
            return
        }
        let height = 64
        team.forEach((m + height - 1) / height) { body($0 * height..<min(m, ($0 + 1) * height), true) }
    }

    public func linearBackwardWeight(dWeight: Matrix?, dBias: Matrix?, dOut: Matrix, x: Matrix) {
        precondition(
            dWeight == nil || (dWeight!.shape == [dOut.columns, x.columns] && dOut.rows == x.rows),
            "weight gradient \(dWeight!.shape) of \(dOut.shape) and \(x.shape)")
        if let dWeight {
            // Divided by outputs, so that each element is one sum over all rows whatever the number of threads.
            divide(dWeight.rows, x.columns, x.rows, operand: x.precision) { range, isSmall in
                self.multiply(
                    Target(dWeight.rows(range)), Factor(dOut.columns(range)).transposed, Factor(x), m: range.count,
                    n: x.columns, k: x.rows, operand: x.precision, accumulate: true, isSmall: isSmall)
            }
        }
        guard let dBias else { return }
        team.forEachRange(dOut.columns, multiple: 64, minimum: 64) { range in
            ut_rows_sum_columns(
                dBias.columns(range).floats, dOut.columns(range).native, dOut.rows, range.count)
        }
    }
}
