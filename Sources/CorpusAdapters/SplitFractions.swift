import Corpus
import Crypto
import Files

/// Splits made by shares of the utterances, with each speaker in one split only.
public struct SplitFractions: Sendable, Equatable {
    /// Above 0, 1 together.
    public let shares: [(split: Split, share: Double)]

    /// `train=0.7,development=0.15,test=0.15`
    /// - Returns: nil unless at least two different splits are named with shares above 0 that make 1 together.
    public init?(_ text: String) {
        var shares: [(split: Split, share: Double)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2, let split = Split(sides[0]), let share = finiteNumber(sides[1]), share > 0,
                !shares.contains(where: { $0.split == split })
            else { return nil }
            shares.append((split, share))
        }
        guard shares.count > 1, abs(shares.reduce(0) { $0 + $1.share } - 1) < 1e-6 else { return nil }
        self.shares = shares
    }

    public static func == (a: SplitFractions, b: SplitFractions) -> Bool {
        a.shares.elementsEqual(b.shares) { $0.split == $1.split && $0.share == $1.share }
    }

    /// Gives every row a split.
    ///
    /// Speakers are taken in the order of a hash of seed and name, each into the split that is least filled for its share: so it
    /// depends neither on the order of the rows nor on the machine, and where there are as many speakers as splits, none is
    /// empty. Where nobody knows who speaks, a file takes a speaker's place.
    /// - Throws: `AdapterError.usage` if there are fewer speakers than splits.
    func assign(_ rows: inout [DraftRow], seed: UInt64) throws(AdapterError) {
        func group(_ row: DraftRow) -> String { row.speaker.map { "speaker \($0)" } ?? "file \(row.span.path)" }
        var sizes: [String: Int] = [:]
        for row in rows { sizes[group(row), default: 0] += 1 }
        guard sizes.count >= shares.count else {
            throw .usage(
                "--fractions: \(shares.count) splits for \(sizes.count) speaker\(sizes.count == 1 ? "" : "s"), each of whom "
                    + "goes into one; expected as many speakers at least")
        }
        let ranked = sizes.keys.map { name in
            (rank: SHA256.hash(data: Array("\(seed)\n\(name)".utf8)).hexadecimal, name: name)
        }.sorted { $0.rank < $1.rank }
        var counts = [Int](repeating: 0, count: shares.count)
        var splits: [String: Split] = [:]
        for (_, name) in ranked {
            let choice = shares.indices.min {
                (Double(counts[$0]) / shares[$0].share, -shares[$0].share)
                    < (Double(counts[$1]) / shares[$1].share, -shares[$1].share)
            }!
            counts[choice] += sizes[name]!
            splits[name] = shares[choice].split
        }
        for index in rows.indices { rows[index].split = splits[group(rows[index])]! }
    }
}
