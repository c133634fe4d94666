/// What a column's values mean.
public enum ColumnKind: Sendable, Equatable {
    case boolean
    case integer
    /// Single precision.
    case float
    /// Double precision.
    case double
    case text
    /// Days since 1970-01-01.
    case date
    /// So many units since 1970-01-01 00:00.
    case timestamp(TimeUnit)
    /// So many units. Parquet knows no such thing: Arrow's own schema says so.
    case duration(TimeUnit)
}

public enum TimeUnit: Int, Sendable {
    case seconds, milliseconds, microseconds, nanoseconds

    public var perSecond: Int64 {
        switch self {
        case .seconds: 1
        case .milliseconds: 1000
        case .microseconds: 1_000_000
        case .nanoseconds: 1_000_000_000
        }
    }
}

/// A column's values from the first row to the last; nil where there is none.
public enum ColumnValues: Sendable, Equatable {
    case booleans([Bool?])
    /// Integers, dates, timestamps and durations.
    case integers([Int64?])
    case floats([Float?])
    case doubles([Double?])
    case texts([String?])

    public var count: Int {
        switch self {
        case .booleans(let values): values.count
        case .integers(let values): values.count
        case .floats(let values): values.count
        case .doubles(let values): values.count
        case .texts(let values): values.count
        }
    }
}
