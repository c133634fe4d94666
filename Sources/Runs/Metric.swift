/// How predictions are scored. The raw values are the names in configurations, results and tables.
public enum Metric: String, Sendable, CaseIterable {
    /// Concordance correlation coefficient, −1 to 1 (Lin 1989).
    case ccc
    /// Pearson's correlation coefficient, −1 to 1.
    case pearson
    /// Root mean square error, in the labels' own scale.
    case rmse
    /// Mean absolute error, in the labels' own scale.
    case mae

    /// Whether more is better; an error is better the less it is.
    public var isHigherBetter: Bool {
        switch self {
        case .ccc, .pearson: true
        case .rmse, .mae: false
        }
    }

    /// As people write it in a table.
    public var title: String {
        switch self {
        case .ccc: "CCC"
        case .pearson: "Pearson"
        case .rmse: "RMSE"
        case .mae: "MAE"
        }
    }
}
