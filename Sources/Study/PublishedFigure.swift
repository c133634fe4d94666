/// What Sampath, Tavernor and Mower Provost (ICASSP 2025) publish of a set-up against full finetuning in float32.
public struct PublishedFigure: Sendable, Equatable, Encodable {
    public enum Quantity: String, Sendable, Encodable {
        case time = "less_time"
        case parameters = "fewer_parameters"

        /// For people.
        public var title: String {
            switch self {
            case .time: "less time per epoch"
            case .parameters: "fewer trained parameters"
            }
        }
    }

    public let quantity: Quantity
    /// Of the full finetuning's, 0 to 1.
    public let reduction: Double
    /// Whether the figure is the same whatever the processor.
    public let transfers: Bool
    public let note: String

    private static let timeNote =
        "measured on a GPU, whose float32, mixed precision, memory and disk relate to one another otherwise than a "
        + "processor's: only what is measured here holds here"

    /// Of training the last three layers in mixed precision.
    public static let partial = PublishedFigure(
        quantity: .time, reduction: 0.67, transfers: false, note: timeNote)
    /// Likewise, from a cache.
    public static let cached = PublishedFigure(quantity: .time, reduction: 0.88, transfers: false, note: timeNote)
    public static let parameters = PublishedFigure(
        quantity: .parameters, reduction: 0.71, transfers: true,
        note:
            "a count, the same on any processor; it differs by the model, its heads, and what full finetuning is taken "
            + "to train")

    /// What is published of a set-up: nothing of its time where frames are pooled, which the paper does not do, nor where full
    /// finetuning, that everything is held against, is not in float32.
    public static func of(_ setUp: StudySetUp, baselineCompute: String = "float32") -> [PublishedFigure] {
        guard setUp.family == .top(layers: 3) else { return [] }
        guard setUp.compute == "bfloat16", !setUp.isPooled, baselineCompute == "float32" else { return [parameters] }
        return [setUp.isCached ? cached : partial, parameters]
    }
}

extension StudyTable {
    /// What is published, each with what was measured of the same. The count of parameters is there once: it is the same in every precision,
    /// with a cache and without.
    public var publishedAndMeasured: [(setUp: StudySetUp, figure: PublishedFigure, measured: Double)] {
        rows.flatMap { row in
            row.published.map { figure in
                (row.setUp, figure, figure.quantity == .time ? row.lessTime : row.fewerParameters)
            }
        }.filter { setUp, figure, _ in
            figure.quantity == .time || setUp.compute == rows[0].setUp.compute && !setUp.isCached
        }
    }
}
