import Buffers
import Kernels

/// One trained tensor: master values, gradient and optimiser state in float32, and its copy as operands where those are not.
///
/// It may be a view of a larger matrix (Q, K and V are products of one weight), but has its own name, as the checkpoint has it.
public struct Parameter: Sendable {
    public enum Role: Sendable {
        case weight
        case bias
        /// What scales a weight or a gate.
        case gain
        /// γ of a norm.
        case norm
        /// β of a norm.
        case normBias
    }
    /// Hugging Face's name without the family's prefix, or the head's.
    public let name: String
    /// As in the checkpoint; the matrices are `[shape[0], …]`, or one row for vectors.
    public let shape: [Int]
    public let role: Role
    public let value: Matrix
    public let gradient: Matrix
    public let firstMoment: Matrix
    public let secondMoment: Matrix
    /// Written by the optimiser; nil where products read `value`.
    public let operand: Matrix?

    public var count: Int { value.elementCount }
}

/// The memory of a trained weight or vector, possibly shared by several parameters as blocks of its rows or columns.
public struct TrainedTensor: Sendable {
    public let value: Matrix
    public let gradient: Matrix
    private let firstMoment: Matrix
    private let secondMoment: Matrix
    private let operandCopy: Matrix?

    /// - Parameters:
    ///   - values: what the master values begin with, `[rows, columns]`, row by row.
    ///   - rows: the first dimension of a weight; 1 for a vector.
    ///   - columns: the product of the others, or the vector's length.
    ///   - precision: float32 when no product reads it, or when products read the master values.
    ///   - engine: where values, gradient and moments are put.
    public init(_ values: [Float], rows: Int, columns: Int, operand precision: Precision, engine: any Engine) {
        self.init(engine.makeMatrix(values, rows: rows, columns: columns), operand: precision, engine: engine)
    }

    /// - Parameter value: float32; becomes the master values.
    init(_ value: Matrix, operand precision: Precision, engine: any Engine) {
        self.value = value
        func zeros() -> Matrix {
            let matrix = engine.makeMatrix(rows: value.rows, columns: value.columns, precision: .float32)
            engine.clear(matrix)
            return matrix
        }
        gradient = zeros()
        firstMoment = zeros()
        secondMoment = zeros()
        if precision == .float32 {
            operandCopy = nil
        } else {
            let copy = engine.makeMatrix(rows: value.rows, columns: value.columns, precision: precision)
            engine.convert(value, to: copy)
            operandCopy = copy
        }
    }

    /// What products read.
    public var operand: Matrix { operandCopy ?? value }

    public func parameter(_ name: String, shape: [Int], role: Parameter.Role) -> Parameter {
        part(name, shape: shape, role: role) { $0 }
    }

    /// Block `index` of `count` equal blocks: of rows, or of columns when there is one row.
    func parameter(_ name: String, shape: [Int], role: Parameter.Role, block index: Int, of count: Int) -> Parameter {
        part(name, shape: shape, role: role) { matrix in
            if matrix.rows == 1 {
                let size = matrix.columns / count
                return matrix.columns(index * size..<(index + 1) * size)
            }
            let size = matrix.rows / count
            return matrix.rows(index * size..<(index + 1) * size)
        }
    }

    private func part(
        _ name: String, shape: [Int], role: Parameter.Role, _ view: (Matrix) -> Matrix
    ) -> Parameter {
        Parameter(
            name: name, shape: shape, role: role, value: view(value), gradient: view(gradient),
            firstMoment: view(firstMoment), secondMoment: view(secondMoment), operand: operandCopy.map(view))
    }
}
