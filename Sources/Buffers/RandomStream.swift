/// A counter-based random generator: the n-th number depends on the key and on n alone, so a stream can be named, skipped in
/// and resumed by writing down two integers.
///
/// SplitMix64 (Steele, Lea and Flood 2014) over `key + n·γ`.
public struct RandomStream: RandomNumberGenerator, Sendable, Equatable {
    public let key: UInt64
    public var position: UInt64

    public init(key: UInt64, position: UInt64 = 0) {
        self.key = key
        self.position = position
    }

    /// A stream of its own for every list of names: `RandomStream(seed: 7, "shuffle", 3)`.
    public init(seed: UInt64, _ purpose: String, _ indices: UInt64...) {
        var hash = Self.mix(seed ^ 0x6a09_e667_f3bc_c908)
        for byte in purpose.utf8 { hash = Self.mix(hash ^ UInt64(byte)) }
        for index in indices { hash = Self.mix(hash &+ Self.mix(index &+ 1)) }
        self.init(key: hash)
    }

    public mutating func next() -> UInt64 {
        position &+= 1
        return Self.mix(key &+ position &* 0x9e37_79b9_7f4a_7c15)
    }

    /// Uniform in [0, 1), 24 bits.
    public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Standard normal, by Box and Muller's method.
    public mutating func normal() -> Float {
        let radius = (-2 * Double.log(1 - Double(next() >> 11) * 0x1p-53)).squareRoot()
        return Float(radius * Double.cos(2 * .pi * Double(next() >> 11) * 0x1p-53))
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

#if canImport(Glibc)
    import Glibc
#endif

extension Double {
    fileprivate static func log(_ x: Double) -> Double { Glibc.log(x) }
    fileprivate static func cos(_ x: Double) -> Double { Glibc.cos(x) }
}
