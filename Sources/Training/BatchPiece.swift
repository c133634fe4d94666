import Buffers

/// Consecutive utterances of a batch that go through the encoder together.
public struct BatchPiece: Sendable, Equatable {
    /// Of the batch.
    public let utterances: Range<Int>
    /// Of the piece's own rows.
    public let offsets: PackedOffsets
    /// Rows of the batch before the piece.
    public let firstRow: Int

    /// A whole batch.
    public init(whole offsets: PackedOffsets) {
        utterances = 0..<offsets.utteranceCount
        self.offsets = offsets
        firstRow = 0
    }

    private init(_ utterances: Range<Int>, lengths: [Int], firstRow: Int) {
        self.utterances = utterances
        self.firstRow = firstRow
        guard let offsets = try? PackedOffsets(lengths: Array(lengths[utterances])) else {
            preconditionFailure("an utterance without frames in a batch")
        }
        self.offsets = offsets
    }

    /// Cuts a batch so that each piece takes as many utterances, in the batch's order, as `fits` allows.
    /// - Parameters:
    ///   - lengths: frames of each utterance, at least 1.
    ///   - fits: of the lengths of a piece; what fits still fits without one of its utterances.
    /// - Returns: nil where an utterance does not fit by itself.
    static func cut(_ lengths: [Int], fits: (ArraySlice<Int>) -> Bool) -> [BatchPiece]? {
        var pieces: [BatchPiece] = [], first = 0, firstRow = 0
        while first < lengths.count {
            // The most that fits lies from `most` to below `tooMany`.
            var most = 0, tooMany = lengths.count - first + 1
            while tooMany - most > 1 {
                let count = most == 0 && tooMany == lengths.count - first + 1 ? tooMany - 1 : (most + tooMany) / 2
                if fits(lengths[first..<first + count]) { most = count } else { tooMany = count }
            }
            guard most > 0 else { return nil }
            let piece = BatchPiece(first..<first + most, lengths: lengths, firstRow: firstRow)
            pieces.append(piece)
            first += most
            firstRow += piece.offsets.rowCount
        }
        return pieces
    }
}
