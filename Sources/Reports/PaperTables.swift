import Study

/// A study's numbers as a reader sees them, on a terminal and on the page alike.
public struct PaperTables: Sendable {
    public struct Cell: Sendable, Equatable {
        public var text: String
        /// Said more softly: a spread, an interval.
        public var detail: String?

        init(_ text: String, _ detail: String? = nil) {
            self.text = text
            self.detail = detail
        }
    }

    public struct Row: Sendable, Equatable {
        public var name: String
        public var cells: [Cell]
    }

    public struct Section: Sendable, Equatable {
        public var id: String
        public var title: String
        public var note: String
        /// The first is of the rows' names.
        public var headers: [String]
        public var rows: [Row]
    }

    /// In the order of reading; one that would be empty is not there.
    public let sections: [Section]

    public init(_ table: StudyTable) {
        sections = [
            Self.published(table), Self.cost(table), Self.whole(table), Self.scores(table), Self.payments(table),
        ].filter { !$0.rows.isEmpty }
    }

    // MARK: Beside the paper

    private static func published(_ table: StudyTable) -> Section {
        let rows = table.publishedAndMeasured.map { setUp, figure, measured in
            Row(
                name: "\(setUp.title): \(figure.quantity.title)",
                cells: [
                    Cell(percent(figure.reduction)), Cell(percent(measured)),
                    Cell(figure.transfers ? "transfers: a count" : "a GPU's figure"),
                ])
        }
        let baseline = table.rows.first?.setUp.compute ?? "float32"
        return Section(
            id: "published", title: "Beside the paper",
            note:
                "Against full finetuning in \(baseline). "
                + (baseline == "float32"
                    ? "The paper's times were measured on a GPU and hold there; what holds on this processor is what is measured on it. "
                    : "The paper's times are against float32, and are not shown beside others. ")
                + "A count of parameters is the same anywhere, and differs only by the model, its heads and what full finetuning "
                + "is taken to train.",
            headers: ["", "paper", "measured", "transfers"], rows: rows)
    }

    // MARK: An epoch

    private static func cost(_ table: StudyTable) -> Section {
        let rows = table.rows.map { row in
            let spread = row.trainingSecondsPerEpoch
            return Row(
                name: row.setUp.title,
                cells: [
                    Cell(Format.millions(row.trainableParameters)), Cell(percent(row.fewerParameters)),
                    published(row, .parameters), Cell(seconds(spread.median), range(spread.least, spread.most)),
                    Cell(seconds(row.evaluatingSecondsPerEpoch.median)), Cell(percent(row.lessTime)),
                    published(row, .time), Cell(times(row.speedUp)), Cell(Format.bytes(row.peakMemoryBytes)),
                ])
        }
        return Section(
            id: "epoch", title: "An epoch",
            note:
                "Training on every batch once, frozen layers included: median, least to most, in seconds; scoring the development "
                + "split apart. Reductions are against the first row. Memory is the peak of the set-up's own process.",
            headers: [
                "set-up", "trained", "fewer", "paper", "s per epoch", "scoring", "less time", "paper", "speed-up",
                "memory",
            ], rows: rows)
    }

    // MARK: A run

    private static func whole(_ table: StudyTable) -> Section {
        let rows = table.rows.map { row in
            Row(
                name: row.setUp.title,
                cells: [
                    Cell("\(decimal(row.epochsToBest)) of \(decimal(row.epochsPerRun))"),
                    Cell(seconds(row.secondsToBest)),
                    Cell(seconds(row.secondsPerRun)), Cell(row.cache.map { seconds($0.seconds) } ?? "–"),
                    Cell(seconds(row.secondsOfFirstRun)), Cell(seconds(row.secondsPerRunAmortised)),
                    Cell(times(row.speedUpAmortised)), Cell(row.cache.map { Format.bytes($0.bytes) } ?? "–"),
                ])
        }
        return Section(
            id: "run", title: "A run",
            note:
                "In seconds: to the end of the best epoch, of all epochs, of making the cache, of a first run that makes it, and of each "
                + "of \(table.amortisedOver) runs that share it. The speed-up is of the last.",
            headers: [
                "set-up", "best epoch", "to it", "run", "cache", "first run", "one of \(table.amortisedOver)",
                "speed-up",
                "on disk",
            ], rows: rows)
    }

    // MARK: Scores

    private static func scores(_ table: StudyTable) -> Section {
        let rows = table.rows.map { row in
            let cells = row.scores.flatMap { score -> [Cell] in
                let deviation = score.deviation.map { " ± \(Format.fixed($0))" } ?? ""
                let interval = score.low.flatMap { low in score.high.map { range(low, $0, digits: 2) } }
                return [
                    Cell(Format.fixed(score.mean) + deviation, interval),
                    score.difference.map {
                        Cell(
                            Format.fixed($0.value) + ($0.isSignificant ? " *" : ""), range($0.low, $0.high, digits: 3))
                    } ?? Cell("–"),
                ]
            }
            return Row(name: row.setUp.title, cells: cells)
        }
        let differences = rows.isEmpty ? 0 : (rows.count - 1) * table.dimensions.count
        return Section(
            id: "scores", title: "CCC on \(table.split)",
            note:
                "Mean ± standard deviation between seeds, with the mean's 95 % interval; then its difference to the first row over the "
                + "same resamples, with that one's. An asterisk: the interval of the difference does not hold zero"
                + (differences > 1 ? "; of \(differences), one in twenty does not by chance alone. " : ". ")
                + "Resampled: "
                + "\(Format.counted(table.resampled.count, table.resampled.unit.rawValue))"
                + (table.resampled.isFew ? ", too few for an interval to be taken at its word." : ".")
                + (table.circumstances.isRandom ? " The encoder is random: none of this reproduces the paper." : ""),
            headers: ["set-up"] + table.dimensions.flatMap { [$0, "difference"] }, rows: rows)
    }

    // MARK: Break-even

    private static func payments(_ table: StudyTable) -> Section {
        let rows = table.payments.map { payment in
            Row(
                name: payment.setUp.title,
                cells: [
                    Cell(payment.cache.cut), Cell(stored(payment.cache)), Cell(Format.bytes(payment.cache.bytes)),
                    Cell(seconds(payment.cache.seconds)), Cell(Format.bytes(payment.cache.peakMemoryBytes)),
                    Cell(seconds(payment.uncachedSecondsPerEpoch)),
                    Cell(seconds(payment.cachedSecondsPerEpoch)),
                    Cell(payment.epochs.map(Format.count) ?? "never"), Cell(payment.runs.map(Format.count) ?? "never"),
                ])
        }
        return Section(
            id: "break-even", title: "When a cache has paid for itself",
            note:
                "Against the same set-up without it, training and scoring: after so many epochs, and after so many runs of the study's "
                + "length. In seconds."
                + (table.payments.contains { $0.cache.pool > 1 }
                    ? " Where rows are means of several frames, what their being fewer saves is in it, too." : ""),
            headers: [
                "set-up", "cut", "stored as", "on disk", "made in", "memory", "epoch without", "epoch with", "epochs",
                "runs",
            ], rows: rows)
    }

    // MARK: Words

    static func percent(_ share: Double) -> String { "\(Format.fixed(100 * share, 1)) %" }
    private static func times(_ factor: Double) -> String { "\(Format.fixed(factor, factor < 10 ? 2 : 1))×" }
    private static func decimal(_ value: Double) -> String {
        value == value.rounded() ? Format.fixed(value, 0) : Format.fixed(value, 1)
    }
    private static func seconds(_ value: Double) -> String {
        value < 1 ? Format.fixed(value, 3) : Format.fixed(value, value < 100 ? 1 : 0)
    }
    private static func range(_ low: Double, _ high: Double, digits: Int? = nil) -> String {
        digits.map { "\(Format.fixed(low, $0)) to \(Format.fixed(high, $0))" } ?? "\(seconds(low)) to \(seconds(high))"
    }
    private static func stored(_ cache: CacheCost) -> String {
        cache.store + (cache.pool > 1 ? ", means of \(cache.pool)" : "")
    }
    private static func published(_ row: StudyRow, _ quantity: PublishedFigure.Quantity) -> Cell {
        Cell(row.published(quantity).map { "\(Format.fixed(100 * $0.reduction, 0)) %" } ?? "")
    }
}
