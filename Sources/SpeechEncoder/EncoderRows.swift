import Buffers
import Kernels

/// Rows on their way through the layers: the float32 residual, and the same rows again as operands of the next product.
///
/// In float32 both are one matrix.
public struct EncoderRows: Sendable {
    public let residual: Matrix
    public let operand: Matrix

    init(residual: Matrix, operand: Matrix) {
        self.residual = residual
        self.operand = operand
    }

    /// Undefined rows, to be written by a layer norm.
    init(rows: Int, columns: Int, operand precision: Precision, engine: any Engine) {
        residual = engine.makeMatrix(rows: rows, columns: columns, precision: .float32)
        operand =
            precision == .float32
            ? residual : engine.makeMatrix(rows: rows, columns: columns, precision: precision)
    }

    /// Rows from float32, converted where the operands are not.
    public init(_ rows: Matrix, operand precision: Precision, engine: any Engine) {
        residual = rows
        if precision == .float32 {
            operand = rows
        } else {
            operand = engine.makeMatrix(rows: rows.rows, columns: rows.columns, precision: precision)
            engine.convert(rows, to: operand)
        }
    }

    /// The operands, where a layer norm has to write them beside the residual.
    var separateOperand: Matrix? { operand.precision == .float32 ? nil : operand }
}
