import Faults
import Files
import Foundation

/// What can go wrong with a cache directory or one of its shards.
public enum StoreError: Fault, Equatable {
    /// A file or folder that should be there is not, or cannot be opened.
    case missing(path: String, detail: String)
    /// The file is there but is not an HDF5 file at all.
    case notHDF5(path: String)
    /// HDF5 refuses the file, or its contents contradict one another.
    case damaged(path: String, detail: String)
    /// The file was written by another version of Undertone's schema.
    case wrongSchema(path: String, found: Int, expected: Int)
    /// The file holds features that other settings gave; `reasons` says in words which.
    case wrongKey(path: String, reasons: [String])
    /// The file belongs elsewhere in its cache: another shard's number, or another count of shards.
    case wrongPlace(path: String, found: String, expected: String)
    /// Two caches that are to be opened as one hold different features; `reasons` says in words which.
    case notAlike(path: String, other: String, reasons: [String])
    /// `cache.json` cannot be understood at the key named.
    case description(path: String, key: String, detail: String)
    /// A finite value that the storage type cannot hold.
    case overflow(id: String, cut: String, magnitude: Float, storage: StorageFormat)
    /// Features that are infinite or not a number are never stored.
    case nonFinite(id: String, cut: String, row: Int, column: Int)
    /// The caller's rows do not have the shape announced.
    case shape(id: String, cut: String, detail: String)
    /// The same id twice in one cache.
    case duplicate(id: String, path: String)
    case unknownUtterance(id: String, path: String)
    case unknownCut(cut: String, path: String, has: [String])
    /// Output that cannot be written, a full disk included.
    case cannotWrite(path: String, detail: String)

    public var kind: FaultKind {
        switch self {
        case .missing: .missingInput
        case .notHDF5, .damaged, .wrongSchema, .wrongKey, .notAlike, .wrongPlace, .description, .overflow, .nonFinite,
            .duplicate,
            .unknownUtterance, .unknownCut:
            .badInput
        case .shape: .bug
        case .cannotWrite: .cannotWrite
        }
    }

    public var description: String {
        switch self {
        case .missing(let path, let detail):
            return "\(path): cannot be opened (\(detail)); expected a cache file, make it with undertone-cache"
        case .notHDF5(let path):
            return "\(path): not an HDF5 file; expected a shard written by undertone-cache, delete it and make it again"
        case .damaged(let path, let detail):
            return "\(path): damaged or cut short (\(detail)); delete it and run undertone-cache again"
        case .wrongSchema(let path, let found, let expected):
            return "\(path): schema \(found), but this version of Undertone reads schema \(expected); "
                + "make the cache again with this version"
        case .wrongKey(let path, let reasons):
            return "\(path): made with other settings (\(reasons.joined(separator: "; "))); "
                + "choose another folder, or delete this one"
        case .notAlike(let path, let other, let reasons):
            return "\(path): cannot be trained on together with \(other) (\(reasons.joined(separator: "; "))); "
                + "make both with the same model and settings"
        case .wrongPlace(let path, let found, let expected):
            return "\(path): is \(found), expected \(expected); choose another folder, or delete this one"
        case .description(let path, let key, let detail):
            return "\(path): key '\(key)': \(detail); run undertone-cache again to rewrite it"
        case .overflow(let id, let cut, let magnitude, let storage):
            let others = storage == .float16 ? "bfloat16, int8 or float32" : "int8 or float32"
            return "utterance '\(id)', cut \(cut): a magnitude of \(String(format: "%g", magnitude)) is beyond "
                + "\(storage.rawValue), which ends at \(String(format: "%g", storage.largestMagnitude)); choose --store "
                + "\(others), and another --out or delete this folder: the storage is part of the cache's key"
        case .nonFinite(let id, let cut, let row, let column):
            return "utterance '\(id)', cut \(cut): frame \(row), channel \(column) is infinite or not a number; "
                + "features must be finite, check the model's weights or use --compute float32"
        case .shape(let id, let cut, let detail):
            return "utterance '\(id)', cut \(cut): \(detail)"
        case .duplicate(let id, let path):
            return "\(path): utterance '\(id)' is there twice; ids must be unique"
        case .unknownUtterance(let id, let path):
            return "\(path): no utterance '\(id)'; run undertone-cache with the corpus that has it"
        case .unknownCut(let cut, let path, let has):
            return "\(path): no cut \(cut), it has \(has.joined(separator: ", ")); "
                + "run undertone-cache with --cut \(cut) into another folder"
        case .cannotWrite(let path, let detail):
            return
                "\(path): cannot be written (\(detail)); check space and permissions, then run the same command again"
        }
    }
}

extension StoreError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, detail: failure.reason) }
}
