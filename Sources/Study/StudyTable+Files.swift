import Files
import Foundation

extension StudyTable {
    /// All that the table is made from and of, for programs; keys in snake case.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// A line per set-up; what is not there is empty, and shares are of 1.
    public var csv: String {
        var columns = [
            "set_up", "trained", "compute", "cache_store", "cache_pool", "cache_cut", "trainable_parameters",
            "fewer_parameters", "fewer_parameters_published", "training_seconds_per_epoch",
            "training_seconds_per_epoch_least", "training_seconds_per_epoch_most", "evaluating_seconds_per_epoch",
            "less_time", "less_time_published", "speed_up", "epochs", "epochs_to_best", "seconds_to_best",
            "seconds_per_run", "cache_seconds", "seconds_of_first_run", "seconds_per_run_amortised",
            "speed_up_amortised", "peak_memory_bytes", "cache_bytes", "break_even_epochs", "break_even_runs",
        ]
        for dimension in dimensions {
            columns += ["mean", "sd", "low", "high", "difference", "difference_low", "difference_high", "significant"]
                .map { "ccc_\(dimension)_\($0)" }
        }
        return CommaSeparated.row(columns) + rows.map { CommaSeparated.row(cells($0)) }.joined()
    }

    private func cells(_ row: StudyRow) -> [String] {
        let spread = row.trainingSecondsPerEpoch, payment = payments.first { $0.setUp == row.setUp }
        let numbers: [Double?] = [
            Double(row.trainableParameters), row.fewerParameters, row.published(.parameters)?.reduction, spread.median,
            spread.least, spread.most, row.evaluatingSecondsPerEpoch.median, row.lessTime,
            row.published(.time)?.reduction, row.speedUp, row.epochsPerRun, row.epochsToBest, row.secondsToBest,
            row.secondsPerRun, row.cache?.seconds, row.secondsOfFirstRun, row.secondsPerRunAmortised,
            row.speedUpAmortised, Double(row.peakMemoryBytes), row.cache.map { Double($0.bytes) },
            payment?.epochs.map(Double.init), payment?.runs.map(Double.init),
        ]
        let setUp = row.setUp
        let names = [
            setUp.name, setUp.trained, setUp.compute, setUp.store ?? "", setUp.isCached ? "\(setUp.pool)" : "",
            row.cache?.cut ?? "",
        ]
        return names + numbers.map(Self.text) + row.scores.flatMap(Self.cells)
    }

    private static func cells(_ score: StudyRow.Score) -> [String] {
        let difference = score.difference
        let numbers: [Double?] = [
            score.mean, score.deviation, score.low, score.high, difference?.value, difference?.low, difference?.high,
        ]
        return numbers.map(text) + [difference.map { "\($0.isSignificant)" } ?? ""]
    }

    /// Counts whole, measures to six digits.
    private static func text(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(format: "%.6g", value)
    }
}
