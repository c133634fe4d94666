import Faults

/// Why a Parquet file, or one of its columns, was not read.
public enum ParquetError: Fault, Equatable {
    /// Not there, or not to be opened.
    case unreadable(path: String, reason: String)
    /// The file contradicts itself or the format: it is damaged, cut short, or no Parquet.
    case malformed(path: String, reason: String)
    /// Sound, as far as can be told, and of a sort that is not read here.
    case unsupported(path: String, reason: String)

    public var kind: FaultKind {
        switch self {
        case .unreadable: .missingInput
        case .malformed, .unsupported: .badInput
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .malformed(let path, let reason), .unsupported(let path, let reason): "\(path): \(reason)"
        }
    }

    init(_ flaw: Flaw, path: String, column: String? = nil) {
        let place = column.map { "column '\(printable($0))': " } ?? ""
        switch flaw {
        case .malformed(let reason): self = .malformed(path: path, reason: place + reason)
        case .unsupported(let reason): self = .unsupported(path: path, reason: place + reason)
        }
    }
}

/// What is wrong with some bytes, for those who do not know which file they are of.
enum Flaw: Error, Equatable {
    case malformed(String)
    case unsupported(String)
}
