import Buffers
import Kernels
import Testing

/// A piece of a batch draws the masks of its place in the whole: element by element, and for attention head by head.
@Suite struct DropoutPieceTests {
    private let engine = CPUEngine(threads: 2)
    private let lengths = [5, 40, 17]
    private static let columns = 24

    private func rows(_ count: Int, _ columns: Int) -> Matrix {
        var stream = RandomStream(seed: 1, "piece")
        return engine.makeMatrix((0..<count * columns).map { _ in stream.normal() }, rows: count, columns: columns)
    }

    private func dropout(_ firstRow: Int) -> Dropout { Dropout(probability: 0.3, key: 11, firstRow: firstRow) }

    @Test func rowsOfAPiece() throws {
        let x = rows(lengths.reduce(0, +), Self.columns)
        func dropped(_ part: Matrix, firstRow: Int) -> [Float] {
            let out = engine.makeMatrix(rows: part.rows, columns: part.columns, precision: .float32)
            engine.dropoutForward(out: out, x: part, dropout: dropout(firstRow))
            return engine.download(out)
        }
        let whole = dropped(x, firstRow: 0)
        #expect(dropped(x.rows(5..<45), firstRow: 5) == Array(whole[5 * Self.columns..<45 * Self.columns]))
        #expect(dropped(x.rows(5..<45), firstRow: 0) != Array(whole[5 * Self.columns..<45 * Self.columns]))
    }

    @Test func attentionOfAPiece() throws {
        let qkv = rows(lengths.reduce(0, +), 3 * Self.columns)
        func attended(_ part: Matrix, _ lengths: [Int], firstRow: Int) throws -> [Float] {
            let shape = AttentionShape(offsets: try PackedOffsets(lengths: lengths), heads: 3, width: 8)
            let out = engine.makeMatrix(rows: part.rows, columns: Self.columns, precision: .float32)
            engine.attentionForward(
                out: out, logSumExp: nil, qkv: part, shape: shape, positions: nil, dropout: dropout(firstRow))
            return engine.download(out)
        }
        let whole = try attended(qkv, lengths, firstRow: 0)
        let last = Array(whole[45 * Self.columns..<62 * Self.columns])
        #expect(try attended(qkv.rows(45..<62), [17], firstRow: 45) == last)
        #expect(try attended(qkv.rows(45..<62), [17], firstRow: 44) != last)
    }
}
