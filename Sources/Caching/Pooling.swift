extension HiddenStates {
    /// Means of `count` neighbouring frames, in float32: row `i` is that of frames `i · count ..< (i + 1) · count`, the
    /// last row that of the frames that are left.
    ///
    /// - Parameter count: 1 gives the frames as they are.
    public func pooled(by count: Int) -> HiddenStates {
        precondition(count > 0, "a row is made of at least one frame")
        guard count > 1, rows > 0 else { return self }
        let pooledRows = (rows - 1) / count + 1
        let pooled = [Float](unsafeUninitializedCapacity: pooledRows * columns) { out, initialised in
            out.initialize(repeating: 0)
            values.withUnsafeBufferPointer { frames in
                for row in 0..<pooledRows {
                    let first = row * count
                    let members = first..<min(rows, first + count)
                    for frame in members {
                        for column in 0..<columns {
                            out[row * columns + column] += frames[frame * columns + column]
                        }
                    }
                    for column in 0..<columns { out[row * columns + column] /= Float(members.count) }
                }
            }
            initialised = pooledRows * columns
        }
        return HiddenStates(rows: pooledRows, columns: columns, values: pooled)
    }
}
