import Foundation

/// A stage's profile against the machine's limits, for people and for programs.
struct ProfileReport: Encodable {
    var stage: String
    var precision: String
    var audioSecondsPerSecond: [Double]
    var gigaflopPerAudioSecond: Double
    /// Of products, the best measured before and after each run: a neighbour who comes and goes disturbs both alike.
    var productsPerSecond: Double
    var copyBytesPerSecond: Double
    /// Of the stage as a whole: its products, over all of its time.
    var shareOfRoofline: Double
    /// Largest first; less than a thousandth of the time is left out.
    var operations: [Operation]

    struct Operation: Encodable {
        var name: String
        /// Of all threads' time.
        var shareOfTime: Double
        var millisecondsPerAudioSecond: Double
        /// `products` or `memory`; nil for what is limited by neither.
        var limit: String?
        var shareOfLimit: Double?

        enum CodingKeys: String, CodingKey {
            case name, limit
            case shareOfTime = "share_of_time"
            case millisecondsPerAudioSecond = "milliseconds_per_audio_second"
            case shareOfLimit = "share_of_limit"
        }
    }

    enum CodingKeys: String, CodingKey {
        case stage, precision, operations
        case audioSecondsPerSecond = "audio_seconds_per_second"
        case gigaflopPerAudioSecond = "gigaflop_per_audio_second"
        case productsPerSecond = "products_per_second"
        case copyBytesPerSecond = "copy_bytes_per_second"
        case shareOfRoofline = "share_of_roofline"
    }

    /// - Parameter outcomes: of several runs, of which the fastest is told in full.
    init(
        stage: String, precision: String, outcomes: [StageOneProfile.Outcome], productsPerSecond: Double,
        copyBytesPerSecond: Double
    ) {
        let best = outcomes.min { $0.elapsedSeconds < $1.elapsedSeconds }!
        let busy = best.times.values.reduce(0) { $0 + $1.seconds }
        let all = best.times.values.reduce(0) { $0 + $1.operations }
        self.stage = stage
        self.precision = precision
        self.productsPerSecond = productsPerSecond
        self.copyBytesPerSecond = copyBytesPerSecond
        audioSecondsPerSecond = outcomes.map { $0.audioSeconds / $0.elapsedSeconds }
        gigaflopPerAudioSecond = all / best.audioSeconds / 1e9
        shareOfRoofline = all / best.elapsedSeconds / productsPerSecond
        operations =
            best.times.filter { $0.value.seconds > 0.001 * busy }.sorted { $0.value.seconds > $1.value.seconds }
            .map { name, entry in
                // The share of the clock's time that it had of all threads' time, so that limits of all threads hold.
                let wall = entry.seconds / busy * best.elapsedSeconds
                var operation = Operation(
                    name: name, shareOfTime: entry.seconds / busy,
                    millisecondsPerAudioSecond: 1e3 * entry.seconds / best.audioSeconds)
                if entry.operations > 0 {
                    (operation.limit, operation.shareOfLimit) = (
                        "products", entry.operations / wall / productsPerSecond
                    )
                } else if entry.bytes > 0 {
                    (operation.limit, operation.shareOfLimit) = ("memory", entry.bytes / wall / copyBytesPerSecond)
                }
                return operation
            }
    }

    var text: String {
        let best = audioSecondsPerSecond.max() ?? 0
        var lines = [
            "\(stage), \(precision): \(number(best)) audio s/s; \(number(gigaflopPerAudioSecond)) GFLOP per audio second; "
                + "\(number(100 * shareOfRoofline)) % of \(number(productsPerSecond / 1e9)) GFLOP/s"
        ]
        for operation in operations {
            let own = operation.shareOfLimit.map { "\(number(100 * $0)) % of \(operation.limit!)" } ?? ""
            lines.append(
                "  \(filled(operation.name, 34)) \(padded(number(100 * operation.shareOfTime), 6)) % \(padded(own, 19))"
                    + " \(padded(number(operation.millisecondsPerAudioSecond), 9)) ms per audio s")
        }
        return lines.joined(separator: "\n")
    }

    private func number(_ value: Double) -> String { String(format: value < 100 ? "%.1f" : "%.0f", value) }
}
