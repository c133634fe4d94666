/// Where each utterance of a packed batch begins: utterance `b` owns rows `self[b] ..< self[b + 1]`.
///
/// `[B + 1]` values, the first 0, the last `N`, strictly increasing: no utterance is empty and none is padded.
public struct PackedOffsets: Sendable, Equatable {
    public let values: [Int]

    /// - Parameter lengths: rows of each utterance.
    /// - Throws: `PackingError.emptyUtterance` at the first length below 1.
    public init(lengths: [Int]) throws(PackingError) {
        var values = [0]
        values.reserveCapacity(lengths.count + 1)
        for (index, length) in lengths.enumerated() {
            guard length > 0 else { throw .emptyUtterance(index: index, rows: length) }
            values.append(values[index] + length)
        }
        self.values = values
    }

    /// One utterance of `rows` rows.
    public init(single rows: Int) {
        precondition(rows > 0, "an utterance has at least one row")
        values = [0, rows]
    }

    /// `B`.
    public var utteranceCount: Int { values.count - 1 }
    /// `N`.
    public var rowCount: Int { values[values.count - 1] }
    public subscript(utterance: Int) -> Range<Int> { values[utterance]..<values[utterance + 1] }
}

public enum PackingError: Error, Equatable, CustomStringConvertible {
    case emptyUtterance(index: Int, rows: Int)

    public var description: String {
        switch self {
        case .emptyUtterance(let index, let rows):
            "utterance \(index) of the batch has \(rows) rows; every utterance of a packed batch has at least one"
        }
    }
}
