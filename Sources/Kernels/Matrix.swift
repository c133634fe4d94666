import Buffers

/// Where an engine keeps a matrix: host memory for the CPU engine, something else for its siblings.
public protocol MatrixStorage: AnyObject, Sendable {}

extension AlignedBuffer: MatrixStorage {}

/// `[rows, columns]` elements in an engine's memory: a handle, not a value. Copies of the handle share the elements.
///
/// A matrix may be a view of part of another: whole rows (`rows(_:)`), or a range of columns of every row (`columns(_:)`).
/// Elements are only reached through an `Engine`.
public struct Matrix: Sendable {
    public let storage: any MatrixStorage
    public let rows: Int
    public let columns: Int
    public let precision: Precision
    /// Elements from the start of one row to the next.
    public let rowStride: Int
    /// Elements before row 0.
    public let offset: Int

    public init(storage: any MatrixStorage, rows: Int, columns: Int, precision: Precision) {
        self.init(
            storage: storage, rows: rows, columns: columns, precision: precision, rowStride: columns, offset: 0)
    }

    private init(
        storage: any MatrixStorage, rows: Int, columns: Int, precision: Precision, rowStride: Int, offset: Int
    ) {
        self.storage = storage
        self.rows = rows
        self.columns = columns
        self.precision = precision
        self.rowStride = rowStride
        self.offset = offset
    }

    public func rows(_ range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of a matrix of \(rows) rows")
        return Matrix(
            storage: storage, rows: range.count, columns: columns, precision: precision, rowStride: rowStride,
            offset: offset + range.lowerBound * rowStride)
    }

    public func columns(_ range: Range<Int>) -> Matrix {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of a matrix of \(columns) columns")
        return Matrix(
            storage: storage, rows: rows, columns: range.count, precision: precision, rowStride: rowStride,
            offset: offset + range.lowerBound)
    }

    /// The same elements in rows of another width; only of a matrix whose rows lie end to end.
    public func reshaped(columns: Int) -> Matrix {
        precondition(
            isContiguous && elementCount % columns == 0, "\(elementCount) elements in rows of \(columns)")
        return Matrix(
            storage: storage, rows: elementCount / columns, columns: columns, precision: precision,
            rowStride: columns, offset: offset)
    }

    public var elementCount: Int { rows * columns }
    public var isContiguous: Bool { rowStride == columns || rows == 1 }
    public var shape: [Int] { [rows, columns] }
}
