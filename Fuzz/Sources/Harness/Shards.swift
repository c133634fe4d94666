import FeatureStore

/// Reads every row of a shard that opened, through each way of reading it.
public func readEverything(_ shard: ShardReader) {
    precondition(shard.layout.shardCount > 0)
    precondition(shard.entries.reduce(0) { $0 + $1.frameCount } == shard.rowCount)
    _ = accepted { () throws(StoreError) in try shard.verify() }
    for (row, entry) in shard.entries.enumerated() {
        precondition(shard.index(of: entry.id) == row)
        for cut in shard.layout.cuts {
            let values = accepted { () throws(StoreError) in try shard.readFloats(cut: cut.name, utterance: row) }
            precondition(values == nil || values!.count == entry.frameCount * cut.hiddenSize)
        }
    }
}
