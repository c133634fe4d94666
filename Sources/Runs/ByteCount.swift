/// An amount of memory as people write it: `2GB`, `512MB`, `1.5 GiB`.
public struct ByteCount: Sendable, Equatable, CustomStringConvertible {
    public let bytes: Int

    public init(_ bytes: Int) { self.bytes = bytes }

    private static let units: [(name: String, bytes: Double)] = [
        ("GiB", 0x1p30), ("MiB", 0x1p20), ("KiB", 0x1p10), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1),
    ]

    /// - Returns: nil for what is not a positive number followed by a unit.
    public init?(_ text: String) {
        let lowered = text.lowercased()
        guard let unit = Self.units.first(where: { lowered.hasSuffix($0.name.lowercased()) }) else { return nil }
        let number = lowered.dropLast(unit.name.count).trimming(while: \.isWhitespace)
        guard let value = Double(number), value > 0, value * unit.bytes < 0x1p62 else { return nil }
        bytes = Int((value * unit.bytes).rounded())
    }

    /// Exact, in the largest unit that gives a whole number; reads back equal.
    public var description: String {
        for unit in Self.units where unit.name.count < 3 && bytes.isMultiple(of: Int(unit.bytes)) {
            return "\(bytes / Int(unit.bytes))\(unit.name)"
        }
        return "\(bytes)B"
    }

    /// The least whole number of megabytes that is as much or more: for advice.
    public var roundedUp: ByteCount { ByteCount((bytes + 999_999) / 1_000_000 * 1_000_000) }
}

extension Substring {
    fileprivate func trimming(while isTrimmed: (Character) -> Bool) -> Substring {
        var text = self
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return text
    }
}
