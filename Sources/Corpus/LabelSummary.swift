/// The labels of one dimension, in their own scale. Moments are the population's, as everywhere in this project.
public struct LabelSummary: Sendable, Equatable, Codable {
    public var name: String
    /// How many utterances are labelled.
    public var count: Int
    public var mean: Double?
    public var standardDeviation: Double?
    public var minimum: Double?
    public var maximum: Double?

    public init(name: String, values: [Double]) {
        self.name = name
        count = values.count
        guard !values.isEmpty else { return }
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        self.mean = mean
        standardDeviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
        minimum = values.min()
        maximum = values.max()
    }
}
