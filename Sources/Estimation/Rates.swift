import Files
import Foundation

/// How fast a machine does the kinds of work that a pipeline is made of. Measured by `Calibration`, or read from what an estimate on
/// another machine printed.
public struct Rates: Sendable, Equatable, Codable {
    public var processor: String
    public var threads: Int
    /// Of the model that was measured with.
    public var model: String
    /// Of stage one before it computes anything: opening and hashing the checkpoint, in seconds a process.
    public var openSeconds: Double
    /// Of loading the frozen layers.
    public var loadSeconds: Double
    /// Operations per second on all threads, by the precision of the products: the frozen layers, a training step without its
    /// optimiser, and predictions.
    public var stageOne: [String: Double]
    public var training: [String: Double]
    public var scoring: [String: Double]
    /// Parameters per second.
    public var optimiser: Double
    /// Seconds of recordings per second, on all threads.
    public var decoding: Double
    /// Bytes per second, written and flushed.
    public var writing: Double

    public init(
        processor: String, threads: Int, model: String, openSeconds: Double, loadSeconds: Double,
        stageOne: [String: Double], training: [String: Double], scoring: [String: Double], optimiser: Double,
        decoding: Double, writing: Double
    ) {
        self.processor = processor
        self.threads = threads
        self.model = model
        self.openSeconds = openSeconds
        self.loadSeconds = loadSeconds
        self.stageOne = stageOne
        self.training = training
        self.scoring = scoring
        self.optimiser = optimiser
        self.decoding = decoding
        self.writing = writing
    }

    enum CodingKeys: String, CodingKey {
        case processor, threads, model, training, scoring, optimiser, decoding, writing
        case openSeconds = "open_seconds"
        case loadSeconds = "load_seconds"
        case stageOne = "stage_one"
    }

    /// From the JSON that `undertone plan --estimate --json` prints, or its part `rates`.
    ///
    /// - Throws: `EstimateError.rates` naming the file and the key.
    public init(path: String) throws(EstimateError) {
        struct Printed: Decodable { var rates: Rates }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .noRates(path: path)
        }
        do {
            let isWhole =
                (try? JSONSerialization.jsonObject(with: bytes) as? [String: Any])?.keys.contains("rates") ?? false
            self =
                isWhole
                ? try JSONDecoder().decode(Printed.self, from: bytes).rates
                : try JSONDecoder().decode(Rates.self, from: bytes)
        } catch {
            let mistake = JSONMistake(error)
            let colon = mistake.problem.hasPrefix("is ") ? "" : ":"
            throw .rates(
                path: path,
                problem: (mistake.key.map { "key '\($0)'\(colon) \(mistake.problem)" } ?? mistake.problem)
                    + "; expected what undertone plan --estimate --json prints")
        }
        let numbers =
            [("optimiser", optimiser), ("decoding", decoding), ("writing", writing)]
            + [("stage_one", stageOne), ("training", training), ("scoring", scoring)].flatMap { name, rates in
                rates.map { ("\(name).\($0.key)", $0.value) }
            }
        for (key, value) in numbers where !(value > 0 && value.isFinite) {
            throw .rates(path: path, problem: "key '\(key)': expected a rate above 0, found \(value)")
        }
        for (key, value) in [("open_seconds", openSeconds), ("load_seconds", loadSeconds)]
        where !(value >= 0 && value.isFinite) {
            throw .rates(path: path, problem: "key '\(key)': expected seconds, 0 or more, found \(value)")
        }
    }

    /// A rate in one precision; where only the other was measured, by twice as much or half.
    static func rate(_ rates: [String: Double], _ precision: String) -> Double {
        if let rate = rates[precision] { return rate }
        if precision == "float32", let other = rates["bfloat16"] { return other / 2 }
        return rates["float32"].map { 2 * $0 } ?? .nan
    }
}
