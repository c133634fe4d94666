import Buffers
import Kernels

/// Rows on their way through the layers: the float32 residual, and the same rows again as operands of the next product.
///
/// In float32 both are one matrix. Between pre-norm layers there are no operands: what products read there comes out of a norm.
public struct EncoderRows: Sendable {
    public let residual: Matrix
    let operand: Matrix?

    init(residual: Matrix, operand: Matrix?) {
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
    init(_ rows: Matrix, operand precision: Precision, engine: any Engine) {
        residual = rows
        if precision == .float32 {
            operand = rows
        } else {
            let copy = engine.makeMatrix(rows: rows.rows, columns: rows.columns, precision: precision)
            engine.convert(rows, to: copy)
            operand = copy
        }
    }

    /// What a product reads.
    var operands: Matrix {
        guard let operand else { preconditionFailure("rows without operands were handed to a product") }
        return operand
    }

    /// The operands, where a layer norm has to write them beside the residual.
    var separateOperand: Matrix? { operand?.precision == .float32 ? nil : operand }
}
