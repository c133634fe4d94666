import Faults

/// The scale that one dimension was rated on, such as 1…7 in MSP-Podcast or 0…1.
public struct LabelScale: Sendable, Hashable, Codable {
    public let minimum: Double
    public let maximum: Double

    /// - Returns: nil unless both ends are finite and `minimum < maximum`.
    public init?(minimum: Double, maximum: Double) {
        guard minimum.isFinite, maximum.isFinite, minimum < maximum, (maximum - minimum).isFinite else { return nil }
        self.minimum = minimum
        self.maximum = maximum
    }

    private enum CodingKeys: CodingKey { case minimum, maximum }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let minimum = try container.decode(Double.self, forKey: .minimum)
        let maximum = try container.decode(Double.self, forKey: .maximum)
        guard let scale = LabelScale(minimum: minimum, maximum: maximum) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "scale \(minimum)…\(maximum): expected two numbers, minimum below maximum"))
        }
        self = scale
    }

    /// From the label's own scale to 0…1: `(x − minimum) / (maximum − minimum)`.
    public func normalised(_ x: Double) -> Double { (x - minimum) / (maximum - minimum) }

    /// From 0…1 back to the label's own scale; the inverse of `normalised`, up to rounding.
    public func restored(_ y: Double) -> Double { minimum + y * (maximum - minimum) }

    public func contains(_ x: Double) -> Bool { x >= minimum && x <= maximum }
}

extension CorpusManifest {
    /// Checks that every label of these columns lies on its scale.
    /// - Throws: `ManifestError.invalid`, a line per label outside, cell that is no number, or column that does not
    ///   exist.
    public func validateLabels(_ scales: [String: LabelScale]) throws(ManifestError) {
        let names = columns.filter { scales[$0] != nil } + scales.keys.filter { !columns.contains($0) }.sorted()
        try validateLabels(names)
        var problems: [ManifestError.Problem] = []
        for utterance in utterances {
            for name in names {
                guard let scale = scales[name], let value = utterance.label(name), !scale.contains(value) else {
                    continue
                }
                let cell = printable(utterance.cells[name] ?? "")
                let expected = "expected \(plain(scale.minimum)) to \(plain(scale.maximum)), the scale given for it"
                problems.append(
                    .init(line: utterance.line, message: "\(name) of '\(utterance.id)' is \(cell); \(expected)"))
            }
        }
        try CorpusManifest.throwIfAny(problems, path)
    }
}

/// `7` rather than `7.0`.
package func plain(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
}
