import Foundation

/// How large a gradient's norm was in the steps of an epoch: counts in bins that are even in the logarithm.
///
/// Bin `k` holds norms from `10^(k/16)` to below `10^((k+1)/16)`, so that an epoch of any length takes a few numbers, and an
/// interrupted one goes on counting where it stopped.
public struct NormHistogram: Sendable, Equatable {
    public static let binsPerDecade = 16.0

    public private(set) var minimum: Double
    public private(set) var maximum: Double
    public private(set) var sum: Double
    public private(set) var sumOfSquares: Double
    /// Norms of exactly nothing, which no logarithmic bin holds: those of a layer that was dropped, for one.
    public private(set) var zeroCount = 0
    /// The bin of the first of `counts`.
    public private(set) var firstBin = 0
    public private(set) var counts: [Int] = []

    /// - Parameter norm: finite, 0 or more.
    public init(_ norm: Double) {
        (minimum, maximum, sum, sumOfSquares) = (norm, norm, norm, norm * norm)
        count(norm)
    }

    /// - Parameter norm: finite, 0 or more.
    public mutating func add(_ norm: Double) {
        minimum = min(minimum, norm)
        maximum = max(maximum, norm)
        sum += norm
        sumOfSquares += norm * norm
        count(norm)
    }

    /// All norms that were counted.
    public var count: Int { zeroCount + counts.reduce(0, +) }

    private mutating func count(_ norm: Double) {
        precondition(norm.isFinite && norm >= 0, "a norm of \(norm)")
        guard norm > 0 else {
            zeroCount += 1
            return
        }
        let bin = Int((log10(norm) * Self.binsPerDecade).rounded(.down))
        if counts.isEmpty { firstBin = bin }
        if bin < firstBin {
            counts.insert(contentsOf: repeatElement(0, count: firstBin - bin), at: 0)
            firstBin = bin
        }
        if bin >= firstBin + counts.count {
            counts.append(contentsOf: repeatElement(0, count: bin - firstBin - counts.count + 1))
        }
        counts[bin - firstBin] += 1
    }
}

extension NormHistogram: Codable {
    enum CodingKeys: String, CodingKey {
        case counts, sum
        case minimum = "min"
        case maximum = "max"
        case sumOfSquares = "sum_of_squares"
        case zeroCount = "zeros"
        case firstBin = "first_bin"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        minimum = try values.decode(Double.self, forKey: .minimum)
        maximum = try values.decode(Double.self, forKey: .maximum)
        sum = try values.decode(Double.self, forKey: .sum)
        sumOfSquares = try values.decode(Double.self, forKey: .sumOfSquares)
        zeroCount = try values.decode(Int.self, forKey: .zeroCount)
        firstBin = try values.decode(Int.self, forKey: .firstBin)
        counts = try values.decode([Int].self, forKey: .counts)
        // No double has a logarithm, and no run a number of steps, beyond these: counting on cannot overflow.
        let isSound =
            (-10_000...10_000).contains(firstBin) && (counts + [zeroCount]).allSatisfy { (0...1 << 40).contains($0) }
        guard isSound, counts.count < 10_000 else {
            throw DecodingError.dataCorruptedError(
                forKey: .counts, in: values, debugDescription: "expected how many norms lie in each bin")
        }
    }
}
