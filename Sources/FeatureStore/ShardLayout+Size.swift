extension ShardLayout {
    /// Bytes of a shard's file, within a few kilobytes: rows in whole chunks, their scales where they have any, the index, and what HDF5
    /// keeps of its own.
    ///
    /// - Parameters:
    ///   - rows: of all its utterances.
    ///   - utterances: lines of the index.
    ///   - idBytes: of its longest id, to which all are padded.
    public func fileByteCount(rows: Int, utterances: Int, idBytes: Int) -> Int {
        func chunked(_ bytesPerRow: Int, _ chunkBytes: Int) -> Int {
            guard bytesPerRow > 0 else { return 0 }
            let rowsPerChunk = max(1, chunkBytes / bytesPerRow)
            return (rows + rowsPerChunk - 1) / rowsPerChunk * rowsPerChunk * bytesPerRow
        }
        let features = cuts.reduce(0) { bytes, cut in
            bytes + chunked(storage.valueByteCount * cut.hiddenSize, Self.chunkBytes)
                + chunked(storage.scaleByteCount, Self.scaleChunkBytes)
        }
        // Two texts, five numbers, and a checksum per cut.
        let entry = idBytes + 64 + 5 * 8 + 4 * cuts.count
        return features + utterances * entry + Self.structureBytes
    }

    /// Attributes, headers and the chunks' addresses.
    private static let structureBytes = 8192
}
